// What the tables tell while somebody looks (`live_news`, migration 0018): a row that says to the
// triggers that pages are open, and a look five times a second at what became visible since the
// last one, for all open pages of this process. Without a reader both rest. What was told last is
// remembered, so that a page that comes back hears what it missed and looks again only when it
// must.

import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import type { Database } from '#adapters/postgres/database.ts';

/**
 * What a reader gets: `kind:id`, `ready` (nothing was missed) or `again` (something may have
 * been).
 */
export type Hear = (told: string, place: string) => void;

export type LiveFeed = {
  /**
   * Tells from `since` on: what came after it, then `ready`; or `again` when that is not known any
   * more. While the database is away, nothing; then `again`. Returns what ends it.
   */
  subscribe(hear: Hear, since: string): () => void;
  /**
   * Where the telling stands, for `subscribe`; to be asked before reading. Empty while it rests.
   */
  place(): string;
  close(): Promise<void>;
};

type Log = { warn(fields: object, message: string): void };

const LOOK_EVERY_MS = 200;
const RETRY_MS = 1_000;
const EXTEND_EVERY_MS = 5_000;
/** Longer than a few missed turns of `EXTEND_EVERY_MS`. */
const WATCH_S = 15;
/** Rows older than that are thrown away; who has not looked for half of it begins anew. */
const KEPT_S = 30;
/** A person who goes from page to page has no stream for a moment. */
const REST_AFTER_MS = 10_000;
/** A transaction that asked whether somebody watches just before we did has ended by then. */
const SETTLE_MS = 250;
const REMEMBERED = 500;

type Look = {
  /** The snapshot, to look on from. */
  readonly snapshot: string;
  readonly isWatched: boolean;
  readonly told: readonly string[];
};

export function liveFeed(db: Database, log: Log): LiveFeed {
  const listeners = new Set<Hear>();
  const memory = rememberedTellings();
  let running: Promise<void> | null = null;
  let emptySince: number | null = null;
  let isClosed = false;
  let wakeUp = () => {};

  function tellAll(told: string): void {
    const place = memory.place();
    for (const hear of listeners) hear(told, place);
  }

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms).unref();
      wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  function isWanted(): boolean {
    if (listeners.size > 0) emptySince = null;
    else emptySince ??= Date.now();
    return !isClosed && (emptySince === null || Date.now() - emptySince < REST_AFTER_MS);
  }

  async function run(): Promise<void> {
    let isWarned = false;
    while (isWanted()) {
      try {
        await follow(() => {
          isWarned = false;
        });
      } catch (error) {
        if (!isWarned) log.warn({ err: error }, 'open pages are not told what happens');
        isWarned = true;
      }
      memory.end();
      if (isWanted()) await pause(RETRY_MS);
    }
  }

  // From the first look to the first gap. Throws when the database is away, or cannot be written:
  // open pages then stand still, and the books do as they did.
  async function follow(onStart: () => void): Promise<void> {
    let extendedAt = Date.now();
    await extend(db);
    await pause(SETTLE_MS);
    let { snapshot } = await look(db, null);
    let lookedAt = Date.now();
    onStart();
    memory.begin();
    tellAll('again');
    while (isWanted()) {
      await pause(LOOK_EVERY_MS);
      if (Date.now() - extendedAt > EXTEND_EVERY_MS) {
        extendedAt = Date.now();
        await extend(db);
      }
      if (Date.now() - lookedAt > (KEPT_S * 1000) / 2) return;
      const seen = await look(db, snapshot);
      // Emptied by a crash, or not extended in time: nobody knows what was not told meanwhile.
      if (!seen.isWatched) return;
      lookedAt = Date.now();
      snapshot = seen.snapshot;
      for (const told of seen.told) {
        memory.add(told);
        tellAll(told);
      }
    }
  }

  return {
    subscribe(hear, since) {
      listeners.add(hear);
      running ??= run().finally(() => {
        running = null;
      });
      if (memory.place() !== '') for (const told of memory.since(since)) hear(told, memory.place());
      return () => listeners.delete(hear);
    },
    place: () => memory.place(),
    async close() {
      isClosed = true;
      listeners.clear();
      wakeUp();
      await running;
    },
  };
}

async function extend(db: Database): Promise<void> {
  await sql`insert into live_watch (until) values (now() + make_interval(secs => ${WATCH_S}))
    on conflict (only_row) do update
    set until = greatest(live_watch.until, excluded.until)`.execute(db);
  await sql`delete from live_news
    where at < now() - make_interval(secs => ${KEPT_S})`.execute(db);
}

// What is visible now and was not then, whatever the order in which it was written or committed.
async function look(db: Database, since: string | null): Promise<Look> {
  const { rows } = await sql<Look>`
    select pg_current_snapshot()::text as snapshot,
      exists (select from live_watch where until > now()) as "isWatched",
      array(select told from live_news
        where xid >= pg_snapshot_xmin(${since}::pg_snapshot)
          and not pg_visible_in_snapshot(xid, ${since}::pg_snapshot)
        group by told order by min(xid)) as told`.execute(db);
  const [seen] = rows;
  if (!seen) throw new Error('the tables told nothing');
  return seen;
}

// A place is the name of one stretch without a gap, and how much came by in it.
function rememberedTellings() {
  let name = '';
  let count = 0;
  let last: string[] = [];
  return {
    begin(): void {
      name = randomBytes(6).toString('hex');
      count = 0;
      last = [];
    },
    end(): void {
      name = '';
    },
    add(told: string): void {
      count += 1;
      last.push(told);
      if (last.length > REMEMBERED) last.shift();
    },
    place: () => (name === '' ? '' : `${name}.${count}`),
    since(place: string): readonly string[] {
      const [of, at = ''] = place.split('.');
      const missed = count - Number(at);
      const isKnown = of === name && /^\d{1,15}$/.test(at) && missed >= 0;
      if (!isKnown || missed > last.length) return ['again'];
      return [...new Set(last.slice(last.length - missed)), 'ready'];
    },
  };
}
