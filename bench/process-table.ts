// Who used the processor and who holds memory, by Linux's own books: each process of a tree with the
// part it plays (program, Chromium, PostgreSQL). A rate says how fast, this says where the time went.

import { readdir, readFile } from 'node:fs/promises';

/** `program` is the tree's own root process, whatever runs there. */
export type Part = 'program' | 'chromium' | 'postgres' | 'other';

export type Seen = {
  readonly pid: number;
  readonly parent: number;
  readonly part: Part;
  /** User and system time since its start, in ms; in steps of 10. */
  readonly cpuMs: number;
  /** The same of its children that have ended. */
  readonly goneMs: number;
};

/** Linux counts in hundredths of a second on every machine that Node runs on. */
const TICK_MS = 10;

/** The process and all that descend from it. Empty when it is gone. */
export async function treeOf(root: number): Promise<readonly Seen[]> {
  const all = await processes(root);
  const family = new Set([root]);
  // A child has a higher number than its parent except when numbers wrap: look twice.
  for (const it of [...all, ...all]) if (family.has(it.parent)) family.add(it.pid);
  return all.filter((it) => family.has(it.pid));
}

/** ms of processor by part. Children of the root that have ended count as the root's part. */
export function cpuByPart(tree: readonly Seen[]): ReadonlyMap<Part, number> {
  const sums = new Map<Part, number>();
  for (const { part, cpuMs, goneMs } of tree) {
    sums.set(part, (sums.get(part) ?? 0) + cpuMs + goneMs);
  }
  return sums;
}

/** MB by part. PSS: shared pages are divided among those who share them, so that parts add up. */
export async function memoryByPart(tree: readonly Seen[]): Promise<ReadonlyMap<Part, number>> {
  const sums = new Map<Part, number>();
  for (const { pid, part } of tree) {
    sums.set(part, (sums.get(part) ?? 0) + (await pssMb(pid)));
  }
  return sums;
}

async function pssMb(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
  return Number(/^Pss:\s+(\d+)/m.exec(text)?.[1] ?? 0) / 1024;
}

async function processes(root: number): Promise<readonly Seen[]> {
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(names.map((name) => look(Number(name), root)));
  return found.filter((it) => it !== null);
}

async function look(pid: number, root: number): Promise<Seen | null> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in brackets and may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8');
    const ticks = (at: number) => Number(fields[at] ?? 0);
    return {
      pid,
      parent: ticks(1),
      part: partOf(command, pid === root),
      cpuMs: (ticks(11) + ticks(12)) * TICK_MS,
      goneMs: (ticks(13) + ticks(14)) * TICK_MS,
    };
  } catch {
    return null; // it has ended meanwhile
  }
}

function partOf(command: string, isRoot: boolean): Part {
  if (/postgres/.test(command.slice(0, 200))) return 'postgres';
  if (/--headless|--type=/.test(command)) return 'chromium';
  return isRoot ? 'program' : 'other';
}
