// Many notifications in one statement: released when their document is stored, and concluded when their
// attempts have ended. Who holds the lease is asked by the statement that writes, so that no result
// that comes too late can change anything, and no lock has to be taken before.

import { sql, type Transaction } from 'kysely';
import type { AttemptReport, ConcludedAttempt, DocumentOf } from '#application/ports.ts';
import type { Channel } from '#domain/notification.ts';
import type { Tables } from './tables.ts';

type Released = readonly { readonly id: string; readonly channel: Channel }[];

/** Those of the documents' notifications that waited for their PDF. */
export async function releaseAll(
  trx: Transaction<Tables>,
  documents: readonly (DocumentOf & { readonly place: string | null })[],
  at: Date,
): Promise<Released> {
  const invoices = documents.filter((it) => it.creditNoteId === null);
  const notes = documents.filter((it) => it.creditNoteId !== null);
  // Two spellings, one index each: `is not distinct from` would read the whole table.
  const ofInvoices = sql`n.order_id = g.document_id and n.credit_note_id is null`;
  const ofNotes = sql`n.credit_note_id = g.document_id`;
  return [
    ...(await release(trx, invoices, { at, is: ofInvoices })),
    ...(await release(trx, notes, { at, is: ofNotes })),
  ];
}

async function release(
  trx: Transaction<Tables>,
  documents: readonly (DocumentOf & { readonly place: string | null })[],
  { at, is }: { readonly at: Date; readonly is: ReturnType<typeof sql> },
): Promise<Released> {
  if (documents.length === 0) return [];
  const ids = documents.map((it) => it.creditNoteId ?? it.orderId);
  // Document by document (`offset 0` keeps it so): planned as one join while the tables are new, it reads the
  // index from end to end for ever after.
  const { rows } = await sql<Released[number]>`
    with waiting as materialized (
      select found.id, g.place
      from unnest(${ids}::bigint[], ${documents.map((it) => it.place)}::text[]) g (document_id, place)
      cross join lateral (
        select n.id from notification n where ${is} and n.released_at is null offset 0
      ) found
    )
    update notification n set released_at = ${at}, trace_parent = waiting.place
    from waiting where n.id = waiting.id and n.released_at is null
    returning n.id, n.channel`.execute(trx);
  return rows;
}

/** The ids of those whose lease was still the attempt's. Each of them has its attempt closed. */
export async function concludeAttempts(
  trx: Transaction<Tables>,
  concluded: readonly ConcludedAttempt[],
  at: Date,
): Promise<ReadonlySet<string>> {
  const of = <T>(pick: (it: ConcludedAttempt) => T) => concluded.map(pick);
  const told = <T>(pick: (report: AttemptReport) => T) => of(({ report }) => pick(report));
  const { rows } = await sql<{ id: string }>`
    with given as materialized (
      select * from unnest(
        ${of(({ sent }) => sent.id)}::uuid[], ${of(({ sent }) => sent.leaseToken)}::uuid[],
        ${of(({ sent }) => sent.attempts)}::int[], ${of(({ next }) => next.state)}::text[],
        ${of(({ next }) => next.round)}::int[], ${of(({ next }) => next.roundAttempts)}::int[],
        ${of(({ next }) => next.interruptions)}::int[],
        ${of(({ next }) => ('nextAttemptAt' in next ? next.nextAttemptAt : null))}::timestamptz[],
        ${of(({ next }) => ('completedAt' in next ? next.completedAt : null))}::timestamptz[],
        ${of(({ next }) => ('endedAt' in next ? next.endedAt : null))}::timestamptz[],
        ${told((it) => it.outcome)}::text[], ${told((it) => it.statusCode)}::int[],
        ${told((it) => it.detail)}::text[],
        ${told((it) => Math.round(it.durationMs))}::int[],
        ${told((it) => it.request?.url ?? null)}::text[],
        ${told((it) => textOf(it.request?.headers))}::jsonb[],
        ${told((it) => it.request?.body ?? null)}::text[],
        ${told((it) => textOf(it.response?.headers))}::jsonb[],
        ${told((it) => it.response?.body ?? null)}::text[],
        ${told((it) => it.response?.truncated ?? null)}::boolean[],
        ${told((it) => it.messageId)}::text[]
      ) g (id, token, number, state, round, round_attempts, interruptions, next_attempt_at,
        completed_at, ended_at, outcome, status_code, detail, duration_ms, request_url,
        request_headers, request_body, response_headers, response_body, response_truncated,
        message_id)
    ), moved as (
      update notification n set state = g.state, round = g.round,
        round_attempts = g.round_attempts, interruptions = g.interruptions,
        next_attempt_at = g.next_attempt_at, completed_at = g.completed_at,
        ended_at = g.ended_at, lease_token = null, lease_holder = null, lease_until = null
      from given g
      where n.id = g.id and n.state = 'sending' and n.lease_token = g.token
      returning n.id
    ), closed as (
      update attempt a set ended_at = ${at}, outcome = g.outcome, status_code = g.status_code,
        detail = g.detail, duration_ms = g.duration_ms, request_url = g.request_url,
        request_headers = g.request_headers, request_body = g.request_body,
        response_headers = g.response_headers, response_body = g.response_body,
        response_truncated = g.response_truncated, message_id = g.message_id
      from given g join moved using (id)
      where a.notification_id = g.id and a.number = g.number and a.ended_at is null
    )
    select id from moved`.execute(trx);
  return new Set(rows.map(({ id }) => id));
}

function textOf(headers: Readonly<Record<string, string>> | undefined): string | null {
  return headers === undefined ? null : JSON.stringify(headers);
}
