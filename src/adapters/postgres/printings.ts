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
        .where('state', '=', 'failed')
        .orderBy('ended_at')
        .limit(limit)
        .execute();
      return rows.map((row) => row.number as InvoiceNumber);
    },
  };
}

/** The row a document begins with; the transaction that issues it writes it. */
export async function insertPrinting(
  trx: Transaction<Tables>,
  printing: PrintingIn<'queued'>,
  trace: string | null,
): Promise<void> {
  await trx
    .insertInto('printing')
    .values({ ...rowOf(printing), trace_parent: trace })
    .execute();
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
