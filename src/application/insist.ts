// Recording what has happened outside must not fail because the database is away for a moment: what
// was sent was sent, and an attempt whose result is lost has to be made again.

/** From the first try on, in ms: longer than a database takes to restart, shorter than a lease. */
const FOR_MS = 60_000;
const PAUSE_MS = 100;
const PAUSE_MAX_MS = 2_000;

/** The work's result; tried again for a minute while it throws, then throws its last error. */
export async function insist<T>(work: () => Promise<T>): Promise<T> {
  const end = performance.now() + FOR_MS;
  for (let pauseMs = PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, PAUSE_MAX_MS)) {
    try {
      return await work();
    } catch (error) {
      if (performance.now() + pauseMs > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}
