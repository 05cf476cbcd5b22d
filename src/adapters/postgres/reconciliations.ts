// Runs of the reconciliation as rows.

import type { Transaction } from 'kysely';
import type { ReconciliationRun, Reconciliations } from '#application/ports.ts';
import type { Row, Tables } from './tables.ts';

const HOUR_MS = 3_600_000;

export function postgresReconciliations(trx: Transaction<Tables>): Reconciliations {
  return {
    async unfinished(since) {
      const row = await trx
        .selectFrom('reconciliation')
        .selectAll()
        .where('finished_at', 'is', null)
        .where('automatic', '=', since === null)
        .$if(since !== null, (query) =>
          query
            .where('since', '<=', since as Date)
            .where('since', '>', new Date((since as Date).getTime() - HOUR_MS)),
        )
        .orderBy('id', 'desc')
        .limit(1)
        .executeTakeFirst();
      return row ? runOf(row) : null;
    },

    async lookedUntil() {
      const row = await trx
        .selectFrom('reconciliation')
        .select('until')
        .where('automatic', '=', true)
        .where('finished_at', 'is not', null)
        .orderBy('until', 'desc')
        .limit(1)
        .executeTakeFirst();
      return row?.until ?? null;
    },

    async start({ since, until, automatic }, at) {
      const row = await trx
        .insertInto('reconciliation')
        .values({ since, until, automatic, looked: 0, received: 0, started_at: at })
        .returningAll()
        .executeTakeFirstOrThrow();
      return runOf(row);
    },

    async save({ id, cursor, looked, received }) {
      await trx
        .updateTable('reconciliation')
        .set({ cursor, looked, received })
        .where('id', '=', id)
        .execute();
    },

    async finish({ id, looked, received }, at) {
      await trx
        .updateTable('reconciliation')
        .set({ looked, received, finished_at: at })
        .where('id', '=', id)
        .execute();
    },
  };
}

function runOf(row: Row<'reconciliation'>): ReconciliationRun {
  const { id, since, until, cursor, looked, received } = row;
  return { id, since, until, cursor, looked, received };
}
