// What is cleared away each night, as statements. An event's text goes by the one update that the
// triggers of migration 0009 let through; its row stays, by which a repetition is known. Graphile Worker
// keeps jobs that failed for good, and those that were replaced while their process died, for ever.

import { sql } from 'kysely';
import type { Leftovers } from '#application/clear-leftovers.ts';
import type { Database } from './database.ts';

export function postgresLeftovers(db: Database): Leftovers {
  return {
    async emptyIgnored({ from, to }, at) {
      const { numAffectedRows } = await sql`
        update stripe_event e set body = null, purged_at = ${at}
        where e.received_at >= ${from} and e.received_at < ${to} and e.purged_at is null
          and is_old_enough_to_purge(e.received_at)
          and exists (select from event_outcome o where o.event_id = e.id and o.kind = 'ignored'
            and o.payment_key is null)`.execute(db);
      return Number(numAffectedRows ?? 0n);
    },

    async dropReconciliations(before) {
      const { numAffectedRows } = await sql`
        delete from reconciliation where automatic and finished_at < ${before}
          and until < (select max(until) from reconciliation
                       where automatic and finished_at is not null)`.execute(db);
      return Number(numAffectedRows ?? 0n);
    },

    // A job without a key was replaced by another of its name, which has the work now. One that is dead
    // while its work is open stays: it is how the sweep learns that a person must look (givenUp).
    async dropDeadJobs() {
      const { numAffectedRows } = await sql`
        delete from graphile_worker._private_jobs j using graphile_worker._private_tasks t
        where t.id = j.task_id and j.attempts >= j.max_attempts and j.locked_at is null and (
          j.key is null
          or t.identifier = 'deliver-notification'
          or (t.identifier = 'resolve-payment' and exists (select from event_outcome o
            where o.event_id = j.payload ->> 'eventId' and o.kind not in ('pending', 'wait')))
          or (t.identifier = 'render-invoice' and exists (select from printing p
            where p.number = j.payload ->> 'invoiceNumber' and p.state in ('printed', 'failed')))
          or (t.identifier = 'replay' and exists (select from replay r
            where r.id::text = j.payload ->> 'replayId' and r.state in ('cancelled', 'done'))))
      `.execute(db);
      return Number(numAffectedRows ?? 0n);
    },
  };
}
