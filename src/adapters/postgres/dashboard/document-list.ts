// The list of legal documents, invoices and credit notes, by their instant of issue, with where their
// printing stands. Whose they are is written on the order, so a partner with few orders is found by them.

import { type RawBuilder, sql } from 'kysely';
import type { Database } from '#adapters/postgres/database.ts';
import type { PrintingState } from '#domain/printing.ts';
import {
  all,
  cappedCount,
  fewOf,
  type ListSource,
  type Sheet,
  sheetOf,
  type Turn,
} from './keyset-list.ts';

/** `preparing`: its PDF is waited for; `failed`: its printing was given up; `printed`: it is stored. */
export type DocumentTab = 'preparing' | 'failed' | 'printed';

export type DocumentFilter = {
  readonly state: DocumentTab | null;
  readonly kind: 'invoice' | 'credit-note' | null;
  readonly partner: string | null;
  /** Issued from then on, and before then. */
  readonly since: Date | null;
  readonly until: Date | null;
  /** Only these numbers; null for any. */
  readonly numbers: readonly string[] | null;
};

export type DocumentRow = {
  readonly number: string;
  readonly kind: 'invoice' | 'credit-note';
  readonly issuedAt: Date;
  readonly orderId: number;
  readonly partner: string;
  readonly partnerName: string;
  /** Null once personal data was purged: the document itself keeps them. */
  readonly customerName: string | null;
  readonly customerEmail: string | null;
  readonly currency: string;
  /** Minor units; of a credit note, what it takes back. */
  readonly net: number;
  readonly vat: number;
  readonly gross: number;
  readonly printing: PrintingState;
  readonly lastError: string | null;
  readonly nextAttemptAt: Date | null;
  /** Null until the PDF is stored. */
  readonly sizeBytes: number | null;
};

const ROWS = sql`select t.number, t.series, t.order_id, t.credit_note_id, t.issued_at from invoice t`;
const PRINTING = sql`(select p.state from printing p where p.number = t.number)`;

const SHOWN = {
  cells: sql`t.number, case t.series when 'AQCA' then 'credit-note' else 'invoice' end as kind,
    t.issued_at as "issuedAt", t.order_id as "orderId", o.partner_slug as partner,
    o.name as "partnerName", o.customer_name as "customerName",
    o.customer_email as "customerEmail", o.currency,
    coalesce(c.net, o.net) as net, coalesce(c.vat, o.vat) as vat,
    coalesce(c.gross, o.gross) as gross, g.state as printing, g.last_error as "lastError",
    g.next_attempt_at as "nextAttemptAt", f.size_bytes as "sizeBytes"`,
  joins: sql`
    left join lateral (select x.partner_slug, x.customer_email, x.currency, x.net, x.vat, x.gross,
        coalesce(x.customer ->> 'businessName', x.customer ->> 'name') as customer_name, p.name
      from orders x join partner p on p.slug = x.partner_slug where x.id = t.order_id) o on true
    left join lateral (select net, vat, gross from credit_note
      where id = t.credit_note_id) c on true
    left join lateral (select state, last_error, next_attempt_at from printing
      where number = t.number) g on true
    left join lateral (select size_bytes from invoice_pdf
      where invoice_number = t.number) f on true`,
};

export async function documentSheet(
  db: Database,
  filter: DocumentFilter,
  turn: Turn,
): Promise<Sheet<DocumentRow>> {
  return sheetOf(db, await sourceOf(db, filter), turn, SHOWN);
}

/** All rows of the filter for a cursor, newest first. */
export async function documentRows(
  db: Database,
  filter: DocumentFilter,
): Promise<RawBuilder<DocumentRow>> {
  const { indexed, held } = await sourceOf(db, filter);
  return sql<DocumentRow>`select ${SHOWN.cells} from (${ROWS}
    where ${all([...indexed, ...held])}) t ${SHOWN.joins} order by t.issued_at desc, t.number desc`;
}

export type DocumentCounts = {
  /** COUNT_MAX + 1 means more; null where counting would mean looking at everything. */
  readonly all: number | null;
  readonly preparing: number | null;
  readonly failed: number | null;
};

export async function documentCounts(db: Database, given: DocumentFilter): Promise<DocumentCounts> {
  const counted = async (state: DocumentTab | null) => {
    const { indexed, held, isSmall } = await sourceOf(db, { ...given, state });
    if (held.length > 0 && !isSmall) return null;
    const which = sql`${ROWS} where ${all([...indexed, ...held])}`;
    return cappedCount(db, sql`${which} order by t.issued_at desc`);
  };
  const [total, preparing, failed] = await Promise.all([
    counted(null),
    counted('preparing'),
    counted('failed'),
  ]);
  return { all: total, preparing, failed };
}

const STATES = { preparing: ['queued', 'printing'], failed: ['failed'], printed: ['printed'] };

async function sourceOf(db: Database, filter: DocumentFilter): Promise<ListSource> {
  const { state, kind, partner, since, until, numbers } = filter;
  const few = await fewestNumbers(db, filter);
  const ofPartner = sql`(select o.partner_slug from orders o where o.id = t.order_id) = ${partner}`;
  const held = [
    ...(state === null ? [] : [sql`${PRINTING} = any(${STATES[state]}::text[])`]),
    ...(partner === null ? [] : [ofPartner]),
  ];
  return {
    ...{ rows: ROWS, at: sql`t.issued_at`, id: sql`t.number`, idType: 'text' },
    indexed: [
      ...(few ? [sql`t.number = any(${few}::text[])`] : []),
      ...(numbers === null ? [] : [sql`t.number = any(${numbers}::text[])`]),
      ...(kind === null ? [] : [sql`t.series = ${sql.lit(kind === 'invoice' ? 'FQCA' : 'AQCA')}`]),
      ...(since === null ? [] : [sql`t.issued_at >= ${since}`]),
      ...(until === null ? [] : [sql`t.issued_at < ${until}`]),
    ],
    held,
    isSmall: few !== null || numbers !== null || (partner === null && state === 'printed'),
  };
}

/** Numbers of one part of the filter that has few; null when none of its parts has. */
async function fewestNumbers(
  db: Database,
  { state, partner }: DocumentFilter,
): Promise<readonly string[] | null> {
  if (state === 'preparing' || state === 'failed') {
    const waiting = sql.join(
      STATES[state].map(
        (it) => sql`(select number as key from printing where state = ${sql.lit(it)})`,
      ),
      sql` union all `,
    );
    const found = await fewOf<string>(db, waiting);
    if (found) return found;
  }
  if (partner === null) return null;
  const orders = await fewOf<number>(
    db,
    sql`select o.id as key from orders o where o.partner_slug = ${partner}`,
    1_000,
  );
  return (
    orders &&
    fewOf<string>(
      db,
      sql`select i.number as key from invoice i where i.order_id = any(${orders}::bigint[])`,
    )
  );
}
