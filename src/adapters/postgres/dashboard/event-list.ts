// The list of Stripe's events as they came in, with what was decided on each. What is open or stopped
// has an index of its own; the rest is the stream itself, newest first.

import { type RawBuilder, sql } from 'kysely';
import type { Database } from '#adapters/postgres/database.ts';
import type { EventOutcomeTable } from '#adapters/postgres/tables.ts';
import {
  all,
  cappedCount,
  fewOf,
  type ListSource,
  type Sheet,
  sheetOf,
  type Turn,
} from './keyset-list.ts';

export type EventKind = EventOutcomeTable['kind'];

export type EventFilter = {
  readonly kind: EventKind | null;
  readonly type: string | null;
  /** Received from then on, and before then. */
  readonly since: Date | null;
  readonly until: Date | null;
  /** The id of an event, of its object or of its payment, whole; empty for any. */
  readonly text: string;
};

export type EventRow = {
  readonly id: string;
  readonly type: string;
  readonly receivedAt: Date;
  readonly createdAt: Date;
  readonly objectId: string | null;
  readonly kind: EventKind;
  readonly reason: string | null;
  readonly paymentKey: string | null;
  readonly paymentState: 'waiting' | 'quarantined' | 'recorded' | 'dismissed' | null;
  readonly paymentDetail: string | null;
  readonly orderIds: readonly number[];
};

const ROWS = sql`select t.id, t.type, t.received_at, t.created_at, t.object_id from stripe_event t`;
const KIND = sql`(select x.kind from event_outcome x where x.event_id = t.id)`;

const SHOWN = {
  cells: sql`t.id, t.type, t.received_at as "receivedAt", t.created_at as "createdAt",
    t.object_id as "objectId", coalesce(x.kind, 'pending') as kind, x.reason,
    x.payment_key as "paymentKey", x.state as "paymentState", x.detail as "paymentDetail",
    array(select o.id::float8 from orders o where o.payment_key = x.payment_key
      union select c.order_id::float8 from credit_note c where c.correction_key = x.payment_key
      order by 1) as "orderIds"`,
  joins: sql`left join lateral (select x.kind, x.reason, x.payment_key, p.state, p.detail
    from event_outcome x left join payment p on p.key = x.payment_key
    where x.event_id = t.id) x on true`,
};

export async function eventSheet(
  db: Database,
  filter: EventFilter,
  turn: Turn,
): Promise<Sheet<EventRow>> {
  return sheetOf(db, await sourceOf(db, filter), turn, SHOWN);
}

/** All rows of the filter for a cursor, newest first. */
export async function eventRows(db: Database, filter: EventFilter): Promise<RawBuilder<EventRow>> {
  const { indexed, held } = await sourceOf(db, filter);
  return sql<EventRow>`select ${SHOWN.cells} from (${ROWS}
    where ${all([...indexed, ...held])}) t ${SHOWN.joins} order by t.received_at desc, t.id desc`;
}

export type EventCounts = Readonly<
  Record<'all' | 'pending' | 'wait' | 'quarantine', number | null>
>;

/** Null where counting would mean looking at everything; COUNT_MAX + 1 means more. */
export async function eventCounts(db: Database, given: EventFilter): Promise<EventCounts> {
  const counted = async (kind: EventKind | null) => {
    const { indexed, held, isSmall } = await sourceOf(db, { ...given, kind });
    if (held.length > 0 && !isSmall) return null;
    const which = sql`${ROWS} where ${all([...indexed, ...held])}`;
    return cappedCount(db, sql`${which} order by t.received_at desc`);
  };
  const [total, pending, wait, quarantine] = await Promise.all([
    counted(null),
    counted('pending'),
    counted('wait'),
    counted('quarantine'),
  ]);
  return { all: total, pending, wait, quarantine };
}

async function sourceOf(db: Database, filter: EventFilter): Promise<ListSource> {
  const { kind, type, since, until, text } = filter;
  const few = await fewestIds(db, filter);
  const ids = text === '' ? few : await idsNamed(db, text);
  return {
    ...{ rows: ROWS, at: sql`t.received_at`, id: sql`t.id`, idType: 'text' },
    indexed: [
      ...(ids ? [sql`t.id = any(${ids}::text[])`] : []),
      ...(since === null ? [] : [sql`t.received_at >= ${since}`]),
      ...(until === null ? [] : [sql`t.received_at < ${until}`]),
    ],
    held: [
      ...(kind === null ? [] : [sql`${KIND} = ${kind}`]),
      ...(type === null ? [] : [sql`t.type = ${type}`]),
    ],
    isSmall: ids !== null,
  };
}

const OPEN = { pending: 'pending', wait: 'wait', quarantine: 'quarantine' } as const;

async function fewestIds(db: Database, { kind }: EventFilter): Promise<readonly string[] | null> {
  if (kind === null || !Object.hasOwn(OPEN, kind)) return null;
  return fewOf<string>(
    db,
    sql`select event_id as key from event_outcome where kind = ${sql.lit(kind)}`,
  );
}

/** Events that are the named one, or about the named object or payment. */
export async function idsNamed(db: Database, name: string): Promise<readonly string[]> {
  const found = await fewOf<string>(
    db,
    sql`(select id as key from stripe_event where id = ${name})
      union (select id from stripe_event where object_id = ${name})
      union (select event_id from event_outcome where payment_key = ${name})`,
  );
  return found ?? [];
}

/** As it was received; null with the day when it was erased. */
export async function eventBody(
  db: Database,
  id: string,
): Promise<{ readonly body: string | null; readonly purgedAt: Date | null }> {
  return db
    .selectFrom('stripe_event')
    .select(['body', 'purged_at as purgedAt'])
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
}
