// An end to requests of the AWS SDK. Its own timeouts and signals end a request that was begun; the
// search for keys before it (a machine's role, another service that lends them) and an answer's
// body after it have none, and a lease on our side runs out meanwhile.

/** The work's outcome, or the signal's reason when that comes first. */
export async function boundBy<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const end = (): void => reject(signal.reason);
  signal.addEventListener('abort', end, { once: true });
  try {
    return await Promise.race([work, ended]);
  } finally {
    signal.removeEventListener('abort', end);
  }
}
