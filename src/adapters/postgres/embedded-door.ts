// One program at a time may look at the embedded server and decide to start, join or end it; the
// others wait at this door. It is a file made with O_EXCL that names its holder, because Node has
// no file locks. A holder that died is recognised by its process id and, on Linux, by the moment
// its process began, since containers give the same few ids again and again.

import { randomUUID } from 'node:crypto';
import { link, readFile, rename, stat, unlink, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

type Holder = { readonly pid: number; readonly began: string; readonly token: string };

const lookAgainMs = 50;
// Nobody stays longer than the 30 s limit of a start; only where `began` is unknown does age count.
const staleAfterMs = 60_000;
// Between making the file and writing the name lies a moment.
const namelessAfterMs = 5_000;

/**
 * Runs `work` while nobody else is inside. Throws one sentence when the door stays shut until
 * `deadline` (epoch milliseconds), and whatever `work` throws.
 */
export const passDoor = async <T>(
  path: string,
  deadline: number,
  work: () => Promise<T>,
): Promise<T> => {
  const token = randomUUID();
  await enter(path, deadline, token);
  try {
    return await work();
  } finally {
    if ((await readHolder(path))?.token === token) await unlink(path);
  }
};

const enter = async (path: string, deadline: number, token: string): Promise<void> => {
  const me: Holder = { pid: process.pid, began: await beginningOf(process.pid), token };
  for (;;) {
    try {
      await writeFile(path, JSON.stringify(me), { flag: 'wx', mode: 0o600 });
      return;
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') {
        throw new Error(`Cannot write ${path} (${(cause as Error).message}).`, { cause });
      }
    }
    const holder = await readHolder(path);
    if (await isStale(path, holder)) await removeStale(path, holder);
    else if (Date.now() > deadline) {
      throw new Error(
        `Another ComptAppart (pid ${holder?.pid ?? 'unknown'}) is starting or waiting and holds ` +
          `${path}. Stop it, or remove that file.`,
      );
    } else await delay(lookAgainMs);
  }
};

const readHolder = async (path: string): Promise<Holder | undefined> => {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Holder;
  } catch {
    return undefined;
  }
};

const isStale = async (path: string, holder: Holder | undefined): Promise<boolean> => {
  const file = await stat(path).catch(() => undefined);
  if (!file) return false;
  const ageMs = Date.now() - file.mtimeMs;
  if (!holder) return ageMs > namelessAfterMs;
  if (!isAlive(holder.pid)) return true;
  const began = await beginningOf(holder.pid);
  return began === '' || holder.began === '' ? ageMs > staleAfterMs : began !== holder.began;
};

// Two programs may find the same stale file. Renaming shows which file one really took: if it is
// a fresh one of somebody who was quicker, it goes back.
const removeStale = async (path: string, stale: Holder | undefined): Promise<void> => {
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch {
    return;
  }
  const taken = await readHolder(aside);
  if (taken?.token !== stale?.token) await link(aside, path).catch(() => {});
  await unlink(aside);
};

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

/** Clock ticks from boot to the birth of a process; empty where /proc does not tell. */
const beginningOf = async (pid: number): Promise<string> => {
  const line = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The second field is the program's name in brackets and may hold spaces and brackets.
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  // A zombie is dead already, only its parent has not looked yet.
  return fields[0] === 'Z' ? 'ended' : (fields[19] ?? '');
};
