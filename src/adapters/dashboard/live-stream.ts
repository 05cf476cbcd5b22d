// GET …/live: the one stream of a tab, as server-sent events. It carries kinds and ids, never
// contents: the page fetches its own parts again, with its own rights. It ends when the program is
// told to stop, and when the session has ended, which it says; browsers come back by themselves.

import type { Context } from 'koa';
import type { LiveFeed } from '#adapters/postgres/dashboard/live-feed.ts';

/** Also when pages that show ages look again. */
const CLOCK_MS = 15_000;
const LONGEST_MS = 30 * 60_000;
const ADMITTED_EVERY_MS = 5_000;
const STOPPING_EVERY_MS = 500;
/** Over HTTP/1.1 a browser opens six; a hundred tabs of one house is plenty for one process. */
const STREAMS_MAX = 200;
/** A reader that does not read is let go: it comes back and looks at everything anew. */
const UNREAD_MAX_BYTES = 64 * 1024;

let open = 0;

/**
 * Answers with the stream, from the place that the page names (`?at=`) on. `heard` decides what
 * this reader may hear of; once `isAdmitted` says no, the reader is told `over`.
 */
export function streamLive(
  ctx: Context,
  feed: LiveFeed,
  isStopping: () => boolean,
  heard: (told: string) => boolean = () => true,
  isAdmitted: () => Promise<boolean> = async () => true,
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
  ctx.onerror = () => end();
  const body = ctx.res;
  body.writeHead(200, {
    'Content-Type': 'text/event-stream',
    'Cache-Control': 'no-store',
    'X-Accel-Buffering': 'no',
    'X-Content-Type-Options': 'nosniff',
    'Cross-Origin-Resource-Policy': 'same-origin',
  });
  body.flushHeaders();
  const say = (told: string, place: string) => {
    if (body.writableLength > UNREAD_MAX_BYTES) return end();
    body.write(`${place === '' ? '' : `id: ${place}\n`}data: ${told}\n\n`);
  };
  const ends: (() => void)[] = [];
  const every = (ms: number, work: () => void) => {
    const timer = setInterval(work, ms);
    ends.push(() => clearInterval(timer));
  };
  let isOver = false;
  function end(): void {
    if (isOver) return;
    isOver = true;
    open -= 1;
    for (const ended of ends) ended();
    body.end();
  }
  body.once('close', end);
  const startedAt = Date.now();
  every(CLOCK_MS, () => {
    if (Date.now() - startedAt > LONGEST_MS) return end();
    say('clock', feed.place());
  });
  every(STOPPING_EVERY_MS, () => isStopping() && end());
  every(ADMITTED_EVERY_MS, () => {
    // While the database is away nobody is shown out.
    const answer = isAdmitted().catch(() => true);
    void answer.then((admitted) => {
      if (admitted || isOver) return;
      say('over', '');
      end();
    });
  });
  const told = (what: string, place: string) => {
    if (what === 'again' || what === 'ready' || heard(what)) say(what, place);
  };
  const since = typeof ctx.query.at === 'string' ? ctx.query.at.slice(0, 40) : '';
  ends.push(feed.subscribe(told, since));
}
