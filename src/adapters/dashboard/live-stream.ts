// GET /dashboard/live: one stream of a tab, as server-sent events. It carries kinds and ids, never
// contents: the page fetches its own parts again, with its own rights. It ends when the program is told to
// stop, and when the session may have ended; browsers come back by themselves.

import type { Context } from 'koa';
import type { LiveFeed } from '#adapters/postgres/dashboard/live-feed.ts';

const PING_MS = 15_000;
const LONGEST_MS = 10 * 60_000;
/** Over HTTP/1.1 a browser opens six; a hundred tabs of one house is plenty for one process. */
const STREAMS_MAX = 200;

let open = 0;

/** Answers with the stream. `heard` decides what this reader may hear of. */
export function streamLive(
  ctx: Context,
  feed: LiveFeed,
  isStopping: () => boolean,
  heard: (told: string) => boolean = () => true,
): void {
  if (open >= STREAMS_MAX || isStopping()) {
    ctx.status = 503;
    ctx.set('Retry-After', '5');
    ctx.body = 'too many streams\n';
    return;
  }
  open += 1;
  // Written past Koa, which would report every tab that closes as a failure.
  ctx.respond = false;
  const body = ctx.res;
  const unsubscribe = feed.subscribe((told) => {
    // A reader that does not read is let go: it comes back and sees everything anew.
    if (body.writableLength > 64 * 1024) return end();
    if (told === 'again' || heard(told)) body.write(`data: ${told}\n\n`);
  });
  const startedAt = Date.now();
  const timer = setInterval(() => {
    if (isStopping() || Date.now() - startedAt > LONGEST_MS) return end();
    body.write(': ping\n\n');
  }, PING_MS);
  const stopping = setInterval(() => isStopping() && end(), 500);
  let isOver = false;
  function end(): void {
    if (isOver) return;
    isOver = true;
    open -= 1;
    clearInterval(timer);
    clearInterval(stopping);
    unsubscribe();
    body.end();
  }
  body.once('close', end);
  body.writeHead(200, {
    'Content-Type': 'text/event-stream',
    'Cache-Control': 'no-store',
    'X-Accel-Buffering': 'no',
  });
  body.write('retry: 2000\n\n');
}
