// The books as the audit wants them: every legal document beside the rows that repeat a part of it,
// a page by one query that walks the key of the series. Rows that contradict each other without a
// document between them are found by the database itself.

import { sql } from 'kysely';
import type {
  AtOneInstant,
  AuditedCounter,
  AuditedDocument,
  Contradiction,
  Head,
} from '#application/audited-books.ts';
import { inSnapshot, pages, type Snapshot } from './book-snapshot.ts';
import type { Database } from './database.ts';

const PAGE = 500;

/** The books of one instant: a read-only snapshot. */
export function postgresAuditedBooks(db: Database): AtOneInstant {
  return (work) =>
    inSnapshot(db, (at) =>
      work({
        count: () => countDocuments(at),
        documents: () => documentPages(at),
        counters: () => counters(at),
        contradictions: () => pages(at, CONTRADICTIONS, PAGE),
        heads: () => heads(at),
      }),
    );
}

async function countDocuments(at: Snapshot): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*) as n from invoice`.execute(at);
  return rows[0]?.n ?? 0;
}

async function* documentPages(at: Snapshot): AsyncGenerator<readonly AuditedDocument[]> {
  let page = await documentsAfter(at, null);
  while (page.length > 0) {
    const last = page.length < PAGE ? null : (page.at(-1) as AuditedDocument);
    // The next page is on its way while this one is looked at.
    const next = last && documentsAfter(at, last);
    next?.catch(() => {}); // told where it is awaited
    yield page;
    page = (await next) ?? [];
  }
}

/** An instant as text, to the microsecond. */
const EXACT = sql.lit('YYYY-MM-DD"T"HH24:MI:SS.US"Z"');

async function documentsAfter(
  at: Snapshot,
  last: AuditedDocument | null,
): Promise<readonly AuditedDocument[]> {
  const after = last
    ? sql`where (i.series, i.year, i.ordinal) > (${last.series}, ${last.year}, ${last.ordinal})`
    : sql``;
  const { rows } = await sql<AuditedDocument>`
    select i.number, i.series, i.year, i.ordinal, i.order_id as "orderId",
      i.credit_note_id as "creditNoteId", i.content, i.hash, i.previous_hash as "previousHash",
      to_char(i.issued_at at time zone 'UTC', ${EXACT}) as "issuedAt", i.issue_day as "issueDay",
      g.state as printing,
      case when i.credit_note_id is null
        then (select bool_and(n.released_at is not null) from notification n
              where n.order_id = i.order_id and n.credit_note_id is null)
        else (select bool_and(n.released_at is not null) from notification n
              where n.credit_note_id = i.credit_note_id) end as released,
      ${PDF} as pdf, ${ORDER} as order, ${CREDIT_NOTE} as "creditNote",
      case when i.credit_note_id is not null then
        (select json_build_object('number', b.number, 'issueDay', b.issue_day)
          from invoice b where b.order_id = i.order_id and b.credit_note_id is null)
      end as "creditedInvoice"
    from (select * from invoice i ${after} order by i.series, i.year, i.ordinal
          limit ${sql.lit(PAGE)}) i
    left join invoice_pdf p on p.invoice_number = i.number
    left join printing g on g.number = i.number
    left join orders o on o.id = i.order_id
    left join credit_note c on c.id = i.credit_note_id
    left join correction k on k.key = c.correction_key
    order by i.series, i.year, i.ordinal`.execute(at);
  return rows;
}

const PDF = sql`case when p.key is not null then json_build_object(
  'key', p.key, 'sha256', p.sha256, 'sizeBytes', p.size_bytes, 'seal', p.seal,
  'templateVersion', p.template_version, 'chromiumVersion', p.chromium_version,
  'storedAtMicros', (extract(epoch from p.stored_at) * 1000000)::bigint::text) end`;

const ORDER = sql`case when o.id is not null then json_build_object(
  'paymentKey', o.payment_key, 'partner', o.partner_slug, 'currency', o.currency,
  'paidDay', to_char(o.paid_at at time zone 'Europe/Paris', 'YYYY-MM-DD'),
  'paymentMethod', o.payment_method, 'net', o.net, 'vat', o.vat, 'gross', o.gross,
  'customer', o.customer, 'customerEmail', o.customer_email,
  'isPurged', o.purged_at is not null,
  'lines', coalesce((select json_agg(json_build_object(
      'position', l.position, 'productId', l.product_id, 'productName', l.product_name,
      'quantity', l.quantity, 'net', l.net, 'vat', l.vat, 'gross', l.gross,
      'discount', l.discount, 'rate', l.rate_basis_points, 'treatment', l.treatment)
      order by l.position)
    from order_line l where l.order_id = o.id), '[]')) end`;

const CREDIT_NOTE = sql`case when c.id is not null then json_build_object(
  'orderId', c.order_id, 'net', c.net, 'vat', c.vat, 'gross', c.gross,
  'cause', k.cause, 'paymentKey', k.payment_key, 'currency', k.currency,
  'correctedDay', to_char(k.corrected_at at time zone 'Europe/Paris', 'YYYY-MM-DD'),
  'lines', coalesce((select json_agg(json_build_object(
      'position', l.position, 'net', l.net, 'vat', l.vat, 'gross', l.gross) order by l.position)
    from credit_note_line l where l.credit_note_id = c.id), '[]')) end`;

async function counters(at: Snapshot): Promise<readonly AuditedCounter[]> {
  const { rows } = await sql<AuditedCounter>`
    select series, year, last_ordinal as "lastOrdinal", last_hash as "lastHash",
      to_char(last_issued_at at time zone 'UTC', ${EXACT}) as "lastIssuedAt"
    from invoice_series order by series, year`.execute(at);
  return rows;
}

async function heads(at: Snapshot): Promise<readonly Head[]> {
  const { rows } = await sql<Head>`
    select distinct h->>'number' as number, h->>'hash' as hash
    from audit_run r cross join jsonb_array_elements(r.heads) h where r.findings = 0`.execute(at);
  return rows;
}

const CONTRADICTIONS = sql<Contradiction>`
  select 'payment-without-order' as kind, p.key as subject, 'an order' as expected, null as found
  from payment p where p.state = 'recorded'
    and not exists (select from orders o where o.payment_key = p.key)
  union all
  select 'order-without-payment', o.id::text, 'recorded', p.state
  from orders o left join payment p on p.key = o.payment_key
  where p.state is distinct from 'recorded'
  union all
  select 'order-without-invoice', o.id::text, 'an invoice', null
  from orders o where not exists
    (select from invoice i where i.order_id = o.id and i.credit_note_id is null)
  union all
  select 'credit-note-without-document', c.id::text, 'a credit note', null
  from credit_note c where not exists (select from invoice i where i.credit_note_id = c.id)
  union all
  select 'credited-too-much', o.id::text, 'at most ' || o.gross || ' (' || o.vat || ')',
    sum(c.gross) || ' (' || sum(c.vat) || ')'
  from credit_note c join orders o on o.id = c.order_id
  group by o.id having sum(c.gross) > o.gross or sum(c.vat) > o.vat
  union all
  select 'credited-too-much', k.key, 'at most ' || k.amount, sum(c.gross)::text
  from correction k join credit_note c on c.correction_key = k.key
  group by k.key having sum(c.gross) > k.amount
  union all
  select 'record-without-document', p.invoice_number, 'a document', null
  from invoice_pdf p where not exists (select from invoice i where i.number = p.invoice_number)
  union all
  select 'record-without-document', g.number, 'a document', null
  from printing g where not exists (select from invoice i where i.number = g.number)`;
