// Secrets typed by a person: from a pipe, or at a prompt that echoes nothing. Never as an argument,
// which every user of the machine can read in the list of processes.

import { text } from 'node:stream/consumers';
import { Fault } from './faults.ts';
import { fr } from './layout.ts';

const ABANDONED = fr`Abandonné : rien n’a été fait.`;
const CTRL_C = '\u0003';
const CTRL_D = '\u0004';
const CTRL_U = '\u0015';

/** Everything on stdin, without the line end that `echo` adds. */
export async function readStdin(): Promise<string> {
  return (await text(process.stdin)).replace(/\r?\n$/, '');
}

/** Asks on stderr, so that stdout stays the answer's, and shows nothing of what is typed. */
export async function promptHidden(question: string): Promise<string> {
  const { stdin, stderr } = process;
  stderr.write(question);
  stdin.setRawMode(true);
  stdin.setEncoding('utf8');
  try {
    let typed = '';
    for await (const chunk of stdin.iterator({ destroyOnReturn: false })) {
      for (const key of chunk as string) {
        if (key === '\r' || key === '\n') return typed;
        if (key === CTRL_C || key === CTRL_D) throw new Fault(ABANDONED);
        if (key === CTRL_U) typed = '';
        else if (key === '\u007f' || key === '\b') typed = typed.slice(0, -1);
        else if (key >= ' ') typed += key;
      }
    }
    throw new Fault(ABANDONED);
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
    stderr.write('\n');
  }
}
