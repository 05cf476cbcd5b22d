// What grown books hold beside sales: payments that wait for a person, upkeep that leaves a row each time
// it runs, and the dead jobs that a queue collects over the years. Small in number, but lists and
// figures look for exactly these.

import type { Plan } from './sold-orders.ts';

/** `plan` decides how many: one odd payment for five thousand orders, ten at least. */
export function oddStatements({ orders, from, until }: Plan): readonly string[] {
  const odd = Math.max(10, Math.floor(orders / 5000));
  const [start, end] = [from.toISOString(), until.toISOString()];
  const ago = (n: string) => `timestamptz '${end}' - ${n} * interval '3 hours'`;
  return [
    `insert into stripe_event
      (id, type, api_version, livemode, object_id, created_at, received_at, body)
    select 'evt_1odd' || n, 'checkout.session.completed', '2026-10-28.endive', true,
      'cs_live_odd' || n, ${ago('n')}, ${ago('n')}, '{"id":"evt_1odd' || n || '"}'
    from generate_series(${odd}, 1, -1) n`,
    `insert into payment (key, state, reason, detail, event_id, dismissed_by, dismissed_why,
      created_at, updated_at)
    select 'pi_3odd' || n,
      case when n % 10 = 0 then 'dismissed' when n % 10 = 1 then 'waiting' else 'quarantined' end,
      case when n % 10 = 1 then 'awaiting-payment' when n % 2 = 0 then 'unknown-partner'
        else 'no-email' end,
      case when n % 10 <> 1 and n % 2 = 0 then 'partenaire-' || n end, 'evt_1odd' || n,
      case when n % 10 = 0 then 'jeanne' end, case when n % 10 = 0 then 'Essai de la boutique.' end,
      ${ago('n')}, ${ago('n')}
    from generate_series(${odd}, 1, -1) n`,
    `insert into event_outcome (event_id, kind, reason, payment_key, tries, concluded_at)
    select 'evt_1odd' || n, case when n % 10 = 1 then 'wait' else 'quarantine' end,
      case when n % 10 = 1 then 'awaiting-payment' when n % 2 = 0 then 'unknown-partner'
        else 'no-email' end, 'pi_3odd' || n, 0, ${ago('n')}
    from generate_series(${odd}, 1, -1) n`,
    `insert into reconciliation (since, until, automatic, cursor, looked, received, started_at,
      finished_at)
    select t - interval '12 minutes', t, true, null, 14, 0, t, t + interval '1 s'
    from generate_series(timestamptz '${start}', timestamptz '${end}', interval '10 minutes') t`,
    `insert into audit_run (automatic, with_files, started_at, finished_at, documents, findings,
      first_findings, heads)
    select true, true, t, t + interval '4 minutes', 0, 0, '[]', '[]'
    from generate_series(timestamptz '${start}', timestamptz '${end}', interval '1 day') t`,
    `insert into operator_action (at, actor, action, subject, why)
    select o.recorded_at, 'jeanne', 'notification-retried', o.id::text, 'Le partenaire a réparé.'
    from orders o where o.id % 500 = 16 order by o.id`,
    // Of work that is done: what a worker leaves that dies at the worst moment.
    `select count(graphile_worker.add_job('render-invoice', json_build_object('invoiceNumber', number),
      job_key => 'render-invoice:' || number, run_at => ended_at, max_attempts => 1))
    from printing where ended_at is not null and random() < 200.0 / ${orders}`,
    `update graphile_worker._private_jobs set attempts = max_attempts, last_error = 'the worker died'
    where run_at < now()`,
  ];
}
