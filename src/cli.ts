#!/usr/bin/env node
// The program's only entry: joins the command line to the configuration and to the program behind
// it, both loaded when a command needs them. It is the only file that hands out the environment.

import { runByNewerNode } from '#adapters/cli/node-version.ts';

const argv = process.argv.slice(2);
const code = (await runByNewerNode(process.argv.slice(1))) ?? (await main());
// What is still open by now (a keep-alive socket, a pool's timer) must not hold the process.
process.exit(code);

async function main(): Promise<number> {
  const [{ runCli }, { parseConfig }, { default: manifest }] = await Promise.all([
    import('#adapters/cli/run-cli.ts'),
    import('./config.ts'),
    import('../package.json', { with: { type: 'json' } }),
  ]);
  return runCli(argv, {
    version: manifest.version,
    logLevel: process.env.LOG_LEVEL || undefined,
    configure() {
      const config = parseConfig(process.env);
      return {
        config,
        async start(roles, log, changes) {
          const { startProgram } = await import('./program.ts');
          return startProgram({ ...config, ...changes }, roles, log);
        },
      };
    },
  });
}
