// Which notifications are claimed next: those that are due, whose PDF is stored, and which have room.
// The pump's two queries, apart from the rest because the cap per partner hangs on how they are
// written.

import { sql, type Transaction } from 'kysely';
import type { Notifications } from '#application/ports.ts';
import type { NotificationIn } from '#domain/notification.ts';
import { notificationOf } from './notifications.ts';
import type { Row, Tables } from './tables.ts';

type Due = Awaited<ReturnType<Notifications['takeDue']>>;

// Named one by one: their statements are prepared, and a later release may add columns.
const NAMES = [
  ...['id', 'order_id', 'credit_note_id', 'channel', 'state', 'round', 'round_attempts'],
  ...['attempts', 'interruptions', 'next_attempt_at', 'lease_token', 'lease_holder'],
  ...['lease_until', 'completed_at', 'ended_at', 'created_at', 'partner_slug', 'released_at'],
];
const COLUMNS = sql.raw(NAMES.map((name) => `n.${name}`).join(', '));
const PICKED = sql.raw(NAMES.map((name) => `picked.${name}`).join(', '));

/** Mails whose time has come, longest due first. */
export async function takeDueMail(
  trx: Transaction<Tables>,
  now: Date,
  limit: number,
): Promise<Due> {
  const { rows } = await sql<Row<'notification'>>`
    select ${COLUMNS} from notification n
    where n.state = 'queued' and n.channel = 'email' and n.released_at is not null
      and n.next_attempt_at <= ${now}
    order by n.next_attempt_at limit ${limit} for update skip locked`.execute(trx);
  return { due: rows.map(queuedOf), skipped: false };
}

// Two statements on purpose: the second has a snapshot of its own, taken after the partners' rows
// were locked. In one, the count would still see what was under way before the lock was granted, and
// the cap would break (traps.md §4). `no key update`, because a new order's foreign key asks for the
// partner's row, too, and must not wait for us. A partner that is seen to have no room is not even locked:
// one that hangs has work due at every look, and would have other claims skip it and look again. Whoever
// ends one of its calls looks after that.
export async function takeDueCalls(
  trx: Transaction<Tables>,
  now: Date,
  { limit, perPartner }: { readonly limit: number; readonly perPartner: number },
): Promise<Due> {
  const partners = await sql<{ slug: string | null; skipped: boolean }>`
    with due as materialized (
      select p.slug from partner p where exists (
        select from notification n where n.partner_slug = p.slug and n.channel = 'webhook'
          and n.state = 'queued' and n.released_at is not null and n.next_attempt_at <= ${now})
        and (select count(*) from notification n where n.partner_slug = p.slug
          and n.channel = 'webhook' and n.state = 'sending') < ${perPartner}
    ), locked as materialized (
      select p.slug from partner p where p.slug in (select slug from due)
      order by p.slug for no key update of p skip locked
    )
    select slug, false as skipped from locked
    union all
    select null, true where (select count(*) from due) > (select count(*) from locked)`.execute(
    trx,
  );
  const slugs = partners.rows.flatMap(({ slug }) => (slug === null ? [] : [slug]));
  const skipped = partners.rows.some((row) => row.skipped);
  if (slugs.length === 0) return { due: [], skipped };
  const { rows } = await sql<Row<'notification'>>`
    with room as materialized (
      select slug, ${perPartner}::int - (select count(*) from notification n
        where n.partner_slug = slug and n.channel = 'webhook' and n.state = 'sending') as free
      from unnest(${slugs}::text[]) given(slug)
    )
    select ${PICKED} from room cross join lateral (
      select ${COLUMNS} from notification n where n.partner_slug = room.slug and n.channel = 'webhook'
        and n.state = 'queued' and n.released_at is not null and n.next_attempt_at <= ${now}
      order by n.next_attempt_at limit greatest(0, room.free) for update skip locked
    ) picked
    order by picked.next_attempt_at limit ${limit}`.execute(trx);
  return { due: rows.map(queuedOf), skipped };
}

function queuedOf(row: Row<'notification'>): NotificationIn<'queued'> {
  const it = notificationOf(row);
  if (it.state !== 'queued') throw new Error(`notification ${it.id} is ${it.state}`);
  return it;
}
