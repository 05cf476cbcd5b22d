// Task name to use case. A payload comes from our own outbox, but a person may have added a job by
// hand: one of the wrong shape fails with a sentence instead of a TypeError.

import type { TaskList } from 'graphile-worker';
import type { Job, TaskName } from '#application/jobs.ts';

type PaymentTask = Exclude<TaskName, 'reconcile'>;

/** What each task does. The promise ends when the work is on record. */
export type Handlers = { readonly [T in PaymentTask]: (id: string) => Promise<void> } & {
  readonly reconcile: () => Promise<void>;
};

type IdField<T extends TaskName> = keyof Extract<Job, { task: T }>['payload'] & string;

const ID_FIELDS: { readonly [T in PaymentTask]: IdField<T> } = {
  'resolve-payment': 'eventId',
  'render-invoice': 'invoiceNumber',
  'deliver-notification': 'notificationId',
};

export function taskList(handlers: Handlers): TaskList {
  const names = Object.keys(ID_FIELDS) as PaymentTask[];
  const byId = names.map((name) => [
    name,
    async (payload: unknown) => {
      const id = (payload as Record<string, unknown> | null)?.[ID_FIELDS[name]];
      if (typeof id !== 'string') throw new Error(`${name}: no ${ID_FIELDS[name]} in its payload`);
      await handlers[name](id);
    },
  ]);
  return { ...Object.fromEntries(byId), reconcile: () => handlers.reconcile() };
}
