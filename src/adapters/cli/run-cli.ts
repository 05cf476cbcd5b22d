// Runs one command line: parses it, lets the command work, prints its one answer or the one
// sentence that says why there is none, and tells the exit code: 0 done, 1 failed, 2 asked or
// configured wrongly.

import { CommanderError } from 'commander';
import type { Answer, Cli, Surroundings } from './cli.ts';
import { commandTree } from './commands.ts';
import { reportOf } from './faults.ts';
import { frenchUsageFault } from './french-help.ts';
import { fr } from './layout.ts';
import { allowClosedPipes, commandOutput, type Output } from './output.ts';

/** Does what `argv` (without node and script) asks. Returns the exit code; never throws. */
export async function runCli(argv: readonly string[], around: Surroundings): Promise<number> {
  const output = commandOutput(asksForJson(argv));
  const fail = (error: unknown): number => {
    const { sentence, faults, exitCode } = reportOf(error);
    output.complain(sentence, faults);
    const wantsStack = around.logLevel === 'debug' || around.logLevel === 'trace';
    if (wantsStack && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    return exitCode;
  };
  allowClosedPipes();
  const cli: Cli = {
    ...around,
    ...output,
    async log() {
      const { createLog } = await import('#adapters/logging.ts');
      return createLog({ level: around.logLevel ?? 'silent', readable: false, to: 'stderr' });
    },
    onCrash: watchCrashes(fail),
  };

  let answer: Answer | null = null;
  let helpText = '';
  const tree = commandTree(cli, {
    onAnswer: (given) => {
      answer = given;
    },
    writeOut: (text) => {
      if (output.isJson) helpText += text;
      else process.stdout.write(text);
    },
    writeErr: (text) => void (output.isJson || process.stderr.write(text)),
  });
  try {
    await tree.parseAsync(argv, { from: 'user' });
  } catch (error) {
    return error instanceof CommanderError ? notRun(error, output, helpText) : fail(error);
  }
  const given = answer as Answer | null;
  if (given) output.print(given);
  return given?.isFailure ? 1 : 0;
}

// After `--` everything is an argument.
function asksForJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return (end === -1 ? argv : argv.slice(0, end)).includes('--json');
}

/** No command was run: help or version was asked for, or the command line is wrong. */
function notRun(error: CommanderError, output: Output, helpText: string): 0 | 2 {
  if (error.exitCode === 0) {
    const name = error.code === 'commander.version' ? 'version' : 'help';
    output.print({ json: { [name]: helpText.trim() }, text: '' });
    return 0;
  }
  // With « commander.help » the help itself has said that a command is missing.
  if (error.code !== 'commander.help') output.complain(frenchUsageFault(error.message));
  else if (output.isJson) output.complain(fr`Il manque une commande : voyez l’aide avec --help.`);
  return 2;
}

/** Ends the process with 1 after an error that nobody caught. Returns what changes the report. */
function watchCrashes(report: (error: unknown) => void): Cli['onCrash'] {
  let current: Parameters<Cli['onCrash']>[0] = report;
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, async (error: unknown) => {
      try {
        await current(error);
      } finally {
        process.exit(1);
      }
    });
  }
  return (next) => {
    current = next;
  };
}
