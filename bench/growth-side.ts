// One side of the comparison: books on a server of their own, and the program's steps on them with an
// outside world that answers at once. What is timed is what the database does for each step; printing
// is a few bytes, and nobody is called.

import { createHash, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { sql } from 'kysely';
import { documentFaults } from '#adapters/facturx/checks.ts';
import { BY_KEYS_ALONE } from '#adapters/postgres/by-keys.ts';
import { connect, type Database } from '#adapters/postgres/database.ts';
import { postgresTransact } from '#adapters/postgres/transact.ts';
import { secretBox } from '#adapters/secret-box.ts';
import { systemClock } from '#adapters/system-clock.ts';
import { timeOrderedId } from '#adapters/time-ordered-id.ts';
import type { ArrivingEvent, StripeReader } from '#application/ports.ts';
import { printingPump } from '#application/printing-pump.ts';
import { paymentResolver } from '#application/resolve-payment.ts';
import type { CheckoutFacts } from '#domain/payment.ts';
import {
  ACCEPTED,
  memoryFiles,
  numberPrinter,
  recordingMailer,
  recordingPartner,
} from '#test/support/books.ts';
import { deliverDue } from '#test/support/deliver.ts';
import { line, paidCheckout } from '#test/support/orders.ts';
import { sampleSeller } from '#test/support/seller.ts';
import { GROWN_SECRETS_KEY } from './million/grow-books.ts';
import { PARTNERS } from './million/sold-orders.ts';
import { treeOf } from './process-table.ts';

const EVENTS_AT_ONCE = 32;
const RESOLVED_AT_ONCE = 16;
const PRINTED_AT_ONCE = 16;

/** Events, orders, documents and deliveries a second; and what PostgreSQL took for an order in all. */
export type Rates = {
  readonly intake: number;
  readonly recording: number;
  readonly printing: number;
  readonly delivering: number;
  /** ms of processor, its housekeeping included; NaN where there is no /proc. */
  readonly cpuMs: number;
  /** kB written to its log. */
  readonly logKb: number;
};

export type Side = {
  readonly db: Database;
  /** Sells so many orders, from their events to both deliveries. */
  sell(orders: number): Promise<Rates>;
  close(): Promise<void>;
};

export function growthSide(url: string): Side {
  const db = connect(url, { connectionsMax: 12, session: BY_KEYS_ALONE });
  const clock = systemClock;
  const transact = postgresTransact(db, { clock, secrets: secretBox(GROWN_SECRETS_KEY) });
  const { mailer, sent } = recordingMailer(() => ACCEPTED);
  const { partner, posted } = recordingPartner(() => ACCEPTED);
  const needs = {
    ...{ transact, clock, mailer, partner, documentFaults, newId: timeOrderedId },
    ...{ files: memoryFiles(), printer: numberPrinter },
    corrections: {
      tells: () => false,
      read: () => Promise.reject(new Error('nothing goes back here')),
      locate: () => Promise.reject(new Error('nothing goes back here')),
    },
    ...{ seller: sampleSeller(), housePartner: null, livemode: false, partnerDelaysMs: [] },
    ...{
      workerId: `growth-${process.pid}`,
      notes: { note: () => {} },
      alerts: { raise: () => {} },
    },
    sha256: (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex'),
    stripe: {
      read: async ({ objectId }) => ({ facts: factsOf(`${objectId}`) }),
    } satisfies StripeReader,
  };
  const resolve = paymentResolver(needs);

  return {
    db,
    async sell(orders) {
      const run = randomUUID().slice(0, 8);
      const spentBefore = await spent(db);
      const events = Array.from({ length: orders }, (_, at) => eventOf(`evt_g${run}${at}`));
      const intake = await rateOf(orders, async () => {
        for (let at = 0; at < orders; at += EVENTS_AT_ONCE) {
          const batch = events.slice(at, at + EVENTS_AT_ONCE);
          const stored = await transact(({ inbox }) => inbox.store(batch, clock.now()));
          if ('refused' in stored) throw stored.refused;
        }
      });
      const waiting = events.map(({ id }) => id);
      const recording = await rateOf(orders, async () => {
        await Promise.all(
          Array.from({ length: RESOLVED_AT_ONCE }, async () => {
            for (let id = waiting.pop(); id; id = waiting.pop()) await resolve(id);
          }),
        );
      });
      const faults: Error[] = [];
      const pump = printingPump(needs, {
        slots: PRINTED_AT_ONCE,
        onError: (error) => faults.push(error),
        mayClaim: async () => {},
      });
      const printing = await rateOf(orders, async () => {
        pump.wake();
        await pump.idle();
      });
      if (faults.length > 0) throw faults[0];
      await pump.stop(1000);
      const before = sent.length + posted.length;
      const startedAt = performance.now();
      await deliverDue(needs);
      const delivered = sent.length + posted.length - before;
      if (delivered < 2 * orders) throw new Error(`${delivered} deliveries of ${orders} orders`);
      const delivering = delivered / ((performance.now() - startedAt) / 1000);
      const spentAfter = await spent(db);
      await dropJobs(db);
      const cpuMs = (spentAfter.cpuMs - spentBefore.cpuMs) / orders;
      const logKb = (spentAfter.logKb - spentBefore.logKb) / orders;
      return { intake, recording, printing, delivering, cpuMs, logKb };
    },
    close: () => db.destroy(),
  };
}

async function rateOf(count: number, work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return count / ((performance.now() - startedAt) / 1000);
}

async function spent(db: Database): Promise<{ readonly cpuMs: number; readonly logKb: number }> {
  const { rows } = await sql<{ pid: number; kb: number }>`
    select pg_backend_pid() as pid,
      (pg_current_wal_insert_lsn() - '0/0')::float8 / 1000 as kb`.execute(db);
  const [{ pid, kb } = { pid: 0, kb: Number.NaN }] = rows;
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const server = Number(/^PPid:\s+(\d+)/m.exec(status)?.[1] ?? Number.NaN);
  const tree = Number.isNaN(server) ? [] : await treeOf(server);
  const cpuMs = tree.reduce((sum, it) => sum + it.cpuMs + it.goneMs, 0);
  return { cpuMs: tree.length === 0 ? Number.NaN : cpuMs, logKb: kb };
}

// Nobody works the queue here: both sides' stays as short as it was.
async function dropJobs(db: Database): Promise<void> {
  await sql`select graphile_worker.complete_jobs(array_agg(id)) from graphile_worker.jobs
    where locked_at is null and attempts < max_attempts`.execute(db);
}

function eventOf(id: string): ArrivingEvent {
  return {
    ...{ id, type: 'checkout.session.completed', apiVersion: '2026-10-28.endive' },
    ...{ livemode: false, account: null, objectId: `cs_${id}`, createdAt: new Date() },
    body: JSON.stringify({ id, filler: createHash('sha512').update(id).digest('hex').repeat(8) }),
  };
}

function factsOf(sessionId: string): CheckoutFacts {
  const last = sessionId.charCodeAt(sessionId.length - 1);
  const partner = PARTNERS[last % PARTNERS.length]?.slug ?? null;
  return paidCheckout({
    ...{ sessionId, paymentIntentId: `pi_${sessionId}`, paidAt: new Date() },
    lines: [line({ partner })],
  });
}
