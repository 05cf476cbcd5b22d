// How a program is told to end. Ctrl-C under npm arrives twice within a millisecond (from the
// terminal and from npm), so a second signal means impatience only after a second has passed.

const ENDING: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT', 'SIGHUP'];
const ECHO_MS = 1_000;

/**
 * Resolves at the first SIGTERM, SIGINT or SIGHUP, which from this call on no longer end the
 * process by themselves. Later ones call `onForce`, but for those of the first second.
 */
export function untilSignal(onForce: () => void): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let firstAt: number | null = null;
    for (const name of ENDING) {
      process.on(name, () => {
        const now = performance.now();
        if (firstAt === null) {
          firstAt = now;
          resolve(name);
        } else if (now - firstAt > ECHO_MS) onForce();
      });
    }
  });
}
