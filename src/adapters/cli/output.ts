// The two outputs of a command and who may write to them. Stdout carries the answer alone, once:
// under `--json` it is one document, whatever happens; remarks, complaints and the log go to stderr.

import type { Answer } from './cli.ts';

export type Output = {
  readonly isJson: boolean;
  /** Prints the answer, or nothing when one was printed already. */
  readonly print: (answer: Pick<Answer, 'json' | 'text'>) => void;
  /** Says why there is no answer. */
  readonly complain: (sentence: string, faults?: readonly string[]) => void;
  /** For people while the work goes on; silent under `--json`. */
  readonly say: (text: string) => void;
  readonly remark: (text: string) => void;
};

export function commandOutput(isJson: boolean): Output {
  let isPrinted = false;
  const print: Output['print'] = ({ json, text }) => {
    if (isPrinted) return;
    isPrinted = true;
    const output = isJson ? JSON.stringify(json, null, 2) : text;
    if (output !== '') process.stdout.write(`${output}\n`);
  };
  return {
    isJson,
    print,
    complain(sentence, faults = []) {
      if (isJson) print({ json: { error: sentence, ...(faults.length && { faults }) }, text: '' });
      else process.stderr.write(`${sentence}\n`);
    },
    say: (text) => void (isJson || process.stdout.write(`${text}\n`)),
    remark: (text) => void (isJson || process.stderr.write(`${text}\n`)),
  };
}

/** « comptappart orders list | head -1 » closes the pipe early: no fault of anybody's. */
export function allowClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}
