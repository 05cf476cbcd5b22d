// Waiting, for a harness whose neighbours are killed all the time: whatever is asked may be away at
// that moment, so a question that fails counts as « not yet ».

import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

export { delay };

/** Asks again every `everyMs` until the answer is true. Throws, naming `what`, after `withinMs`. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  { withinMs = 30_000, everyMs = 25 } = {},
): Promise<void> {
  const end = Date.now() + withinMs;
  let failure: unknown;
  for (;;) {
    try {
      if (await condition()) return;
    } catch (error) {
      failure = error;
    }
    if (Date.now() > end) {
      throw new Error(`${what}: not within ${withinMs / 1000} s`, { cause: failure });
    }
    await delay(everyMs);
  }
}

/** A port of 127.0.0.1 on which nobody listens. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { readonly port: number };
  server.close();
  await once(server, 'close');
  return port;
}
