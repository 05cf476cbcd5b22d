// The list of orders: by the instant of payment, with the state of their three works (document, mail,
// call). What a filter finds few of (trouble, an amount, the beginning of an address) is found by its
// own index first; the rest is held against the list, stretch by stretch.

import { type RawBuilder, sql } from 'kysely';
import type { Database } from '#adapters/postgres/database.ts';
import type { NotificationTable, PrintingTable } from '#adapters/postgres/tables.ts';
import {
  all,
  cappedCount,
  fewOf,
  type ListSource,
  type Sheet,
  sheetOf,
  type Turn,
} from './keyset-list.ts';

/** `attention`: a person must act; `open`: on its way; `delivered`: mail and call have arrived. */
export type OrderState = 'attention' | 'open' | 'delivered';

export type OrderFilter = {
  readonly state: OrderState | null;
  readonly partner: string | null;
  /** Paid from then on, and before then. */
  readonly since: Date | null;
  readonly until: Date | null;
  /** Minor units, both included. */
  readonly least: number | null;
  readonly most: number | null;
  /** The beginning of an address when there is an @ in it; else in a name or an address. */
  readonly text: string;
};

export type OrderRow = {
  readonly id: number;
  readonly paidAt: Date;
  readonly partner: string;
  readonly partnerName: string;
  /** Null once personal data was purged. */
  readonly customerEmail: string | null;
  readonly customerName: string | null;
  readonly isPurged: boolean;
  readonly currency: string;
  /** Minor units. */
  readonly net: number;
  readonly vat: number;
  readonly gross: number;
  readonly invoiceNumber: string;
  readonly printing: PrintingTable['state'];
  readonly email: NotificationTable['state'];
  readonly emailInterruptions: number;
  readonly webhook: NotificationTable['state'];
  readonly webhookInterruptions: number;
  /** What was taken back, minor units; 0 for nothing. */
  readonly credited: number;
};

type Sql = RawBuilder<unknown>;

const ROWS = sql`select t.id, t.paid_at, t.partner_slug, t.customer, t.customer_email, t.purged_at,
  t.currency, t.net, t.vat, t.gross, t.payment_key from orders t`;

const ENDED = sql`('failed', 'exhausted', 'quarantined')`;

// A message that waits for its PDF waits in vain when the printing was given up.
const STATE = sql`(select case
    when bool_or(n.state in ${ENDED}) then 'attention'
    when bool_or(n.released_at is null) and (select p.state from invoice i
      join printing p on p.number = i.number
      where i.order_id = t.id and i.credit_note_id is null) = 'failed' then 'attention'
    when bool_and(n.state = 'completed') then 'delivered'
    else 'open' end
  from notification n where n.order_id = t.id and n.credit_note_id is null)`;

const SHOWN = {
  cells: sql`t.id, t.paid_at as "paidAt", t.partner_slug as partner, p.name as "partnerName",
    t.customer_email as "customerEmail",
    coalesce(t.customer ->> 'businessName', t.customer ->> 'name') as "customerName",
    t.purged_at is not null as "isPurged", t.currency, t.net, t.vat, t.gross,
    d.number as "invoiceNumber", d.state as printing,
    e.state as email, e.interruptions as "emailInterruptions",
    w.state as webhook, w.interruptions as "webhookInterruptions",
    coalesce(c.credited, 0)::bigint as credited`,
  joins: sql`
    left join lateral (select name from partner where slug = t.partner_slug) p on true
    left join lateral (select i.number, g.state from invoice i join printing g on g.number = i.number
      where i.order_id = t.id and i.credit_note_id is null) d on true
    left join lateral (select state, interruptions from notification n where n.order_id = t.id
      and n.channel = 'email' and n.credit_note_id is null) e on true
    left join lateral (select state, interruptions from notification n where n.order_id = t.id
      and n.channel = 'webhook' and n.credit_note_id is null) w on true
    left join lateral (select sum(gross) as credited from credit_note
      where order_id = t.id) c on true`,
};

export async function orderSheet(
  db: Database,
  filter: OrderFilter,
  turn: Turn,
): Promise<Sheet<OrderRow>> {
  return sheetOf(db, await sourceOf(db, filter), turn, SHOWN);
}

/** All rows of the filter for a cursor, newest first. */
export function orderRows(filter: OrderFilter): RawBuilder<OrderRow> {
  const conditions = [...keyConditions(filter), ...heldConditions(filter)];
  return sql<OrderRow>`select ${SHOWN.cells} from (${ROWS} where ${all(conditions)}) t
    ${SHOWN.joins} order by t.paid_at desc, t.id desc`;
}

export type OrderCounts = {
  /** COUNT_MAX + 1 means more; null where counting would mean looking at everything. */
  readonly all: number | null;
  readonly attention: number | null;
  readonly open: number | null;
};

/** How many the filter has, and of them how many in which state; the filter's own state is left out. */
export async function orderCounts(db: Database, given: OrderFilter): Promise<OrderCounts> {
  const filter = { ...given, state: null };
  const source = await sourceOf(db, filter);
  const isCounted = source.held.length === 0 || source.isSmall;
  const whole = sql`${source.rows} where ${all([...source.indexed, ...source.held])}`;
  const [troubled, moving] = await Promise.all([
    stateIds(db, 'attention', filter.partner),
    stateIds(db, 'open', filter.partner),
  ]);
  const few = async (state: 'attention' | 'open', ids: readonly number[] | null) => {
    if (!ids) return hasNoMore(filter) ? cappedCount(db, stateKeys(state, filter.partner)) : null;
    if (ids.length === 0) return 0;
    const conditions = [sql`t.id = any(${ids}::bigint[])`, ...keyConditions(filter)];
    return cappedCount(db, sql`${ROWS} where ${all([...conditions, ...heldConditions(filter)])}`);
  };
  const inTrouble = new Set(troubled);
  const isKnown = troubled !== null && moving !== null;
  const [total, attention, open] = await Promise.all([
    isCounted ? cappedCount(db, sql`${whole} order by t.paid_at desc`) : null,
    few('attention', troubled),
    few('open', isKnown ? moving.filter((id) => !inTrouble.has(id)) : null),
  ]);
  return { all: total, attention, open };
}

function hasNoMore({ since, until, least, most, text }: OrderFilter): boolean {
  return [since, until, least, most].every((it) => it === null) && text === '';
}

async function sourceOf(db: Database, filter: OrderFilter): Promise<ListSource> {
  const list = { rows: ROWS, at: sql`t.paid_at`, id: sql`t.id`, idType: 'bigint' } as const;
  const held = heldConditions(filter);
  const ids = await fewestIds(db, filter);
  if (ids) {
    const indexed = [sql`t.id = any(${ids}::bigint[])`, ...keyConditions(filter)];
    return { ...list, indexed, held, isSmall: true };
  }
  return { ...list, indexed: keyConditions(filter), held, isSmall: false };
}

/** Ids of one part of the filter that has few; null when none of its parts has. */
async function fewestIds(db: Database, filter: OrderFilter): Promise<readonly number[] | null> {
  const { state, partner, least, most, text } = filter;
  if (text.includes('@')) {
    const byEmail = await fewOf<number>(
      db,
      sql`select t.id as key from orders t where ${startsWith(text)}`,
    );
    if (byEmail) return byEmail;
  }
  if (least !== null || most !== null) {
    const byAmount = await fewOf<number>(
      db,
      sql`select t.id as key from orders t where ${all(amountConditions(filter))}`,
      1_000,
    );
    if (byAmount) return byAmount;
  }
  return state === 'attention' || state === 'open' ? stateIds(db, state, partner) : null;
}

function stateIds(
  db: Database,
  state: 'attention' | 'open',
  partner: string | null,
): Promise<readonly number[] | null> {
  return fewOf<number>(db, stateKeys(state, partner));
}

/** Orders that may be in that state; some are in another by now, or by their other message. */
function stateKeys(state: 'attention' | 'open', partner: string | null): Sql {
  const ofPartner = partner === null ? sql`true` : sql`n.partner_slug = ${partner}`;
  if (state === 'open') {
    return sql`select n.order_id as key from notification n
      where n.state in ('queued', 'sending') and n.credit_note_id is null and ${ofPartner}`;
  }
  return sql`(select n.order_id as key from notification n
      where n.state in ${ENDED} and n.credit_note_id is null and ${ofPartner})
    union all (select i.order_id from printing g join invoice i on i.number = g.number
      where g.state = 'failed' and i.credit_note_id is null)`;
}

function keyConditions({ partner, since, until }: OrderFilter): readonly Sql[] {
  return [
    ...(partner === null ? [] : [sql`t.partner_slug = ${partner}`]),
    ...(since === null ? [] : [sql`t.paid_at >= ${since}`]),
    ...(until === null ? [] : [sql`t.paid_at < ${until}`]),
  ];
}

function heldConditions(filter: OrderFilter): readonly Sql[] {
  const { state, text } = filter;
  return [
    ...amountConditions(filter),
    ...(text === '' ? [] : [text.includes('@') ? startsWith(text) : contains(text)]),
    ...(state === null ? [] : [sql`${STATE} = ${state}`]),
  ];
}

function amountConditions({ least, most }: OrderFilter): readonly Sql[] {
  return [
    ...(least === null ? [] : [sql`t.gross >= ${least}`]),
    ...(most === null ? [] : [sql`t.gross <= ${most}`]),
  ];
}

/** That the customer's address begins so. */
export function startsWith(text: string): Sql {
  const pattern = `${text.toLowerCase().replace(/[\\%_]/g, '\\$&')}%`;
  return sql`lower(t.customer_email) like ${pattern}`;
}

function contains(text: string): Sql {
  return sql`position(lower(${text}) in lower(concat_ws(e'\n', t.customer ->> 'name',
    t.customer ->> 'businessName', t.customer_email))) > 0`;
}
