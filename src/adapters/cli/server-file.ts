// `<DATA_DIR>/server.json`: where the program that runs on this data listens, for commands that want
// to talk to it. A file can outlive its program, so a reader believes it only when the program
// answers; and a program takes back only what it wrote itself.

import { randomUUID } from 'node:crypto';
import { readFileSync, unlinkSync } from 'node:fs';
import { readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export type ServerNote = { readonly url: string; readonly pid: number };

const FILE = 'server.json';
const ANSWER_MS = 2_000;

/** Writes the note (mode 0600), whole or not at all. Returns what takes it back, at any time. */
export async function writeServerNote(dataDir: string, note: ServerNote): Promise<() => void> {
  const file = join(dataDir, FILE);
  const temporary = `${file}.${randomUUID()}.tmp`;
  const text = `${JSON.stringify(note)}\n`;
  await writeFile(temporary, text, { mode: 0o600 });
  try {
    await rename(temporary, file);
  } catch (error) {
    await unlink(temporary);
    throw error;
  }
  // Synchronous, since the last chance to do it is the process' `exit` event.
  return () => {
    try {
      if (readFileSync(file, 'utf8') === text) unlinkSync(file);
    } catch {
      // It is gone, or the folder is: nothing is left to take back.
    }
  };
}

/** The program that runs on this data and answers, or null. */
export async function livingServer(dataDir: string): Promise<ServerNote | null> {
  const note = await readNote(join(dataDir, FILE));
  if (!note) return null;
  try {
    const signal = AbortSignal.timeout(ANSWER_MS);
    const answer = await fetch(`${note.url}/health/live`, { signal });
    return answer.ok ? note : null;
  } catch {
    return null;
  }
}

async function readNote(file: string): Promise<ServerNote | null> {
  try {
    const { url, pid } = JSON.parse(await readFile(file, 'utf8')) as Partial<ServerNote>;
    return typeof url === 'string' && typeof pid === 'number' ? { url, pid } : null;
  } catch {
    return null;
  }
}
