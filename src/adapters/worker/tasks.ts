// Task name to use case, in groups that share slots: what waits for Stripe must not keep Chromium
// waiting, and no long round of upkeep may keep either. A payload comes from our own outbox, but a
// person may have added a job by hand: one of the wrong shape fails with a sentence.

import type { Job as QueueJob, TaskList } from 'graphile-worker';
import type { StartedJob } from '#adapters/telemetry/telemetry.ts';
import type { Job, TaskName } from '#application/jobs.ts';
import type { TaskGroup } from './runner.ts';

/** Tasks that come round by the clock and carry no id. */
type Round = 'reconcile' | 'audit' | 'purge';
type TaskOfId = Exclude<TaskName, Round>;

/** What each task does. The promise ends when the work is on record. */
export type Handlers = {
  readonly [T in TaskOfId]: (
    id: string,
    payload: Readonly<Record<string, unknown>>,
  ) => Promise<void>;
} & { readonly [T in Round]: () => Promise<void> };

type IdField<T extends TaskName> = keyof Extract<Job, { task: T }>['payload'] & string;

const ID_FIELDS: { readonly [T in TaskOfId]: IdField<T> } = {
  'resolve-payment': 'eventId',
  'render-invoice': 'invoiceNumber',
  'deliver-notification': 'notificationId',
  replay: 'replayId',
};

/** What goes on around each job; `isLast`: the queue will not try it again. */
export type AroundJob = (
  job: StartedJob & { readonly isLast: boolean },
  work: () => Promise<void>,
) => Promise<void>;

/**
 * The groups with their slots in one process. Resolving waits for Stripe, a third of a second each; the
 * jobs of prints and deliveries only wake a pump, when nobody in the process that made them due did.
 */
export function taskGroups(
  handlers: Handlers,
  around: AroundJob = (_job, work) => work(),
): readonly TaskGroup[] {
  const byId = (names: readonly TaskOfId[]): TaskList => tasksOfId(handlers, around, names);
  const round = (name: Round): TaskList => ({
    [name]: (_payload, { job }) => around(started(job, null), () => handlers[name]()),
  });
  return [
    { tasks: byId(['resolve-payment']), slots: 24 },
    { tasks: byId(['render-invoice', 'deliver-notification']), slots: 16, isRare: true },
    {
      isRare: true,
      tasks: { ...byId(['replay']), ...round('reconcile') },
      slots: 2,
      // What never arrived from Stripe is looked for every ten minutes.
      crontab: '*/10 * * * * reconcile ?jobKey=reconcile&max=1',
    },
    {
      isRare: true,
      // Long rounds in the dead of night (UTC), one after the other.
      tasks: { ...round('audit'), ...round('purge') },
      slots: 1,
      crontab: '0 2 * * * audit ?jobKey=audit&max=3\n30 2 * * * purge ?jobKey=purge&max=3',
    },
  ];
}

function tasksOfId(handlers: Handlers, around: AroundJob, names: readonly TaskOfId[]): TaskList {
  return Object.fromEntries(
    names.map((name) => [
      name,
      async (payload: unknown, { job }: { readonly job: QueueJob }) => {
        const fields = (payload ?? {}) as Readonly<Record<string, unknown>>;
        const id = fields[ID_FIELDS[name]];
        if (typeof id !== 'string') {
          throw new Error(`${name}: no ${ID_FIELDS[name]} in its payload`);
        }
        await around(started(job, fields), () => handlers[name](id, fields));
      },
    ]),
  );
}

// The outbox puts the place of the step that added it into a job's payload; a round has none.
function started(
  { id, task_identifier: task, attempts, max_attempts: max, created_at: at }: QueueJob,
  fields: Readonly<Record<string, unknown>> | null,
): StartedJob & { readonly isLast: boolean } {
  const { traceparent } = fields ?? {};
  const from = typeof traceparent === 'string' ? { place: traceparent, at } : null;
  const isRound = fields === null;
  return { id: `${id}`, task, attempt: attempts, isRound, isLast: attempts >= max, from };
}
