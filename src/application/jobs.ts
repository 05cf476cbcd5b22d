// Every job there is: its task name and payload. A job is only a wake-up; it carries an id (the one
// that comes round by the clock carries nothing), and its handler looks at our tables for what is to be done. One that runs twice, late or never at all
// must be harmless.

import type { Channel } from '#domain/notification.ts';

export type Job =
  | { readonly task: 'resolve-payment'; readonly payload: { readonly eventId: string } }
  | { readonly task: 'render-invoice'; readonly payload: { readonly invoiceNumber: string } }
  | {
      readonly task: 'deliver-notification';
      readonly payload: { readonly notificationId: string; readonly channel: Channel };
    }
  | { readonly task: 'replay'; readonly payload: { readonly replayId: string } }
  | {
      readonly task: 'reconcile' | 'audit' | 'purge';
      readonly payload: Record<string, never>;
    };

export type TaskName = Job['task'];

/**
 * The name under which a waiting job is replaced instead of added twice. It tidies the queue; it
 * guards nothing, since a second job is added when the first is already running.
 */
export function jobKey(job: Job): string {
  switch (job.task) {
    case 'resolve-payment':
      return `resolve-payment:${job.payload.eventId}`;
    case 'render-invoice':
      return `render-invoice:${job.payload.invoiceNumber}`;
    case 'deliver-notification':
      return `deliver-notification:${job.payload.notificationId}`;
    case 'replay':
      return `replay:${job.payload.replayId}`;
    case 'reconcile':
    case 'audit':
    case 'purge':
      return job.task;
    default:
      return job satisfies never;
  }
}
