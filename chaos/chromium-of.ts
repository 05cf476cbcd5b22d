// Finds the browsers that a worker has launched, by looking at Linux's table of processes: the
// program says nothing of them, and a chaos test asks nobody for permission.

import { readdir, readFile } from 'node:fs/promises';

type Found = { readonly pid: number; readonly parent: number; readonly words: readonly string[] };

/** Pids of the browser processes (not their helpers) that descend from `pid`. */
export async function browsersOf(pid: number): Promise<readonly number[]> {
  const all = await processes();
  const family = new Set([pid]);
  // A child has a higher number than its parent except when numbers wrap: look twice.
  for (const it of [...all, ...all]) if (family.has(it.parent)) family.add(it.pid);
  const isBrowser = ({ words }: Found) =>
    words.some((word) => word.startsWith('--headless')) &&
    !words.some((word) => word.startsWith('--type='));
  return all
    .filter((it) => it.pid !== pid && family.has(it.pid) && isBrowser(it))
    .map((it) => it.pid);
}

async function processes(): Promise<readonly Found[]> {
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(names.map((name) => look(Number(name))));
  return found.filter((it) => it !== null);
}

async function look(pid: number): Promise<Found | null> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in brackets and may hold anything.
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0');
    return { pid, parent, words };
  } catch {
    return null; // it has ended meanwhile
  }
}
