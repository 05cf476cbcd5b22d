// Money that goes back, from Stripe's events to the credit notes on the books: whichever event comes
// first, how often, before the payment or long after it. The parts are those of the hundred cases;
// each case ends with what it came to, `A11` being one credit note and its e-mail.

import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  closeDispute,
  creditLine,
  disputePayment,
  refundPayment,
} from '#adapters/sandbox/stripe-corrections.ts';
import { payByCard, sentInvoice } from '#adapters/sandbox/stripe-dashboard.ts';
import { ORDER_WAITS_MS } from '#application/resolve-correction.ts';
import { dismissPayment, retryPayment } from '#application/retry-payment.ts';
import { BILAN, of } from '#test/support/case-products.ts';
import { type Cases, startCases } from '#test/support/cases.ts';

const BY = { actor: 'the test', why: null };

const COMPLETED = 'checkout.session.completed';
const NOBODYS = of('prod_sans');

let the: Cases;
beforeAll(async () => {
  the = await startCases();
}, 60_000);
afterAll(() => the.close());
beforeEach(() => the.begin());

const store = () => the.stripe.store;
const now = () => ({ now: the.books.clock.now() });
const intentOf = (session: string) => String(store().find(session)?.payment_intent);

/** Something goes back. The ids of the objects that its events are about, by their type. */
function back(events: readonly { readonly [field: string]: unknown }[]): Record<string, string> {
  const objectOf = (event: { readonly [field: string]: unknown }) =>
    (event.data as { readonly object: { readonly id: string } }).object.id;
  return Object.fromEntries(events.map((event) => [event.type, objectOf(event)]));
}
function refund(session: string, amount?: number) {
  const of = { ...now(), ...(amount && { amount }) };
  return back(refundPayment(store(), intentOf(session), of).events);
}
async function paid(wanted: Parameters<Cases['buy']>[0] = BILAN) {
  const bought = the.buy(wanted);
  await the.hear(COMPLETED, bought.session);
  return bought;
}
const gross = async () => (await the.creditNotes()).map(({ totals }) => totals.gross);

/** The requests to Stripe since this was called. */
function requestsFrom() {
  const before = the.stripe.requests().length;
  return () => the.stripe.requests().length - before;
}

describe('a refund', () => {
  test('of everything repeats the invoice with its tax, for one request', async () => {
    const { session } = await paid();
    const { 'refund.created': id = '' } = refund(session);
    const requests = requestsFrom();
    await the.hear('refund.created', id);
    expect(requests()).toBe(1);
    expect(await the.outcome()).toBe('1111 A11');
    const [[invoice], [note]] = [await the.invoices(), await the.creditNotes()];
    expect(note).toMatchObject({
      ...{ kind: 'credit-note', cause: 'refund', test: true, paymentKey: intentOf(session) },
      ...{ number: expect.stringMatching(/^AQCA-\d{4}-\d{6}$/), refundedDay: note?.issueDay },
      creditedInvoice: { number: invoice?.number, issueDay: invoice?.issueDay },
    });
    expect(note?.totals).toEqual(invoice?.totals);
    expect(note?.lines).toEqual(invoice?.lines);
    const keys = [...the.files.held.keys()].filter((key) => key.includes('avoir_'));
    expect(keys.at(-1)).toMatch(/^partner_invoices\/avoir_\d+_\d{8}_\d{6}\.pdf$/);
  });

  const EVENTS = ['refund.created', 'charge.refunded', 'credit_note.created'];
  const orders = EVENTS.flatMap((a) =>
    EVENTS.filter((b) => b !== a).map((b) => [a, b, EVENTS.find((c) => c !== a && c !== b) ?? '']),
  );
  test.each(orders)('of an invoice is one, when told by %s, %s, %s', async (...types) => {
    const { session } = await paid({ ...BILAN, invoiceCreation: true });
    const ids = refund(session);
    for (const type of types) await the.hear(type, ids[type] ?? '');
    expect(await the.outcome()).toBe('1111 A11');
    expect((await the.creditNotes())[0]).toMatchObject({ cause: 'refund' });
  });

  test('of an invoice costs three requests when it has a credit note, two when it has none', async () => {
    const { session } = await paid({ ...BILAN, invoiceCreation: true });
    const requests = requestsFrom();
    await the.hear('refund.created', refund(session, 10_00)['refund.created'] ?? '');
    expect(requests()).toBe(2);
    const whole = the.buy({ ...BILAN, invoiceCreation: true });
    await the.hear(COMPLETED, whole.session);
    const later = requestsFrom();
    await the.hear('refund.created', refund(whole.session)['refund.created'] ?? '');
    expect(later()).toBe(3);
    expect(await the.outcome()).toBe('2222 A22');
  });

  test('told of before its payment waits for it, and follows at once', async () => {
    const { session } = the.buy(BILAN);
    await the.hear('refund.created', refund(session)['refund.created'] ?? '');
    expect(await the.outcome()).toBe('0000');
    await the.pass(20_000, 5_000);
    expect(await the.outcome()).toBe('0000');
    await the.hear(COMPLETED, session);
    expect(await the.outcome()).toBe('1111 A11');
  });

  test('in parts over two partners: each its share, in the end to the cent', async () => {
    const { session } = await paid(of('prod_bilan', 'prod_acte'));
    for (const amount of [33_33, 1, 20_00]) {
      await the.hear('refund.created', refund(session, amount)['refund.created'] ?? '');
    }
    await the.hear('charge.refunded', refund(session)['charge.refunded'] ?? '');
    const [notes, invoices] = [await the.creditNotes(), await the.invoices()];
    expect(invoices).toHaveLength(2);
    for (const { number, totals } of invoices) {
      const own = notes.filter((it) => it.creditedInvoice.number === number);
      for (const field of ['net', 'vat', 'gross'] as const) {
        expect(own.reduce((sum, it) => sum + it.totals[field], 0)).toBe(totals[field]);
      }
    }
    expect(notes).toHaveLength(7); // of one cent, one partner has nothing
    expect(await the.outcome()).toBe('2222 A77');
  });

  test('of two refunds that only the charge tells of: both', async () => {
    const { session } = await paid();
    refund(session, 10_00);
    const { 'charge.refunded': charge = '' } = refund(session, 5_00);
    await the.hear('charge.refunded', charge);
    await the.hear('charge.refunded', charge);
    expect((await gross()).sort()).toEqual([10_00, 5_00]);
    expect(await the.outcome()).toBe('1111 A22');
  });

  test('that is pending waits for its end, good or bad', async () => {
    const { session } = await paid();
    const good = refund(session, 10_00)['refund.created'] ?? '';
    const bad = refund(session, 20_00)['refund.created'] ?? '';
    for (const id of [good, bad]) {
      the.change(id, { status: 'pending' });
      await the.hear('refund.created', id);
    }
    expect(await the.outcome()).toBe('1111');
    the.change(good, { status: 'succeeded' });
    await the.hear('refund.updated', good);
    the.change(bad, { status: 'failed' });
    await the.hear('refund.failed', bad);
    expect(await the.outcome()).toBe('1111 A11');
    expect(await gross()).toEqual([10_00]);
  });

  test('that fails after its credit note: nothing changes, a person is told once', async () => {
    const { session } = await paid();
    const id = refund(session)['refund.created'] ?? '';
    await the.hear('refund.created', id);
    the.change(id, { status: 'failed' });
    await the.hear('refund.updated', id);
    await the.hear('refund.failed', id);
    expect(await the.outcome()).toBe('1111 A11 Q undone-after-credit');
    expect(the.alerts()).toHaveLength(1);
    const { needs } = the;
    const why = { by: 'the test', why: 'paid back by hand' };
    expect(await dismissPayment(needs, id, why)).toEqual({ kind: 'dismissed' });
    await the.hear('refund.updated', id);
    expect(await the.outcome()).toBe('1111 A11');
  });

  test('fifty times at once is one', async () => {
    const { session } = await paid();
    const { 'refund.created': id = '', 'charge.refunded': charge = '' } = refund(session);
    const events = Array.from({ length: 25 }, () => [
      the.event('refund.created', id),
      the.event('charge.refunded', charge),
    ]).flat();
    await Promise.all(events.map((event) => the.post(event)));
    await the.work();
    expect(await the.outcome()).toBe('1111 A11');
  });

  test('of a payment that stopped follows when it is freed', async () => {
    const { session } = await paid(NOBODYS);
    await the.hear('refund.created', refund(session)['refund.created'] ?? '');
    await the.pass(8 * 86_400_000, 86_400_000); // however long that takes
    expect(await the.outcome()).toBe('0000 Q no-partner');
    the.house('fiscalia');
    expect(await retryPayment(the.needs, intentOf(session), BY)).toMatchObject({ kind: 'retried' });
    await the.work();
    expect(await the.outcome()).toBe('1111 A11');
  });

  test('of a payment that was set aside makes nothing, unless it is recorded after all', async () => {
    const { session } = await paid(NOBODYS);
    const key = intentOf(session);
    await dismissPayment(the.needs, key, { by: 'the test', why: 'not ours' });
    await the.hear('refund.created', refund(session)['refund.created'] ?? '');
    expect(await the.outcome()).toBe('0000');
    the.house('fiscalia');
    await retryPayment(the.needs, key, BY);
    await the.work();
    expect(await the.outcome()).toBe('1111 A11');
  });

  test('of a payment that never comes is put before a person, who can set it aside', async () => {
    const { session } = the.buy(BILAN);
    const id = refund(session)['refund.created'] ?? '';
    await the.hear('refund.created', id);
    for (const waitMs of ORDER_WAITS_MS) await the.pass(waitMs);
    expect(await the.outcome()).toBe('0000 Q order-missing');
    expect(await the.quarantined()).toEqual([
      { key: id, reason: 'order-missing', detail: intentOf(session) },
    ]);
    expect(the.alerts()).toHaveLength(1);
    const why = { by: 'the test', why: 'billed elsewhere' };
    expect(await dismissPayment(the.needs, id, why)).toEqual({ kind: 'dismissed' });
    expect(await the.outcome()).toBe('0000');
  });

  test('that a person has looked at again is credited once its payment is there', async () => {
    const { session } = the.buy(BILAN);
    const id = refund(session)['refund.created'] ?? '';
    await the.hear('refund.created', id);
    for (const waitMs of ORDER_WAITS_MS) await the.pass(waitMs);
    await the.hear(COMPLETED, session);
    expect(await the.outcome()).toBe('1111 Q order-missing');
    expect(await retryPayment(the.needs, id, BY)).toEqual({ kind: 'retried', events: 1 });
    await the.work();
    expect(await the.outcome()).toBe('1111 A11');
  });

  test('of an order whose personal data was purged still has its buyer, out of the invoice', async () => {
    const { session } = await paid();
    const { db } = the.books;
    const [invoice] = await the.invoices();
    await sql`alter table orders disable trigger user`.execute(db); // it is not a month old
    await sql`update orders set customer = null, customer_email = null, purged_at = now()
      where id = ${invoice?.orderId}`.execute(db);
    await sql`alter table orders enable trigger user`.execute(db);
    await the.hear('refund.created', refund(session)['refund.created'] ?? '');
    expect(await the.outcome()).toBe('1111 A11');
    expect((await the.creditNotes())[0]?.buyer).toEqual(invoice?.buyer);
    expect(the.mails().at(-1)?.order.customer.email).toBe(invoice?.buyer.email);
  });

  test('whose tax the format would not take is put before a person, and takes no number', async () => {
    const { session } = await paid(of('prod_jpy')); // 500 yen, 83 of them tax
    await the.hear('refund.created', refund(session, 3)['refund.created'] ?? '');
    expect(await the.outcome()).toBe('1111 Q credit-does-not-split');
    expect((await the.quarantined())[0]?.detail).toContain('BR-CO-17');
  });

  test('that Stripe does not know is put before a person under its event', async () => {
    const event = await the.hear('refund.created', 're_00000000000000');
    expect(await the.outcome()).toBe('0000 Q missing-at-stripe');
    expect((await the.quarantined())[0]?.key).toBe(event.id);
  });

  test('whose look fails at every try is not lost, and its payment not blamed', async () => {
    const { session } = the.buy(BILAN);
    const id = refund(session)['refund.created'] ?? '';
    const event = await the.hear('refund.created', id);
    the.stripe.faults.always('rate-limit', { path: `/v1/refunds/${id}` });
    await the.pass(5 * 86_400_000, 3_600_000);
    await the.recover();
    expect(await the.outcome()).toBe('0000 Q keeps-failing');
    expect((await the.quarantined())[0]?.key).toBe(event.id);
    the.stripe.faults.clear();
    await the.hear(COMPLETED, session);
    await retryPayment(the.needs, event.id, BY);
    await the.work();
    expect(await the.outcome()).toBe('1111 A11');
  });
});

describe('a dispute', () => {
  const dispute = (session: string) => disputePayment(store(), intentOf(session), now()).disputeId;

  test.each([
    ['that is lost takes everything back', 'lost', '1111 A11'],
    ['that is won takes nothing back', 'won', '1111'],
  ] as const)('%s', async (_name, verdict, expected) => {
    const { session } = await paid();
    const id = dispute(session);
    await the.hear('charge.dispute.created', id);
    expect(await the.outcome()).toBe('1111');
    closeDispute(store(), id, verdict, now());
    await the.hear('charge.dispute.closed', id);
    expect(await the.outcome()).toBe(expected);
    if (verdict === 'lost') expect((await the.creditNotes())[0]?.cause).toBe('dispute');
  });

  test.each([
    [
      'of a payment that was refunded in full credits nothing',
      undefined,
      '1111 A11',
      '9999 / 9999',
    ],
    ['after a partial refund credits what is left', 40_00, '1111 A22', '4000 / 9999'],
  ] as const)('%s, and tells what is too much', async (_name, amount, credited, detail) => {
    const { session } = await paid();
    await the.hear('refund.created', refund(session, amount)['refund.created'] ?? '');
    const id = dispute(session);
    closeDispute(store(), id, 'lost', now());
    await the.hear('charge.dispute.closed', id);
    await the.hear('charge.dispute.closed', id);
    expect(await the.outcome()).toBe(`${credited} Q exceeds-invoice`);
    expect(await the.quarantined()).toMatchObject([{ key: id, detail }]);
    expect((await gross()).reduce((sum, it) => sum + it, 0)).toBe(99_99);
    expect(the.alerts()).toHaveLength(1);
  });
});

describe('a credit note of Stripe’s', () => {
  const two = { invoiceCreation: true, ...of('prod_bilan', 'prod_libre') };

  test('over one line, as credit for the next invoice, takes back that line alone', async () => {
    const { invoice } = await paid(two);
    const ids = back(creditLine(store(), invoice, 1, now()).events);
    const requests = requestsFrom();
    await the.hear('credit_note.created', ids['credit_note.created'] ?? '');
    expect(requests()).toBe(1);
    const [[sold], [note]] = [await the.invoices(), await the.creditNotes()];
    expect(note?.cause).toBe('credit-note');
    expect(note?.lines).toEqual([sold?.lines[1]]);
    expect(await the.outcome()).toBe('1111 A11');
  });

  test('that is voided before we looked makes nothing, and afterwards a question', async () => {
    const { invoice } = await paid(two);
    const first = back(creditLine(store(), invoice, 1, now()).events)['credit_note.created'] ?? '';
    the.change(first, { status: 'void' });
    await the.hear('credit_note.created', first);
    expect(await the.outcome()).toBe('1111');
    const second = back(creditLine(store(), invoice, 0, now()).events)['credit_note.created'] ?? '';
    await the.hear('credit_note.created', second);
    the.change(second, { status: 'void' });
    await the.hear('credit_note.voided', second);
    expect(await the.outcome()).toBe('1111 A11 Q undone-after-credit');
  });

  test.each([
    ['refund.created', 'credit_note.created'],
    ['credit_note.created', 'refund.created'],
  ])(
    'that gives back a part by card and the rest as credit is two corrections (%s first)',
    async (...types) => {
      const { session } = await paid({ ...BILAN, invoiceCreation: true });
      const ids = refund(session);
      const note = ids['credit_note.created'] ?? '';
      const re = ids['refund.created'] ?? '';
      the.change(re, { amount: 60_00 });
      the.change(note, { refunds: [{ amount_refunded: 60_00, refund: re, type: 'refund' }] });
      for (const type of types) await the.hear(type, ids[type] ?? '');
      const notes = await the.creditNotes();
      expect(notes.map(({ cause, totals }) => [cause, totals.gross]).sort()).toEqual([
        ['credit-note', 39_99],
        ['refund', 60_00],
      ]);
      expect(notes.reduce((sum, { totals }) => sum + totals.vat, 0)).toBe(16_67);
    },
  );

  test('that names a line gives its refund that line, whichever is told of first', async () => {
    for (const types of [
      ['refund.created', 'credit_note.created'],
      ['credit_note.created', 'refund.created'],
    ]) {
      await the.begin();
      const { session, invoice } = await paid(two);
      const re = refund(session, 10_00)['refund.created'] ?? '';
      const note = back(creditLine(store(), invoice, 1, now()).events)['credit_note.created'] ?? '';
      the.change(note, { refunds: [{ amount_refunded: 10_00, refund: re, type: 'refund' }] });
      for (const type of types) await the.hear(type, type === 'refund.created' ? re : note);
      const notes = await the.creditNotes();
      expect(notes.map(({ cause, lines }) => [cause, lines.map((it) => it.productId)])).toEqual([
        ['refund', ['prod_libre']],
      ]);
    }
  });

  test('that lowers what is to be paid waits until it is, and corrects the invoice then', async () => {
    const { invoiceId } = sentInvoice(store(), BILAN, the.books.clock.now());
    const id = back(creditLine(store(), invoiceId, 0, now()).events)['credit_note.created'] ?? '';
    the.change(id, { total: 30_00, type: 'pre_payment', pre_payment_amount: 30_00 });
    const fields = { pre_payment_credit_notes_amount: 30_00, post_payment_credit_notes_amount: 0 };
    the.change(invoiceId, { ...fields, amount_due: 69_99, amount_remaining: 69_99 });
    await the.hear('credit_note.created', id);
    await the.pass(8 * 86_400_000, 86_400_000);
    expect(await the.outcome()).toBe('0000');
    payByCard(store(), invoiceId, the.books.clock.now());
    await the.hear('invoice.paid', invoiceId);
    expect(await the.outcome()).toBe('1111 A11');
    expect((await the.invoices())[0]?.totals.gross).toBe(99_99);
    expect(await gross()).toEqual([30_00]);
  });
});

test('numbers of credit notes have no gap', async () => {
  const numbers = await the.books.db
    .selectFrom('invoice')
    .select(['year', 'ordinal'])
    .where('series', '=', 'AQCA')
    .orderBy('year')
    .orderBy('ordinal')
    .execute();
  for (const ofYear of Map.groupBy(numbers, ({ year }) => year).values()) {
    expect(ofYear.map(({ ordinal }) => ordinal)).toEqual(ofYear.map((_, index) => index + 1));
  }
  expect(numbers.length).toBeGreaterThan(20);
});
