// The printing of documents as rows: the union of the domain becomes nullable columns and back, as
// with notifications, and the table's checks refuse any row that is not one of its states.

import { sql, type Transaction } from 'kysely';
import type { Printings } from '#application/ports.ts';
import type { InvoiceNumber } from '#domain/invoice-number.ts';
import type { Printing, PrintingIn } from '#domain/printing.ts';
import type { Row, Tables } from './tables.ts';

export function postgresPrintings(trx: Transaction<Tables>): Printings {
  return {
    async lock(number) {
      const row = await trx
        .selectFrom('printing')
        .selectAll()
        .where('number', '=', number)
        .forUpdate()
        .executeTakeFirst();
      return row ? printingOf(row) : null;
    },

    async save(printing) {
      const { number, ...changes } = rowOf(printing);
      await trx.updateTable('printing').set(changes).where('number', '=', number).execute();
    },

    async takeDue(now, limit) {
      const { rows } = await sql<Row<'printing'>>`
        select number, state, round, failures, interruptions, next_attempt_at, lease_token,
          lease_holder, lease_until, last_error, ended_at
        from printing where state = 'queued' and next_attempt_at <= ${now}
        order by next_attempt_at limit ${limit} for update skip locked`.execute(trx);
      return rows.map(printingOf).filter((it) => it.state === 'queued');
    },

    async begin(printings) {
      if (printings.length === 0) return;
      const of = <T>(pick: (it: PrintingIn<'printing'>) => T) => printings.map(pick);
      await sql`
        update printing p set state = 'printing', next_attempt_at = null,
          lease_token = g.token, lease_holder = g.holder, lease_until = g.until
        from unnest(
          ${of((it) => it.number)}::text[], ${of((it) => it.leaseToken)}::uuid[],
          ${of((it) => it.leaseHolder)}::text[], ${of((it) => it.leaseUntil)}::timestamptz[]
        ) g (number, token, holder, until)
        where p.number = g.number`.execute(trx);
    },

    async endAll(ended) {
      const { rows } = await sql<{ number: InvoiceNumber }>`
        update printing p set state = 'printed', interruptions = 0, last_error = null,
          lease_token = null, lease_holder = null, lease_until = null, ended_at = g.ended_at
        from unnest(
          ${ended.map(({ held }) => held.number)}::text[],
          ${ended.map(({ held }) => held.leaseToken)}::uuid[],
          ${ended.map(({ next }) => next.endedAt)}::timestamptz[]
        ) g (number, token, ended_at)
        where p.number = g.number and p.state = 'printing' and p.lease_token = g.token
        returning p.number`.execute(trx);
      return new Set(rows.map((row) => row.number));
    },

    async leased({ holders, endedBefore }, limit) {
      const { rows } = await sql<{ number: InvoiceNumber; leaseToken: string }>`
        select number, lease_token as "leaseToken" from printing
        where state = 'printing'
          and (lease_until < ${endedBefore} or lease_holder = any(${[...holders]}::text[]))
        order by lease_until limit ${limit}`.execute(trx);
      return rows;
    },

    async dueWithoutJob(before, limit) {
      const { rows } = await sql<{ number: InvoiceNumber }>`
        select p.number from printing p
        where p.state = 'queued' and p.next_attempt_at < ${before}
          and not exists (select from graphile_worker.jobs j
                          where j.key = 'render-invoice:' || p.number)
        order by p.next_attempt_at limit ${limit}`.execute(trx);
      return rows.map((row) => row.number);
    },

    async failed(limit) {
      const rows = await trx
        .selectFrom('printing')
        .select('number')
        .where(sql<boolean>`state = 'failed'`) // spelt out, for the index of those alone
        .orderBy('ended_at')
        .limit(limit)
        .execute();
      return rows.map((row) => row.number as InvoiceNumber);
    },
  };
}

function rowOf(it: Printing): Omit<Row<'printing'>, 'trace_parent'> {
  return {
    number: it.number,
    state: it.state,
    round: it.round,
    failures: it.failures,
    interruptions: it.interruptions,
    last_error: it.lastError,
    next_attempt_at: 'nextAttemptAt' in it ? it.nextAttemptAt : null,
    lease_token: 'leaseToken' in it ? it.leaseToken : null,
    lease_holder: 'leaseHolder' in it ? it.leaseHolder : null,
    lease_until: 'leaseUntil' in it ? it.leaseUntil : null,
    ended_at: 'endedAt' in it ? it.endedAt : null,
  };
}

// The casts say what the table's checks guarantee: which columns are set in which state.
function printingOf(row: Row<'printing'>): Printing {
  const common = {
    number: row.number as InvoiceNumber,
    round: row.round,
    failures: row.failures,
    interruptions: row.interruptions,
    lastError: row.last_error,
  };
  switch (row.state) {
    case 'queued':
      return { ...common, state: row.state, nextAttemptAt: row.next_attempt_at as Date };
    case 'printing':
      return {
        ...common,
        state: row.state,
        leaseToken: row.lease_token as string,
        leaseHolder: row.lease_holder as string,
        leaseUntil: row.lease_until as Date,
      };
    case 'printed':
    case 'failed':
      return { ...common, state: row.state, endedAt: row.ended_at as Date };
    default:
      return row.state satisfies never;
  }
}
