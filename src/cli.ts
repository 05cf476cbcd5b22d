#!/usr/bin/env node
// The program's only entry: joins the command line to the configuration and to the program behind
// it, both loaded when a command needs them. It is the only file that hands out the environment.

import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';
import { runByNewerNode } from '#adapters/cli/node-version.ts';
import { noTelemetry, type Telemetry } from '#adapters/telemetry/telemetry.ts';
import { telemetryWish } from './telemetry-env.ts';

const code = (await runByNewerNode(process.argv.slice(1))) ?? (await main(process.argv.slice(2)));
// What is still open by now (a keep-alive socket, a pool's timer) must not hold the process.
process.exit(code);

async function main(argv: readonly string[]): Promise<number> {
  // Halves what a command spends on loading. Not in /tmp, where others could plant code for us;
  // without the right to write there, Node simply does without.
  const cache = new URL('../node_modules/.cache/comptappart/node', import.meta.url);
  enableCompileCache(fileURLToPath(cache));
  const telemetry = await startTelemetry(argv);
  const [{ runCli }, { parseConfig }, { default: manifest }] = await Promise.all([
    import('#adapters/cli/run-cli.ts'),
    import('./config.ts'),
    import('../package.json', { with: { type: 'json' } }),
  ]);
  const exitCode = await runCli(argv, {
    version: manifest.version,
    logLevel: process.env.LOG_LEVEL || undefined,
    logFields: telemetry.logFields,
    configure() {
      const config = parseConfig(process.env);
      return {
        config,
        async start(roles, log, changes) {
          const { startProgram } = await import('./program.ts');
          return startProgram({ ...config, ...changes }, roles, log, telemetry);
        },
      };
    },
  });
  await telemetry.close();
  return exitCode;
}

// Before anything else is loaded, since what it watches must be loaded after it; and only for the
// programs that run for long.
async function startTelemetry(argv: readonly string[]): Promise<Telemetry> {
  const isProgram = ['serve', 'web', 'worker'].includes(argv.find((it) => it[0] !== '-') ?? '');
  const wish = isProgram ? telemetryWish(process.env) : null;
  if (wish === null) return noTelemetry;
  const started = await import('#adapters/telemetry/start-telemetry.ts');
  return started.startTelemetry(wish);
}
