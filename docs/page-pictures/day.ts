// A believable day of a small shop, sold through the real use cases minute by minute: sixty orders, a
// partner that goes away and comes back, one that refuses, payments in quarantine, money given back,
// a replay half-way. Everything follows from a list, so that each run draws the same pictures.

import { sql } from 'kysely';
import { receiveEvent } from '#application/receive-event.ts';
import { renderInvoice } from '#application/render-invoice.ts';
import { workReplay } from '#application/replay.ts';
import { resolvePayment } from '#application/resolve-payment.ts';
import { cents, currency } from '#domain/money.ts';
import type { CheckoutFacts } from '#domain/payment.ts';
import type { PaymentKey } from '#domain/payment-key.ts';
import { deliverDue } from '../../test/support/deliver.ts';
import { line, paidCheckout } from '../../test/support/orders.ts';
import { CUSTOMERS, type Customer, PRODUCTS } from './customers.ts';
import type { Person, World } from './world.ts';

/** Paris, on the day of the pictures or the evening before. */
export const at = (time: string, day = '2026-11-23'): Date => new Date(`${day}T${time}+01:00`);
export const NOON = at('12:41:08');
export const NOW = at('16:42:31');

const SECOND_MS = 1_000;
const SHARES = [
  ...['fiscalia', 'cap-patrimoine', 'fiscalia', 'tournesol', 'clair-bail', 'fiscalia'],
  ...['cap-patrimoine', 'tournesol', 'fiscalia', 'clair-bail', 'cap-patrimoine'],
];
let sold = 0;

/** Minutes between sales grow in the evening, are long at night, and shrink in the morning. */
function* instants(from: Date, until: Date): Generator<Date> {
  for (let t = from.getTime(), n = sold; t < until.getTime(); n += 1) {
    yield new Date(t + ((n * 37) % 60) * SECOND_MS);
    const hour = (new Date(t).getUTCHours() + 1) % 24;
    const apart = hour < 7 ? 95 : hour < 9 ? 34 : hour < 19 ? 10 + ((n * 7) % 9) : 26;
    t += apart * 60_000;
  }
}

/** Everything goes well but for one call, which arrives at its second try. */
export async function quietDay(world: World): Promise<void> {
  for (const instant of instants(at('16:50:00', '2026-11-22'), NOON)) {
    world.partnersSay(answering(sold === 28 ? { 'cap-patrimoine': 503 } : {}));
    await sell(world, instant);
  }
  world.partnersSay(answering({}));
  await until(world, new Date(NOON.getTime() - 30 * SECOND_MS));
  await refund(world, 'pi_3RtQ0012', { key: 're_3RtQ0012', gross: 4_990, time: '10:18:40' });
  world.set(NOON);
  await upkeep(world);
}

/** Two partners in trouble, one of them over it; what waits for somebody; what somebody did. */
export async function troubledAfternoon(world: World, nadia: Person): Promise<void> {
  const away = { from: at('13:05:00'), until: at('15:20:00') };
  let isRefusing = false;
  world.partnersSay((slug) => {
    const now = world.clock.now();
    const isAway = now > away.from && now < away.until;
    return answering({
      ...(isAway && { 'clair-bail': 503 }),
      ...(now > at('16:04:00') && { tournesol: 503 }),
      ...(isRefusing && { 'cap-patrimoine': 422 }),
    })(slug);
  });
  const acts: [Date, () => Promise<unknown>][] = [];
  const then = (time: string, act: (instant: Date) => Promise<unknown>) =>
    acts.push([at(time), () => act(at(time))]);
  for (const instant of instants(new Date(NOON.getTime() + 300 * SECOND_MS), at('16:41:00'))) {
    acts.push([instant, () => sell(world, instant)]);
  }
  for (const time of ['13:09:20', '13:37:00', '14:02:51', '14:20:30', '14:41:09']) {
    then(time, (instant) => sell(world, instant, 'clair-bail'));
  }
  for (const time of ['16:08:10', '16:24:33', '16:38:05']) {
    then(time, (instant) => sell(world, instant, 'tournesol'));
  }
  then('14:52:05', () =>
    refund(world, 'pi_3RtQ0031', { key: 're_3RtQ0031', gross: 3_900, time: '14:52:05' }),
  );
  then('16:21:12', async (instant) => {
    isRefusing = true;
    await sell(world, instant, 'cap-patrimoine');
    isRefusing = false;
  });
  then('16:29:44', async (instant) => {
    world.mailsAre('refused');
    await sell(world, instant, 'fiscalia');
    world.mailsAre('accepted');
  });
  for (const time of ['15:58:02', '16:07:19', '16:33:40']) {
    then(time, (instant) => odd(world, instant, { partner: 'fiscalia2' }));
  }
  then('16:11:27', (instant) => odd(world, instant, { email: null }));
  then('15:31:00', async (instant) => {
    await odd(world, instant, { partner: 'essai-interne' });
    world.set(at('15:36:10'));
    const why = 'Essai de la boutique, remboursé aussitôt.';
    await nadia.post('/dashboard/quarantine/dismiss', { key: `pi_3RtQ${padded(sold)}`, why });
  });
  then('16:40:12', () => replay(world, nadia, away));
  for (const [, act] of acts.toSorted(([a], [b]) => a.getTime() - b.getTime())) await act();
  // What was said about these acts is said now.
  await nadia.get('/dashboard');
  await until(world, NOW);
  world.set(NOW);
  await upkeep(world);
}

function answering(faults: Readonly<Record<string, number>>): (slug: string) => {
  readonly status: number;
  readonly ms: number;
} {
  return (slug) => {
    const status = faults[slug] ?? 200;
    return { status, ms: (status === 200 ? 61 : 1_140) + ((sold * 53) % 90) };
  };
}

async function sell(world: World, instant: Date, to?: string): Promise<void> {
  await until(world, instant);
  const partner = to ?? SHARES[sold % SHARES.length] ?? '';
  const customer = CUSTOMERS[sold % CUSTOMERS.length] as Customer;
  const picked = PRODUCTS.filter((_, i) => i === (sold * 5) % PRODUCTS.length || sold % 9 === i);
  const lines = picked.map(([productId, productName, gross]) =>
    line({ productId, productName, partner, gross: cents(gross) }),
  );
  await pay(world, instant, { lines, buyer: buyerOf(customer) });
  await print(world);
  await deliverDue(world.work);
}

/** A payment that the program refuses to guess about. */
async function odd(
  world: World,
  instant: Date,
  { partner = 'fiscalia', email }: { readonly partner?: string; readonly email?: null },
): Promise<void> {
  const customer = CUSTOMERS[(sold * 3) % CUSTOMERS.length] as Customer;
  const [productId, productName, gross] = PRODUCTS[1] as (typeof PRODUCTS)[number];
  const bought = line({ productId, productName, partner, gross: cents(gross) });
  const buyer = buyerOf(customer);
  await pay(world, instant, {
    lines: [bought],
    buyer: { ...buyer, email: email === null ? null : buyer.email },
  });
}

async function pay(world: World, instant: Date, facts: Partial<CheckoutFacts>): Promise<void> {
  sold += 1;
  const id = padded(sold);
  const objectId = `cs_live_a1${id}`;
  const paidAt = new Date(instant.getTime() - (instant.getTime() % SECOND_MS));
  const paid = paidCheckout({
    ...{ sessionId: objectId, paymentIntentId: `pi_3RtQ${id}`, livemode: true, paidAt, ...facts },
  });
  world.paid.set(objectId, paid);
  const session = { id: objectId, object: 'checkout.session', amount_total: paid.total };
  const about = { customer: `cus_T9${id}`, payment_intent: `pi_3RtQ${id}`, currency: 'eur' };
  const event = { type: 'checkout.session.completed', livemode: true, objectId, createdAt: paidAt };
  await receive(world, instant, { ...event, id: `evt_1RtQ${id}` }, { ...session, ...about });
}

type Told = {
  readonly id: string;
  readonly type: string;
  readonly livemode: boolean;
  readonly objectId: string;
  readonly createdAt: Date;
};

async function receive(world: World, instant: Date, told: Told, object: object): Promise<void> {
  const body = JSON.stringify({ id: told.id, object: 'event', type: told.type, data: { object } });
  world.set(new Date(instant.getTime() + 640));
  const apiVersion = '2026-10-28.endive';
  await receiveEvent(world.work, { ...told, apiVersion, account: null, body });
  world.set(new Date(instant.getTime() + 1_010));
  await resolvePayment(world.work, told.id);
}

async function refund(
  world: World,
  payment: string,
  { key, gross, time }: { readonly key: string; readonly gross: number; readonly time: string },
): Promise<void> {
  const now = at(time);
  const amount = { amount: cents(gross), currency: currency('EUR') };
  const state = { cause: 'refund', state: 'done', named: [], at: now } as const;
  world.corrections.told = {
    corrections: [{ key: key as PaymentKey, ...state, ...amount }],
    ...{ payment: payment as PaymentKey, mayBeBilled: false, invoiceIsOpen: false },
  };
  const type = 'refund.created';
  const told = { id: `evt_1RtQ${key}`, type, livemode: true, objectId: key, createdAt: now };
  await receive(world, world.clock.now(), told, { id: key, object: 'refund', amount: gross });
  await print(world);
  await deliverDue(world.work);
}

async function print({ db, work, set, clock }: World): Promise<void> {
  set(new Date(clock.now().getTime() + 380));
  const due = await db
    .selectFrom('printing')
    .select('number')
    .where('state', '=', 'queued')
    .execute();
  for (const { number } of due) await renderInvoice(work, number);
}

/** Sends what falls due on the way to that instant, each at its time. */
async function until({ db, work, set, clock }: World, instant: Date): Promise<void> {
  for (let tries = 0; tries < 500; tries += 1) {
    const next = await db
      .selectFrom('notification')
      .select('next_attempt_at')
      .where('state', '=', 'queued')
      .where('released_at', 'is not', null)
      .orderBy('next_attempt_at')
      .executeTakeFirst();
    const due = next?.next_attempt_at;
    if (!due || due > instant) return set(instant);
    set(new Date(Math.max(due.getTime(), clock.now().getTime()) + 40));
    await deliverDue(work);
  }
  throw new Error(`what is due before ${instant.toISOString()} is never sent`);
}

async function replay(
  world: World,
  nadia: Person,
  { from, until: end }: { readonly from: Date; readonly until: Date },
): Promise<void> {
  await until(world, at('16:40:12'));
  const field = (instant: Date) =>
    new Date(instant.getTime() + 3_600_000).toISOString().slice(0, 16);
  const answer = await nadia.post('/dashboard/partners/clair-bail/replay', {
    ...{ channel: 'webhook', since: field(from), until: field(end), rate: '1', step: 'start' },
    why: 'Clair Bail a remis son serveur en route à 15:20.',
  });
  const id = answer.headers.get('location')?.split('/').at(-1) ?? '';
  for (let n = 0; n < 3; n += 1) {
    await workReplay(world.work, id);
    world.set(new Date(world.clock.now().getTime() + 1_200));
    await deliverDue(world.work);
  }
}

/** What the machines do by themselves, and Stripe's other news. */
async function upkeep({ db, clock }: World): Promise<void> {
  await sql`insert into reconciliation (since, until, automatic, cursor, looked, received, started_at,
      finished_at)
    select t - interval '12 minutes', t, true, null, 14, 0, t, t + interval '1 s'
    from generate_series(${at('16:00:00', '2026-11-22')}::timestamptz, ${NOW}::timestamptz,
      interval '10 minutes') t
    where t < ${clock.now()} and not exists (select from reconciliation r where r.until >= t)`.execute(
    db,
  );
  await sql`insert into audit_run (automatic, with_files, started_at, finished_at, documents, findings,
      first_findings, heads)
    select true, true, ${at('03:00:00')}, ${at('03:00:41')}, 61, 0, '[]', '[]'
    where not exists (select from audit_run)`.execute(db);
}

const padded = (n: number): string => `${n}`.padStart(4, '0');

function buyerOf([name, email, town]: Customer): CheckoutFacts['buyer'] {
  const [postalCode, city] = town;
  return {
    ...{ name, email, businessName: null, phone: null, vatNumber: null },
    address: {
      ...{ line1: '12 rue des Lices', line2: null, postalCode, city, state: null, country: 'FR' },
    },
  };
}
