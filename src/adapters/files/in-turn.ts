// Work on the same key, one after the other within this process; work on other keys beside it. For
// stores that cannot refuse a second writer by themselves.

/** Runs `work` when all earlier work on that key has ended, well or badly. */
export function inTurn(): <T>(key: string, work: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<unknown>>();
  return async (key, work) => {
    const before = last.get(key) ?? Promise.resolve();
    const mine = before.then(work, work);
    const quiet = mine.catch(() => undefined);
    last.set(key, quiet);
    try {
      return await mine;
    } finally {
      if (last.get(key) === quiet) last.delete(key);
    }
  };
}
