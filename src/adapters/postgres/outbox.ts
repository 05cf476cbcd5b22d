// Jobs as rows of Graphile Worker's queue, added by the transaction that makes them necessary: they
// commit with it or never existed.

import { sql, type Transaction } from 'kysely';
import { jobKey } from '#application/jobs.ts';
import type { Outbox } from '#application/ports.ts';
import { type BookWatch, UNWATCHED } from './book-watch.ts';
import type { Tables } from './tables.ts';

export function postgresOutbox(trx: Transaction<Tables>, watch: BookWatch = UNWATCHED): Outbox {
  return {
    async add(job, runAt) {
      await watch.adding(job.task, async (traceparent) => {
        const payload = { ...job.payload, ...(traceparent !== null && { traceparent }) };
        await sql`
          select graphile_worker.add_job(
            identifier => ${job.task},
            payload => ${JSON.stringify(payload)}::json,
            run_at => ${runAt ?? null}::timestamptz,
            job_key => ${jobKey(job)}
          )`.execute(trx);
      });
    },
  };
}
