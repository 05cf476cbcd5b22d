// One reading of the tables for all who look at about the same time: ten open pages that hear of
// the same order ask once. A reading is used again for a moment, and no longer than until something
// is told that it cannot know of yet.

export type SharedReading<T> = () => Promise<T>;

/**
 * `read` as a question that many may ask. An answer serves for `lastsMs` while `place` (what the
 * live feed has told) stays the same; readings begin `leastMs` apart. With `mayBeOld` the answer
 * before is given while a new one is made, and places are not looked at: for what moves slowly and
 * costs more.
 */
export function sharedReading<T>(
  read: () => Promise<T>,
  how: {
    readonly lastsMs: () => number;
    readonly leastMs?: number;
    readonly place?: () => string;
    readonly mayBeOld?: boolean;
  },
): SharedReading<T> {
  const { lastsMs, leastMs = 0, place = () => '', mayBeOld = false } = how;
  let last: { readonly answer: T; readonly at: number; readonly place: string } | null = null;
  let under: { readonly answer: Promise<T>; readonly place: string } | null = null;
  let beganAt = Number.NEGATIVE_INFINITY;

  async function begin(): Promise<T> {
    const wait = beganAt + leastMs - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    beganAt = performance.now();
    const at = beganAt;
    const from = place();
    const answer = await read();
    last = { answer, at, place: from };
    return answer;
  }

  function start(): Promise<T> {
    const answer = begin().finally(() => {
      under = null;
    });
    under = { answer, place: place() };
    return answer;
  }

  return async function ask(): Promise<T> {
    const isFresh = last !== null && performance.now() - last.at < lastsMs();
    if (mayBeOld) {
      if (last && isFresh) return last.answer;
      const reading = under?.answer ?? start();
      if (!last) return reading;
      reading.catch(() => {}); // the next one asks again
      return last.answer;
    }
    const here = place();
    if (last && isFresh && last.place === here) return last.answer;
    if (!under) return start();
    if (under.place === here) return under.answer;
    // What was told since that one began is in the next.
    await under.answer.catch(() => {});
    return ask();
  };
}
