// Fills an empty, migrated database with the books of years: what a bench and the plans of queries need.
// The legal half comes from the domain's own functions and the rest from set-based SQL. Triggers and
// foreign keys rest while it works (the session says it replicates), for their moves cannot be made a
// million times; the table's checks hold, and the audit finds nothing afterwards.

import { createHash } from 'node:crypto';
import pg from 'pg';
import { apiKeyPlace, signingSecretPlace } from '#adapters/postgres/sealed-secrets.ts';
import { secretBox } from '#adapters/secret-box.ts';
import type { Order } from '#domain/order.ts';
import { type Cell, copyRows, type RowCopy } from './copy-rows.ts';
import { derivedSteps, stepText } from './derived-rows.ts';
import {
  CORRECTION_COLUMNS,
  CREDIT_LINE_COLUMNS,
  CREDIT_NOTE_COLUMNS,
  creditRows,
  INVOICE_COLUMNS,
  invoiceRow,
  type LegalBook,
  legalBook,
  type Refund,
  refundOf,
} from './legal-rows.ts';
import { oddStatements } from './odd-rows.ts';
import { PARTNERS, type Plan, soldOrder } from './sold-orders.ts';

/** What opens the partners' secrets: put it into SECRETS_KEY (base64) to work on these books. */
export const GROWN_SECRETS_KEY: Buffer = Buffer.alloc(32, 7);

export type OnGrown = (step: string, done: number, of: number) => void;

/** Small enough that mails and calls of one time lie near each other, as in life. */
const RANGE = 5_000;

/** Throws when the database holds orders, or its user is no superuser. */
export async function growBooks(
  url: string,
  plan: Plan,
  onGrown: OnGrown = () => {},
): Promise<void> {
  const clients = await Promise.all(Array.from({ length: 3 }, () => loadingClient(url)));
  const [client] = clients as [pg.Client, ...pg.Client[]];
  try {
    const { rows } = await client.query('select from orders limit 1');
    if (rows.length > 0) throw new Error('the database has orders; it must be empty');
    await addPartners(client);
    const indexes = await dropIndexes(client);
    await sell(clients, plan, onGrown);
    await derive(client, plan, onGrown);
    for (const [at, statement] of indexes.entries()) {
      onGrown('indexes', at, indexes.length);
      await client.query(statement);
    }
    onGrown('statistics', 0, 1);
    await client.query('vacuum (analyze)');
    onGrown('statistics', 1, 1);
  } finally {
    await Promise.all(clients.map((it) => it.end()));
  }
}

async function loadingClient(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`set session_replication_role = replica; set synchronous_commit = off;
    set maintenance_work_mem = '256MB'; set work_mem = '64MB'; set timezone = 'UTC'`);
  return client;
}

/** The forty partners of grown books, with their sealed secrets. */
export async function addPartners(client: pg.Client): Promise<void> {
  const box = secretBox(GROWN_SECRETS_KEY);
  for (const { slug, branding } of PARTNERS) {
    await client.query(
      `insert into partner (slug, name, color, contact_email, website, staging_url, production_url,
        api_key, signing_secret, created_at, updated_at)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)`,
      [
        ...[slug, branding.name, branding.color, branding.contactEmail, branding.website],
        ...[`https://essai.${slug}.example/commandes`, `https://${slug}.example/commandes`],
        box.seal(`cle-${slug}`.padEnd(40, '0'), apiKeyPlace(slug)),
        box.seal(
          `whsec_${createHash('sha256').update(slug).digest('base64')}`,
          signingSecretPlace(slug),
        ),
        new Date('2020-01-01T00:00:00Z'),
      ],
    );
  }
}

/** Returns what makes them again: an index built once costs a fraction of one that grows. */
async function dropIndexes(client: pg.Client): Promise<readonly string[]> {
  const { rows } = await client.query<{ drop: string; make: string }>(`
    select format('drop index %s', i.indexrelid::regclass) as drop, pg_get_indexdef(i.indexrelid) as make
    from pg_index i join pg_class t on t.oid = i.indrelid
    where t.relnamespace = 'public'::regnamespace
      and not exists (select from pg_constraint c where c.conindid = i.indexrelid)
      -- The rows that follow from orders are found by it.
      and i.indexrelid::regclass::text <> 'invoice_by_order'`);
  for (const { drop } of rows) await client.query(drop);
  return rows.map(({ make }) => make);
}

async function sell(clients: readonly pg.Client[], plan: Plan, onGrown: OnGrown): Promise<void> {
  const [first, second, third] = clients as [pg.Client, pg.Client, pg.Client];
  const [orders, lines, invoices] = await Promise.all([
    copyRows(first, 'orders', ORDER_COLUMNS),
    copyRows(second, 'order_line', LINE_COLUMNS),
    copyRows(third, 'invoice', INVOICE_COLUMNS),
  ]);
  const book = legalBook();
  const refunds: Refund[] = [];
  for (let id = 1; id <= plan.orders; id += 1) {
    const order = soldOrder(id, plan);
    const { document, cells } = invoiceRow(book, order);
    await orders.add(orderCells(order));
    for (const row of lineCells(order)) await lines.add(row);
    await invoices.add(cells);
    const refund = refundOf(order, document);
    if (refund && refund.at < plan.until) refunds.push(refund);
    if (id % 1000 === 0) onGrown('orders', id, plan.orders);
  }
  await credit({ first, second, invoices }, book, refunds, async () => {
    await Promise.all([orders.end(), lines.end()]);
  });
  await invoices.end();
  for (const { series, year, ordinal, issuedAt, hash } of book.counters()) {
    const values = [series, year, ordinal, issuedAt, hash];
    await first.query('insert into invoice_series values ($1, $2, $3, $4, $5)', values);
  }
  await first.query(`
    select setval(pg_get_serial_sequence('orders', 'id'), (select max(id) from orders));
    select setval(pg_get_serial_sequence('credit_note', 'id'), coalesce(max(id), 1)) from credit_note;
    analyze orders; analyze invoice; analyze credit_note`);
}

async function credit(
  to: { readonly first: pg.Client; readonly second: pg.Client; readonly invoices: RowCopy },
  book: LegalBook,
  refunds: readonly Refund[],
  endOrders: () => Promise<void>,
): Promise<void> {
  const made = refunds
    .toSorted((a, b) => a.at.getTime() - b.at.getTime())
    .map((refund, at) => creditRows(book, refund, at + 1));
  for (const { invoice } of made) await to.invoices.add(invoice);
  await endOrders();
  const corrections = await copyRows(to.first, 'correction', CORRECTION_COLUMNS);
  const notes = await copyRows(to.second, 'credit_note', CREDIT_NOTE_COLUMNS);
  for (const { correction, creditNote } of made) {
    await corrections.add(correction);
    await notes.add(creditNote);
  }
  await Promise.all([corrections.end(), notes.end()]);
  const lines = await copyRows(to.first, 'credit_note_line', CREDIT_LINE_COLUMNS);
  for (const row of made.flatMap((it) => it.lines)) await lines.add(row);
  await lines.end();
}

async function derive(client: pg.Client, plan: Plan, onGrown: OnGrown): Promise<void> {
  for (const step of derivedSteps(plan.eventsPerOrder)) {
    const size = step.of === 'invoices' ? RANGE : plan.orders;
    for (let first = 1; first <= plan.orders; first += size) {
      const last = Math.min(first + size - 1, plan.orders);
      await client.query(stepText(step, { first, last }, plan));
      onGrown(step.what, last, plan.orders);
    }
    if (step.what === 'messages') await client.query('analyze notification');
  }
  const odd = oddStatements(plan);
  for (const [at, statement] of odd.entries()) {
    onGrown('odd rows', at, odd.length);
    await client.query(statement);
  }
}

const ORDER_COLUMNS = [
  ...['id', 'payment_key', 'partner_slug', 'event_id', 'event_created_at', 'customer'],
  ...['customer_email', 'currency', 'paid_at', 'payment_method', 'net', 'vat', 'gross'],
  'recorded_at',
];

function orderCells(order: Order): readonly Cell[] {
  const { totals, customer } = order;
  return [
    ...[order.id, order.paymentKey, order.partner, order.eventId, order.eventCreatedAt],
    ...[JSON.stringify(customer), customer.email, order.currency, order.paidAt],
    ...[order.paymentMethod, totals.net, totals.vat, totals.gross],
    new Date(order.paidAt.getTime() + 800),
  ];
}

const LINE_COLUMNS = [
  ...['order_id', 'position', 'product_id', 'product_name', 'quantity', 'net', 'vat', 'gross'],
  ...['discount', 'rate_basis_points', 'treatment'],
];

function lineCells({ id, lines }: Order): readonly (readonly Cell[])[] {
  return lines.map((line, index) => [
    ...[id, index + 1, line.productId, line.productName, line.quantity],
    ...[line.net, line.vat, line.gross, line.discount, line.rate, line.treatment],
  ]);
}
