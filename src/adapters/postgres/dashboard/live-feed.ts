// What the tables tell while somebody looks (`comptappart_live`, migration 0016): one connection that
// listens, for all open pages of this process, and a row that says so to the triggers. Without a
// reader both rest. A connection that breaks is made again; listeners are told, since they may have
// missed something.

import { sql } from 'kysely';
import pg from 'pg';
import type { Database } from '../database.ts';

export type LiveFeed = {
  /** `hear` gets each `kind:id`, and `again` after a gap. Returns what ends it. */
  subscribe(hear: (told: string) => void): () => void;
  close(): Promise<void>;
};

const CHANNEL = 'comptappart_live';
const WATCH_S = 15;
const EXTEND_EVERY_MS = 5_000;
const REST_AFTER_MS = 10_000;
const RECONNECT_MS = 1_000;

export function liveFeed(
  db: Database,
  databaseUrl: string,
  log: { warn(fields: object, message: string): void },
): LiveFeed {
  const listeners = new Set<(told: string) => void>();
  let client: pg.Client | null = null;
  let timer: NodeJS.Timeout | null = null;
  let restAt: number | null = null;
  let isClosed = false;
  let opening: Promise<void> | null = null;

  function wake(): void {
    restAt = null;
    timer ??= setInterval(() => void tick(), EXTEND_EVERY_MS);
    if (!client) opening ??= open().finally(() => (opening = null));
  }

  async function open(): Promise<void> {
    const made = new pg.Client({ connectionString: databaseUrl, keepAlive: true });
    made.on('error', () => lost(made));
    made.on('end', () => lost(made));
    made.on('notification', ({ payload }) => {
      for (const hear of listeners) hear(payload ?? '');
    });
    try {
      await made.connect();
      await made.query(`listen ${CHANNEL}`);
      await extend();
      client = made;
      for (const hear of listeners) hear('again');
    } catch (error) {
      made.end().catch(() => {});
      log.warn({ err: error }, 'the live pages do not hear the database');
      setTimeout(() => listeners.size > 0 && !isClosed && wake(), RECONNECT_MS).unref();
    }
  }

  function lost(which: pg.Client): void {
    if (client !== which) return;
    client = null;
    if (!isClosed && listeners.size > 0) setTimeout(wake, RECONNECT_MS).unref();
  }

  async function extend(): Promise<void> {
    await sql`insert into live_watch (until) values (now() + make_interval(secs => ${WATCH_S}))
      on conflict (only_row) do update set until = greatest(live_watch.until, excluded.until)`.execute(
      db,
    );
  }

  async function tick(): Promise<void> {
    if (listeners.size > 0) return extend().catch(() => {});
    restAt ??= Date.now() + REST_AFTER_MS;
    if (Date.now() >= restAt) await rest();
  }

  async function rest(): Promise<void> {
    if (timer) clearInterval(timer);
    timer = null;
    const ending = client;
    client = null;
    await ending?.end().catch(() => {});
  }

  return {
    subscribe(hear) {
      listeners.add(hear);
      wake();
      return () => listeners.delete(hear);
    },
    async close() {
      isClosed = true;
      listeners.clear();
      await opening;
      await rest();
    },
  };
}
