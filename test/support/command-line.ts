// The real command line as a child process: what an operator or a script sees of it, which is its
// two outputs and its exit code.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

export const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));

export type Ran = {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
};

export type Changes = {
  /** Added to the environment; undefined takes a variable away. */
  readonly env?: NodeJS.ProcessEnv;
  readonly stdin?: string;
};

export type CommandLine = {
  /** Runs a command to its end. */
  run(args: readonly string[], changes?: Changes): Promise<Ran>;
  /** The document that the command printed with `--json`: the whole of stdout, and nothing else. */
  json<T>(args: readonly string[], changes?: Changes): Promise<Ran & { readonly document: T }>;
  /** Starts a command that goes on, in a process group of its own. */
  start(args: readonly string[], changes?: Changes): ChildProcess;
};

/** The command line in an environment that holds nothing but `env`, PATH and HOME. */
export function commandLine(env: NodeJS.ProcessEnv): CommandLine {
  const { PATH, HOME } = process.env;

  function start(args: readonly string[], changes: Changes = {}): ChildProcess {
    return spawn(process.execPath, [CLI, ...args], {
      env: { PATH, HOME, ...env, ...changes.env },
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    });
  }

  async function run(args: readonly string[], changes: Changes = {}): Promise<Ran> {
    const child = start(args, changes);
    const { stdin, stdout, stderr } = child;
    if (!stdin || !stdout || !stderr) throw new Error('the child has no pipes');
    stdin.on('error', () => {}); // a command that reads nothing may be gone already
    stdin.end(changes.stdin ?? '');
    const [out, err, [code]] = await Promise.all([
      text(stdout),
      text(stderr),
      once(child, 'close'),
    ]);
    return { code: code as number | null, stdout: out, stderr: err };
  }

  return {
    start,
    run,
    async json<T>(args: readonly string[], changes: Changes = {}) {
      const ran = await run([...args, '--json'], changes);
      return { ...ran, document: JSON.parse(ran.stdout) as T };
    },
  };
}
