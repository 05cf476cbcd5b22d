// Books written straight into the tables, with the right chain, counters, files and records: what
// the audit, the exports and the archive read. The program's own path would need a Stripe and a
// printer for each order; here a hundred thousand documents take a minute. Everything not named in a
// story has one fixed value.

import { createHash, randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { Database } from '#adapters/postgres/database.ts';
import { chainHash, GENESIS_HASH } from '#adapters/postgres/invoices.ts';
import type { FileStore } from '#application/ports.ts';
import type { Customer } from '#domain/customer.ts';
import {
  type CreditCause,
  type CreditNote,
  canonicalText,
  type Invoice,
  issueInvoice,
  type LegalDocument,
} from '#domain/invoice.ts';
import { formatInvoiceNumber, parisDay, type Series, yearOf } from '#domain/invoice-number.ts';
import { cents, currency } from '#domain/money.ts';
import { type OrderLine, type PricedLine, taxLines, totalsOf } from '#domain/order.ts';
import type { PartnerSlug } from '#domain/partner.ts';
import type { PaymentKey } from '#domain/payment-key.ts';
import { pricedLine, sampleSeller } from './invoices.ts';

export type Sale = {
  readonly lines?: readonly PricedLine[];
  readonly buyer?: Partial<Customer>;
  readonly currency?: string;
  readonly paidAt?: Date;
  /** A second after the payment unless given. */
  readonly issuedAt?: Date;
  readonly test?: boolean;
  readonly vatOnDebits?: boolean;
  readonly paymentMethod?: string | null;
};

/** Takes back `share` of each line of the `of`-th sale (from 0). */
export type Credit = {
  readonly of: number;
  readonly share?: number;
  readonly cause?: CreditCause;
  readonly at?: Date;
};

export type Author = {
  /** Every document written so far, in the order of writing. */
  readonly documents: LegalDocument[];
  sell(sales: readonly Sale[]): Promise<readonly Invoice[]>;
  credit(credits: readonly Credit[]): Promise<readonly CreditNote[]>;
};

export const BUYER: Customer = {
  name: 'Marthe Le Goff',
  businessName: null,
  email: 'marthe.le-goff@courriel.example',
  phone: null,
  address: {
    line1: '3 rue des Lices',
    line2: null,
    postalCode: '35000',
    city: 'Rennes',
    state: null,
    country: 'FR',
  },
  vatNumber: null,
};

type Rows = Record<string, Record<string, unknown>[]>;

const BORN_QUEUED = ['printing', 'notification'];

/** Writes into `db`, which must be empty of documents; files (if wanted) go to `files`. */
export async function legalAuthor(
  db: Database,
  options: {
    readonly files?: FileStore;
    readonly fileBytes?: number;
    /** Every file begins so; what follows is the document's own. */
    readonly fileStart?: Uint8Array;
  } = {},
): Promise<Author> {
  const slug = 'cap-fisc' as PartnerSlug;
  const branding = {
    name: 'Cap Fisc',
    color: '#0b7a75',
    contactEmail: null,
    contactPhone: null,
    website: null,
  };
  const partner = { slug, name: branding.name, signing_secret: Buffer.from('sealed') };
  const at = new Date('2020-01-01T00:00:00Z');
  await db
    .insertInto('partner')
    .values({ ...partner, created_at: at, updated_at: at })
    .onConflict((conflict) => conflict.column('slug').doNothing())
    .execute();
  const documents: LegalDocument[] = [];
  const invoices: Invoice[] = [];
  const paidAts: Date[] = [];
  type Head = { series: Series; year: number; ordinal: number; hash: string; issuedAt: Date };
  const heads = new Map<Series, Head>();
  /** One a series and year. */
  const counters = new Map<string, Head>();
  /** What was taken back so far, by invoice and line. */
  const takenBack = new Map<string, { gross: number; vat: number }>();
  let credits = 0;

  function numbered<D extends LegalDocument>(
    rows: Rows,
    series: Series,
    issuedAt: Date,
    build: (given: Pick<D, 'number' | 'issuedAt' | 'issueDay'>) => D,
  ): D {
    const issueDay = parisDay(issuedAt);
    const year = yearOf(issueDay);
    const head = heads.get(series);
    const ordinal = head?.year === year ? head.ordinal + 1 : 1;
    const number = formatInvoiceNumber(series, year, ordinal);
    const document = build({ number, issuedAt: issuedAt.toISOString(), issueDay } as D);
    const content = canonicalText(document);
    const previous_hash = head?.hash ?? GENESIS_HASH;
    const hash = chainHash(previous_hash, content);
    heads.set(series, { series, year, ordinal, hash, issuedAt });
    counters.set(`${series}-${year}`, { series, year, ordinal, hash, issuedAt });
    const credit_note_id = document.kind === 'credit-note' ? document.creditNoteId : null;
    rows.invoice?.push({
      ...{ number, series, year, ordinal, order_id: document.orderId, credit_note_id },
      ...{ issued_at: issuedAt, issue_day: issueDay, content, previous_hash, hash },
    });
    rows.printing?.push({
      ...{ number, state: 'printed', round: 1, failures: 0, interruptions: 0 },
      ended_at: issuedAt,
    });
    const key = `partner_invoices/${number}.pdf`;
    const bytes = fileOf(number, options);
    rows.invoice_pdf?.push({
      ...{ invoice_number: number, key, size_bytes: bytes.byteLength },
      sha256: createHash('sha256').update(bytes).digest('hex'),
      ...{ template_version: 't1', chromium_version: 'c1', stored_at: issuedAt },
    });
    for (const channel of credit_note_id === null ? ['email', 'webhook'] : ['email']) {
      rows.notification?.push({
        ...{ id: randomUUID(), order_id: document.orderId, credit_note_id, channel },
        ...{ partner_slug: slug, state: 'completed', round: 1, round_attempts: 1, attempts: 1 },
        ...{ interruptions: 0, completed_at: issuedAt, created_at: issuedAt },
        released_at: issuedAt,
      });
    }
    documents.push(document);
    return document;
  }

  async function write(rows: Rows): Promise<void> {
    await db.transaction().execute(async (trx) => {
      for (const [table, all] of Object.entries(rows)) {
        // Their triggers let nothing be born printed or delivered.
        const role = BORN_QUEUED.includes(table) ? 'replica' : 'origin';
        await sql`set local session_replication_role = ${sql.lit(role)}`.execute(trx);
        const into = sql.table(table);
        const columns = Object.keys(all[0] ?? {});
        if (columns.length === 0) continue;
        const named = sql.join(columns.map((column) => sql.ref(column)));
        await sql`insert into ${into} (${named}) overriding system value
          select ${named} from json_populate_recordset(null::${into}, ${JSON.stringify(all)})
        `.execute(trx);
      }
      for (const { series, year, ordinal, hash, issuedAt } of counters.values()) {
        await sql`insert into invoice_series as s values
            (${series}, ${year}, ${ordinal}, ${issuedAt}, ${hash})
          on conflict (series, year) do nothing`.execute(trx);
        // The counter goes up by one at a time; here it jumps.
        await sql`set local session_replication_role = replica`.execute(trx);
        await sql`update invoice_series set last_ordinal = ${ordinal},
            last_issued_at = ${issuedAt}, last_hash = ${hash}
          where series = ${series} and year = ${year}`.execute(trx);
      }
    });
    for (const { invoice_number, key } of options.files ? (rows.invoice_pdf ?? []) : []) {
      const bytes = fileOf(String(invoice_number), options);
      await options.files?.put(String(key), bytes, 'application/pdf');
    }
  }

  return {
    documents,
    async sell(sales) {
      const rows: Rows = {
        ...{ stripe_event: [], payment: [], event_outcome: [], orders: [], order_line: [] },
        ...{ invoice: [], invoice_pdf: [], printing: [], notification: [] },
      };
      const made = sales.map((sale) => {
        const id = invoices.length + 1;
        const paidAt = sale.paidAt ?? new Date('2026-11-20T09:05:40Z');
        const issuedAt = sale.issuedAt ?? new Date(paidAt.getTime() + 1000);
        const eventId = `evt_${id}`;
        const paymentKey = `pi_${id}` as PaymentKey;
        const lines = taxLines(sale.lines ?? [pricedLine()]);
        const order = {
          ...{ id, paymentKey, partner: slug, eventId, eventCreatedAt: paidAt, paidAt, lines },
          customer: { ...BUYER, ...sale.buyer },
          currency: currency(sale.currency ?? 'EUR'),
          paymentMethod: sale.paymentMethod === undefined ? 'card' : sale.paymentMethod,
          totals: totalsOf(lines),
        };
        pushPayment(rows, order, sale.test ?? false);
        const invoice = numbered<Invoice>(rows, 'FQCA', issuedAt, (given) =>
          issueInvoice(order, {
            ...given,
            issuedAt,
            paidDay: parisDay(paidAt),
            test: sale.test ?? false,
            seller: { ...sampleSeller, vatOnDebits: sale.vatOnDebits ?? false },
            branding,
          }),
        );
        invoices.push(invoice);
        paidAts.push(paidAt);
        return invoice;
      });
      await write(rows);
      return made;
    },
    async credit(all) {
      const rows: Rows = {
        ...{ correction: [], credit_note: [], credit_note_line: [], invoice: [] },
        ...{ invoice_pdf: [], printing: [], notification: [] },
      };
      const made = all.map(({ of, share = 1, cause = 'refund', at }) => {
        const invoice = invoices[of] as Invoice;
        credits += 1;
        const creditNoteId = credits;
        const correctedAt = at ?? new Date(Date.parse(invoice.issuedAt) + 86_400_000);
        const lines = invoice.lines
          .map((line, index) => {
            const place = `${of}/${index}`;
            const before = takenBack.get(place) ?? { gross: 0, vat: 0 };
            const credited = creditedLine(line, share, before);
            const { gross, vat } = credited;
            takenBack.set(place, { gross: before.gross + gross, vat: before.vat + vat });
            return { position: index + 1, line: credited };
          })
          .filter(({ line }) => line.gross > 0);
        const totals = totalsOf(lines.map(({ line }) => line));
        const { net, vat, gross } = totals;
        const key = `re_${creditNoteId}`;
        rows.correction?.push({
          ...{ key, payment_key: invoice.paymentKey, cause, event_id: `evt_${of + 1}` },
          ...{ currency: invoice.currency, amount: gross, corrected_at: correctedAt },
          recorded_at: correctedAt,
        });
        const order_id = invoice.orderId;
        rows.credit_note?.push({
          ...{ id: creditNoteId, correction_key: key, order_id, net, vat, gross },
        });
        for (const { position, line } of lines) {
          const amounts = { net: line.net, vat: line.vat, gross: line.gross };
          rows.credit_note_line?.push({ credit_note_id: creditNoteId, position, ...amounts });
        }
        const { kind: _kind, paidDay: _paid, ...copied } = invoice;
        return numbered<CreditNote>(rows, 'AQCA', correctedAt, (given) => ({
          ...copied,
          ...given,
          kind: 'credit-note',
          creditNoteId,
          cause,
          creditedInvoice: { number: invoice.number, issueDay: invoice.issueDay },
          refundedDay: parisDay(correctedAt),
          lines: lines.map(({ line }) => line),
          totals,
        }));
      });
      await write(rows);
      return made;
    },
  };
}

function pushPayment(rows: Rows, order: Parameters<typeof issueInvoice>[0], test: boolean): void {
  const { id, paymentKey, eventId, paidAt, customer, totals, lines } = order;
  const key = paymentKey;
  rows.stripe_event?.push({
    ...{ id: eventId, type: 'checkout.session.completed', livemode: !test },
    ...{ created_at: paidAt, received_at: paidAt, body: `{"email":"${customer.email}"}` },
  });
  rows.payment?.push({
    ...{ key, state: 'recorded', event_id: eventId, created_at: paidAt, updated_at: paidAt },
  });
  rows.event_outcome?.push({
    ...{ event_id: eventId, kind: 'recorded', payment_key: key, tries: 0, concluded_at: paidAt },
  });
  rows.orders?.push({
    ...{ id, payment_key: key, partner_slug: order.partner, event_id: eventId },
    ...{ event_created_at: paidAt, customer, customer_email: customer.email },
    ...{ currency: order.currency, paid_at: paidAt, payment_method: order.paymentMethod },
    ...{ net: totals.net, vat: totals.vat, gross: totals.gross, recorded_at: paidAt },
  });
  rows.order_line?.push(
    ...lines.map((line, index) => ({
      ...{ order_id: id, position: index + 1, product_id: line.productId },
      ...{ product_name: line.productName, quantity: line.quantity, net: line.net },
      ...{ vat: line.vat, gross: line.gross, discount: line.discount },
      ...{ rate_basis_points: line.rate, treatment: line.treatment },
    })),
  );
}

/** VAT by difference, so that credit notes together never take back more than there was. */
function creditedLine(
  line: OrderLine,
  share: number,
  before: { readonly gross: number; readonly vat: number },
): OrderLine {
  const gross = cents(Math.min(Math.ceil(line.gross * share), line.gross - before.gross));
  const until = line.gross === 0 ? 0 : (line.vat * (before.gross + gross)) / line.gross;
  const vat = cents(Math.round(until) - before.vat);
  return { ...line, gross, vat, net: cents(gross - vat), discount: cents(0) };
}

/** Bytes that no other document has. */
function fileOf(
  number: string,
  given: { readonly fileBytes?: number; readonly fileStart?: Uint8Array },
): Uint8Array {
  const own = Buffer.alloc(given.fileBytes ?? 64, `%PDF ${number}\n`);
  return given.fileStart ? Buffer.concat([given.fileStart, own]) : own;
}
