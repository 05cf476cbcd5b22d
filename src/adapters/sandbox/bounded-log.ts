// What the sandbox wants to show again after a restart (purchases, requests to the demo partner):
// one JSON line each in a file that only grows, and the newest of them in memory. It is a log to
// look at and no book: a line that a crash cut short is left out, and what is old is forgotten.

import {
  appendFileSync,
  closeSync,
  existsSync,
  fstatSync,
  openSync,
  readSync,
  truncateSync,
} from 'node:fs';

export type BoundedLog<T> = {
  append(entry: T): void;
  /** Newest first; at most as many as are kept. */
  newest(): readonly T[];
};

/** No more of the file is read at the start: old lines are of no interest. */
const TAIL_BYTES = 4 * 1024 * 1024;

/** Keeps the last `keep` entries of `file`, which need not exist; its folder must. */
export function boundedLog<T>(file: string, keep: number): BoundedLog<T> {
  let entries = lastEntries<T>(file).slice(-keep).reverse();
  return {
    append(entry) {
      appendFileSync(file, `${JSON.stringify(entry)}\n`, { mode: 0o600 });
      entries = [entry, ...entries].slice(0, keep);
    },
    newest: () => entries,
  };
}

function lastEntries<T>(file: string): T[] {
  if (!existsSync(file)) return [];
  const { bytes, from } = tail(file);
  const end = bytes.lastIndexOf(0x0a) + 1;
  if (end < bytes.length) truncateSync(file, from + end);
  const lines = bytes.subarray(0, end).toString('utf8').split('\n');
  // The first line may have lost its beginning to the cut.
  return lines.slice(from === 0 ? 0 : 1).flatMap((line) => entryOf<T>(line));
}

function tail(file: string): { readonly bytes: Buffer; readonly from: number } {
  const handle = openSync(file, 'r');
  try {
    const { size } = fstatSync(handle);
    const from = Math.max(0, size - TAIL_BYTES);
    const buffer = Buffer.alloc(size - from);
    return { bytes: buffer.subarray(0, readSync(handle, buffer, 0, buffer.length, from)), from };
  } finally {
    closeSync(handle);
  }
}

function entryOf<T>(line: string): T[] {
  try {
    return line === '' ? [] : [JSON.parse(line) as T];
  } catch {
    return [];
  }
}
