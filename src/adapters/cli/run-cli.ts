// Runs one command line: parses it, lets the command work, prints its one answer or the one
// sentence that says why there is none, and tells the exit code: 0 done, 1 failed, 2 asked or
// configured wrongly. Nothing else in the program writes to stdout.

import { CommanderError } from 'commander';
import type { Answer, Cli, Surroundings } from './cli.ts';
import { commandTree } from './commands.ts';
import { reportOf } from './faults.ts';
import { frenchUsageFault } from './french-help.ts';
import { fr } from './layout.ts';

/** Does what `argv` (without node and script) asks. Returns the exit code; never throws. */
export async function runCli(argv: readonly string[], around: Surroundings): Promise<number> {
  const isJson = asksForJson(argv);
  const wantsStack = around.logLevel === 'debug' || around.logLevel === 'trace';
  let printed = false;
  let helpText = '';

  const print = ({ json, text }: Pick<Answer, 'json' | 'text'>): void => {
    if (printed) return;
    printed = true;
    const output = isJson ? JSON.stringify(json, null, 2) : text;
    if (output !== '') process.stdout.write(`${output}\n`);
  };
  const complain = (sentence: string, faults: readonly string[] = []): void => {
    if (isJson)
      print({ json: { error: sentence, ...(faults.length > 0 && { faults }) }, text: '' });
    else process.stderr.write(`${sentence}\n`);
  };
  const fail = (error: unknown): number => {
    const { sentence, faults, exitCode } = reportOf(error);
    complain(sentence, faults);
    if (wantsStack && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    return exitCode;
  };
  let crash = (error: unknown): void => void fail(error);
  const cli: Cli = {
    ...around,
    isJson,
    say: (text) => void (isJson || process.stdout.write(`${text}\n`)),
    remark: (text) => void (isJson || process.stderr.write(`${text}\n`)),
    print,
    async log() {
      const { createLog } = await import('#adapters/logging.ts');
      return createLog({ level: around.logLevel ?? 'silent', readable: false, to: 'stderr' });
    },
    onCrash: (report) => {
      crash = report;
    },
  };

  watchOutput();
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      crash(error);
      process.exit(1);
    });
  }
  let answer: Answer | null = null;
  const tree = commandTree(cli, {
    onAnswer: (given) => {
      answer = given;
    },
    writeOut: (text) => {
      if (isJson) helpText += text;
      else process.stdout.write(text);
    },
    writeErr: (text) => void (isJson || process.stderr.write(text)),
  });
  try {
    await tree.parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) return fail(error);
    if (error.exitCode === 0) {
      const name = error.code === 'commander.version' ? 'version' : 'help';
      print({ json: { [name]: helpText.trim() }, text: '' });
      return 0;
    }
    // With « commander.help » the help itself has said that a command is missing.
    if (error.code !== 'commander.help') complain(frenchUsageFault(error.message));
    else if (isJson) complain(fr`Il manque une commande : voyez l’aide avec --help.`);
    return 2;
  }
  const given = answer as Answer | null;
  if (given) print(given);
  return given?.isFailure ? 1 : 0;
}

// After `--` everything is an argument.
function asksForJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return (end === -1 ? argv : argv.slice(0, end)).includes('--json');
}

// « comptappart orders list | head -1 » closes the pipe early: no fault of anybody's.
function watchOutput(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}
