// What was sold in a span of time, and how it went: in all, and bar by bar. Everything is read from
// the orders that were paid in the span, by their index, and from the two messages of each: the
// cost follows the span, never the books. An order counts by the worse of its two messages.

import { type RawBuilder, sql } from 'kysely';
import type { Database } from '#adapters/postgres/database.ts';

/** Orders paid between two instants; `delivered + waiting + failing` are all of them. */
export type Bar = {
  readonly from: Date;
  readonly until: Date;
  readonly delivered: number;
  readonly waiting: number;
  readonly failing: number;
};

export type OverviewFigures = {
  /** Oldest first. */
  readonly bars: readonly Bar[];
  readonly payments: number;
  /** Tax included, minor units; the currency that most was paid in first. */
  readonly amounts: readonly { readonly currency: string; readonly gross: number }[];
  /** Of the messages that were tried: how many arrived at the first try. */
  readonly tried: number;
  readonly firstTry: number;
  /** From Stripe's event, which is dated to the second, to the end of the sending; null: none. */
  readonly email: { readonly median: number; readonly p95: number } | null;
  readonly webhook: { readonly median: number; readonly p99: number } | null;
};

/**
 * The figures of the orders paid from the first of `bounds` to the last; a bar lies between each
 * two. Throws when the database is away.
 */
export async function overviewFigures(
  db: Database,
  bounds: readonly Date[],
): Promise<OverviewFigures> {
  const amounts = await paidAmounts(db, bounds);
  const bars = await countedBars(db, bounds, {
    first: Math.min(...amounts.map(({ first }) => first)),
    last: Math.max(...amounts.map(({ last }) => last)),
  });
  const total = bars.find(({ bar }) => bar === null);
  return {
    bars: bounds.slice(0, -1).map((from, i) => {
      const found = bars.find(({ bar }) => bar === i + 1);
      const { delivered = 0, waiting = 0, failing = 0 } = found ?? {};
      return { from, until: bounds[i + 1] as Date, delivered, waiting, failing };
    }),
    payments: amounts.reduce((all, { payments }) => all + payments, 0),
    amounts: amounts.map(({ currency, gross }) => ({ currency, gross })),
    tried: total?.tried ?? 0,
    firstTry: total?.firstTry ?? 0,
    email: spread(total?.email, ([median, p95]) => ({ median, p95 })),
    webhook: spread(total?.webhook, ([median, p99]) => ({ median, p99 })),
  };
}

type Counted = {
  /** From 1 on; null for all bars together. */
  readonly bar: number | null;
  readonly delivered: number;
  readonly waiting: number;
  readonly failing: number;
  readonly tried: number;
  readonly firstTry: number;
  /** Milliseconds; null without a message that arrived. */
  readonly email: readonly number[] | null;
  readonly webhook: readonly number[] | null;
};

// A document whose printing was given up holds back both messages of its order. Messages are read
// by the range of their orders: left to itself, the planner would read all that ever were.
async function countedBars(
  db: Database,
  bounds: readonly Date[],
  ids: { readonly first: number; readonly last: number },
): Promise<readonly Counted[]> {
  if (ids.last < ids.first) return [];
  const starts = sql`array[${sql.join(bounds.slice(0, -1))}]::timestamptz[]`;
  const { rows } = await sql<Counted>`
    with sold as materialized (${ordersPaid(bounds)}),
    unprinted as materialized (
      select i.order_id from printing p join invoice i on i.number = p.number
      where p.state = 'failed' and i.credit_note_id is null),
    went as (
      select width_bucket(o.paid_at, ${starts}) as bar, e.state as mail, w.state as call,
        (e.attempts > 0)::int + (w.attempts > 0)::int as tried,
        (e.state = 'completed' and e.attempts = 1)::int
          + (w.state = 'completed' and w.attempts = 1)::int as first_try,
        extract(epoch from e.completed_at - o.event_created_at) * 1000 as mail_ms,
        extract(epoch from w.completed_at - o.event_created_at) * 1000 as call_ms,
        o.id in (select order_id from unprinted) as is_unprinted
      from sold o
      join (${messagesOf('email', ids)}) e on e.order_id = o.id
      join (${messagesOf('webhook', ids)}) w on w.order_id = o.id),
    judged as (
      select *, mail = 'completed' and call = 'completed' as is_delivered,
        is_unprinted or mail in ('failed', 'exhausted', 'quarantined')
          or call in ('failed', 'exhausted', 'quarantined') as is_failing
      from went)
    select bar,
      count(*) filter (where is_delivered)::int as delivered,
      count(*) filter (where not is_delivered and not is_failing)::int as waiting,
      count(*) filter (where not is_delivered and is_failing)::int as failing,
      coalesce(sum(tried), 0)::int as tried, coalesce(sum(first_try), 0)::int as "firstTry",
      percentile_cont(array[0.5, 0.95]) within group (order by mail_ms) as email,
      percentile_cont(array[0.5, 0.99]) within group (order by call_ms) as webhook
    from judged group by grouping sets ((bar), ())`.execute(db);
  return rows;
}

function messagesOf(
  channel: 'email' | 'webhook',
  { first, last }: { readonly first: number; readonly last: number },
): RawBuilder<unknown> {
  return sql`select order_id, state, attempts, completed_at from notification
    where credit_note_id is null and channel = ${channel}
      and order_id between ${first} and ${last}`;
}

async function paidAmounts(db: Database, bounds: readonly Date[]) {
  const { rows } = await sql<{
    currency: string;
    gross: number;
    payments: number;
    first: number;
    last: number;
  }>`
    select currency, sum(gross)::bigint as gross, count(*)::int as payments,
      min(first) as first, max(last) as last
    from (select currency, payment_key, sum(gross) as gross, min(id) as first, max(id) as last
      from (${ordersPaid(bounds)}) o group by 1, 2) p
    group by currency order by 3 desc, 1`.execute(db);
  return rows;
}

function ordersPaid(bounds: readonly Date[]): RawBuilder<unknown> {
  return sql`select id, payment_key, currency, gross, paid_at, event_created_at from orders
    where paid_at >= ${bounds[0]} and paid_at < ${bounds.at(-1)}`;
}

function spread<T>(
  given: readonly number[] | null | undefined,
  make: (two: [number, number]) => T,
): T | null {
  const [a, b] = given ?? [];
  return typeof a === 'number' && typeof b === 'number' ? make([a, b]) : null;
}
