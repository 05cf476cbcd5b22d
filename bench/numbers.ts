// What the numbers' counter costs when many record at once: how long each waits for its row lock, and
// orders a second of recording alone, with one order a transaction and with batches of them. The
// transactions are the program's own; nothing is asked of Stripe, printed or sent.
//
//   node bench/numbers.ts [--json] [--quick] [--recorders 32] [--orders 2000]

import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type BookWatch, UNWATCHED } from '#adapters/postgres/book-watch.ts';
import { connect, type Database } from '#adapters/postgres/database.ts';
import { postgresPartnerRegistry } from '#adapters/postgres/partner-registry.ts';
import { postgresTransact } from '#adapters/postgres/transact.ts';
import { secretBox } from '#adapters/secret-box.ts';
import { systemClock } from '#adapters/system-clock.ts';
import type { Transact } from '#application/ports.ts';
import { recordSales, type Sale } from '#application/record-orders.ts';
import { killablePostgres } from '#chaos/killable-postgres.ts';
import { migrate } from '#db/migrate.ts';
import type { PartnerSlug } from '#domain/partner.ts';
import { decidePayment } from '#domain/payment.ts';
import type { PaymentKey } from '#domain/payment-key.ts';
import { paidCheckout } from '#test/support/orders.ts';
import { sampleSeller } from '#test/support/seller.ts';
import { figure, note, quantile, tellReport } from './figures.ts';

type Measured = { readonly perSecond: number; readonly p50: number; readonly p99: number };

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    recorders: { type: 'string', default: '32' },
    orders: { type: 'string' },
  },
});
const recorders = Number(values.recorders);
const orders = Number(values.orders ?? (values.quick ? 640 : 2_000));
const rounds = values.quick ? 1 : 3;
const BATCHES = [1, 4, 16];

const folder = await mkdtemp(join(tmpdir(), 'bench-numbers-'));
const postgres = await killablePostgres(folder);
await migrate(postgres.url, { tell: () => {} });
const db = connect(postgres.url, { connectionsMax: recorders, waitMs: 60_000 });
let serial = 0;
try {
  await addPartner(db);
  await arm(1, recorders); // not counted: connections and plans
  const measured = new Map<number, Measured[]>(BATCHES.map((size) => [size, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const size of round % 2 === 0 ? BATCHES : BATCHES.toReversed()) {
      const its = await arm(size, orders);
      note(`${size} a transaction: ${JSON.stringify(its)}; load ${loadavg()[0]}`);
      measured.get(size)?.push(its);
    }
  }
  const figures = BATCHES.flatMap((size) => {
    const of = measured.get(size) ?? [];
    const at = `${recorders} recorders, ${size} a transaction`;
    const wait = { unit: 'ms', better: 'less' } as const;
    return [
      figure(`numbers: orders/s, ${at}`, {
        ...{ unit: '/s', better: 'more', rounds: of.map((it) => it.perSecond) },
      }),
      figure(`numbers: wait p50, ${at}`, { ...wait, rounds: of.map((it) => it.p50) }),
      figure(`numbers: wait p99, ${at}`, { ...wait, rounds: of.map((it) => it.p99) }),
    ];
  });
  await mustBeGapless(db);
  tellReport({ figures, details: { recorders, orders } }, values);
} finally {
  await db.destroy();
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
}
process.exit(0);

/** So many orders by all recorders together; each records `size` payments a transaction. */
async function arm(size: number, count: number): Promise<Measured> {
  const waits: number[] = [];
  const watch: BookWatch = { ...UNWATCHED, numberWaited: (ms) => void waits.push(ms) };
  const secrets = secretBox(Buffer.alloc(32, 8));
  const transact = postgresTransact(db, { clock: systemClock, secrets, watch });
  let left = Math.ceil(count / size);
  const work = async () => {
    for (; left > 0; ) {
      left -= 1;
      await record(transact, size);
    }
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: recorders }, work));
  const seconds = (performance.now() - startedAt) / 1000;
  const recorded = Math.ceil(count / size) * size;
  return { perSecond: recorded / seconds, p50: quantile(waits, 0.5), p99: quantile(waits, 0.99) };
}

async function record(transact: Transact, size: number): Promise<void> {
  const now = systemClock.now();
  const sold = Array.from({ length: size }, () => {
    serial += 1;
    const id = `bench_${serial}`;
    const facts = paidCheckout({ sessionId: `cs_${id}`, paymentIntentId: `pi_${id}` });
    const slugs = new Set(['fiscalia' as PartnerSlug]);
    const decision = decidePayment(facts, { slugs, house: null, livemode: false });
    if (decision.kind !== 'orders') throw new Error(`the sample is ${decision.kind}`);
    const event = { id: `evt_${id}`, createdAt: now, livemode: false };
    return { key: decision.key, sale: { event, drafts: decision.orders } satisfies Sale };
  });
  await transact(async (tx) => {
    const received = {
      ...{ type: 'checkout.session.completed', apiVersion: null, account: null, objectId: null },
      body: '{}',
    };
    await tx.inbox.store(
      sold.map(({ sale: { event } }) => ({ ...received, ...event })),
      now,
    );
    await tx.payments.lockAll(
      sold.map(({ key, sale }) => ({ key: key as PaymentKey, eventId: sale.event.id })),
      now,
    );
    const needs = { clock: systemClock, newId: randomUUID, seller: sampleSeller() };
    await recordSales(
      tx,
      needs,
      sold.map(({ sale }) => sale),
      { printsAreJobs: false },
    );
  });
}

async function addPartner(books: Database): Promise<void> {
  const secrets = secretBox(Buffer.alloc(32, 8));
  const registry = postgresPartnerRegistry(books, { secrets, clock: systemClock });
  await registry.add('fiscalia' as PartnerSlug, {
    name: 'Fiscalia',
    stagingUrl: 'https://fiscalia.example/orders',
    apiKey: 'k'.repeat(32),
    signingSecret: 'whsec_c2VjcmV0',
  });
}

async function mustBeGapless(books: Database): Promise<void> {
  const { n, last } = await books
    .selectFrom('invoice')
    .select(({ fn }) => [fn.countAll<number>().as('n'), fn.max('ordinal').as('last')])
    .executeTakeFirstOrThrow();
  if (Number(n) !== Number(last)) throw new Error(`${n} invoices, and the last is ${last}`);
}
