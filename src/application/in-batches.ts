// One commit for many: while a batch is under way, what comes waits and is the next batch. Under load
// the database so writes its log once for a dozen, and what comes alone waits for nobody. A batch that
// fails is worked again one by one, so that nobody fails for another's fault.

export type BatchLimits = {
  readonly most: number;
  /** From the beginning of one batch to that of the next, at least; what comes alone never waits. */
  readonly apartMs: number;
};

/**
 * A worker for single items whose work is done in batches, one at a time. `work` answers in the order
 * of its items and leaves nothing behind when it throws.
 */
export function inBatches<I, O>(
  work: (items: readonly I[]) => Promise<readonly O[]>,
  { most, apartMs }: BatchLimits,
): (item: I) => Promise<O> {
  type Waiting = { readonly item: I; readonly answer: PromiseWithResolvers<O> };
  const waiting: Waiting[] = [];
  let begunAt = Number.NEGATIVE_INFINITY;
  let isUnderWay = false;

  // Whatever else falls due in this turn of the event loop comes along.
  function later(): void {
    const waitMs = begunAt + apartMs - performance.now();
    if (waitMs > 0 && waiting.length < most) setTimeout(next, waitMs);
    else setImmediate(next);
  }

  async function next(): Promise<void> {
    begunAt = performance.now();
    await batch(waiting.splice(0, most));
    isUnderWay = waiting.length > 0;
    if (isUnderWay) later();
  }

  async function batch(taken: readonly Waiting[]): Promise<void> {
    try {
      const answers = await work(taken.map(({ item }) => item));
      for (const [at, { answer }] of taken.entries()) answer.resolve(answers[at] as O);
    } catch (error) {
      if (taken.length === 1) taken[0]?.answer.reject(error);
      else await Promise.all(taken.map((it) => batch([it])));
    }
  }

  return (item) => {
    const answer = Promise.withResolvers<O>();
    waiting.push({ item, answer });
    if (!isUnderWay) {
      isUnderWay = true;
      later();
    }
    return answer.promise;
  };
}
