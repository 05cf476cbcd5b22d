// Task name to use case. A payload comes from our own outbox, but a person may have added a job by
// hand: one of the wrong shape fails with a sentence instead of a TypeError.

import type { TaskList } from 'graphile-worker';
import type { Job, TaskName } from '#application/jobs.ts';

/** What each task does with its id. The promise ends when the work is on record. */
export type Handlers = { readonly [T in TaskName]: (id: string) => Promise<void> };

type IdField<T extends TaskName> = keyof Extract<Job, { task: T }>['payload'] & string;

const ID_FIELDS: { readonly [T in TaskName]: IdField<T> } = {
  'resolve-payment': 'eventId',
  'render-invoice': 'invoiceNumber',
  'deliver-notification': 'notificationId',
};

export function taskList(handlers: Handlers): TaskList {
  const names = Object.keys(ID_FIELDS) as TaskName[];
  return Object.fromEntries(
    names.map((name) => [
      name,
      async (payload: unknown) => {
        const id = (payload as Record<string, unknown> | null)?.[ID_FIELDS[name]];
        if (typeof id !== 'string')
          throw new Error(`${name}: no ${ID_FIELDS[name]} in its payload`);
        await handlers[name](id);
      },
    ]),
  );
}
