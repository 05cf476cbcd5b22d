// Reads the books for the checker, in plain SQL and past all code of the program: a fault in a query
// of ours must not hide a fault in a row.

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import type { Books } from './checker.ts';

// A job whose key was asked for again while it ran loses its tries to the new one; when its process
// dies there, the husk stays. The same happens to one that may be tried only once, as by the clock.
// What such a job was to wake is judged by our own tables.
const WILL_RUN = 'attempts < max_attempts';

/** `filesDir` is where STORAGE_URL points. Throws when the database is away. */
export async function readBooks(db: pg.Pool, filesDir: string): Promise<Books> {
  const rows = async <T>(text: string) => (await db.query(text)).rows as T[];
  const pdfs = await rows<Books['pdfs'][number]>(
    'select invoice_number as number, key, sha256 from invoice_pdf',
  );
  return {
    events: await rows(`select e.id, o.kind as outcome from stripe_event e
      left join event_outcome o on o.event_id = e.id`),
    payments: await rows('select key, state from payment'),
    orders: await rows(`select id::int, payment_key as "paymentKey", partner_slug as partner,
      gross::int as "grossCents" from orders`),
    invoices: await rows(`select number, series, year, ordinal, order_id::int as "orderId",
      issued_at as "issuedAt", content, previous_hash as "previousHash", hash from invoice`),
    pdfs,
    notifications: await rows(
      'select id, order_id::int as "orderId", channel, state from notification',
    ),
    attempts: await rows(`select notification_id as "notificationId", number,
      started_at as "startedAt", outcome from attempt`),
    jobs: await rows(`select task_identifier as task, last_error as error
      from graphile_worker.jobs where ${WILL_RUN}`),
    files: await digests(filesDir, pdfs),
  };
}

/** Jobs that Graphile will never run again. They do no harm but lie about. */
export async function husks(db: pg.Pool): Promise<number> {
  const text = `select count(*)::int as n from graphile_worker.jobs where not ${WILL_RUN}`;
  return (await db.query<{ n: number }>(text)).rows[0]?.n ?? 0;
}

async function digests(dir: string, pdfs: Books['pdfs']): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const { key } of pdfs) {
    const bytes = await readFile(join(dir, key)).catch(() => null);
    if (bytes) found.set(key, createHash('sha256').update(bytes).digest('hex'));
  }
  return found;
}

/** What is still to be done, by kind; all zero when the books are at rest. */
export type Open = {
  readonly events: number;
  readonly unprinted: number;
  readonly notifications: number;
  readonly jobs: number;
};

export async function openWork(db: pg.Pool): Promise<Open> {
  const { rows } = await db.query<Open>(`select
    (select count(*)::int from event_outcome where kind in ('pending', 'wait')) as events,
    (select count(*)::int from invoice i where not exists
      (select from invoice_pdf p where p.invoice_number = i.number)) as unprinted,
    (select count(*)::int from notification where state in ('queued', 'sending')) as notifications,
    (select count(*)::int from graphile_worker.jobs where ${WILL_RUN}) as jobs`);
  return rows[0] as Open;
}
