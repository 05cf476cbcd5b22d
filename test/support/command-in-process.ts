// A command parsed and run inside the test's own process: the same tree, configuration and answers as
// the command line's, without half a second of starting Node for each. What a process adds (outputs,
// exit) is tested with command-line.ts.

import type { Answer, Cli } from '#adapters/cli/cli.ts';
import { commandTree } from '#adapters/cli/commands.ts';
import { reportOf } from '#adapters/cli/faults.ts';
import { parseConfig } from '#src/config.ts';

export type Told = {
  readonly code: 0 | 1 | 2;
  /** The answer's document; empty after a fault. */
  // biome-ignore lint/suspicious/noExplicitAny: each command has its own
  readonly json: any;
  /** The answer for people, or the sentence that says why there is none. */
  readonly text: string;
};

/** Runs commands in an environment that holds nothing but `env`. */
export function commandInProcess(env: Readonly<Record<string, string>>) {
  return async (args: readonly string[], changes: typeof env = {}): Promise<Told> => {
    let answer: Answer | null = null;
    const cli: Cli = {
      version: '0',
      logLevel: undefined,
      isJson: true,
      configure: () => ({
        config: parseConfig({ ...env, ...changes }),
        start: () => Promise.reject(new Error('no program in a test')),
      }),
      say: () => {},
      remark: () => {},
      print: () => {},
      log: () => Promise.reject(new Error('no log in a test')),
      onCrash: () => {},
    };
    const silent = { writeOut: () => {}, writeErr: () => {} };
    const tree = commandTree(cli, { ...silent, onAnswer: (given) => (answer = given) });
    try {
      await tree.parseAsync(args, { from: 'user' });
    } catch (error) {
      const { exitCode, sentence } = reportOf(error);
      const isUsage = (error as { code?: string }).code?.startsWith('commander.') ?? false;
      return { code: isUsage ? 2 : exitCode, json: {}, text: sentence };
    }
    const given = answer as Answer | null;
    return { code: given?.isFailure ? 1 : 0, json: given?.json ?? {}, text: given?.text ?? '' };
  };
}
