// An operator puts an ended notification back: a new round of all its tries. Attempt numbers go on,
// nothing that already went out is sent a second time by mistake, and who did it and why is kept.

import { retry } from '#domain/notification.ts';
import type { Clock, Transact } from './ports.ts';

export type RetryAnswer =
  | { readonly kind: 'retried'; readonly round: number }
  | { readonly kind: 'not-found' }
  /** The customer's data were erased after their time: there is nothing left to say. */
  | { readonly kind: 'purged' }
  /** It waits, is being sent, or has arrived: there is nothing to retry. */
  | { readonly kind: 'not-ended'; readonly state: 'queued' | 'sending' | 'completed' };

export function retryNotification(
  { transact, clock }: { readonly transact: Transact; readonly clock: Clock },
  notificationId: string,
  by: { readonly actor: string; readonly why: string | null },
): Promise<RetryAnswer> {
  return transact(async ({ notifications, actions, outbox }) => {
    const found = await notifications.lock(notificationId);
    if (!found) return { kind: 'not-found' };
    switch (found.state) {
      case 'queued':
      case 'sending':
      case 'completed':
        return { kind: 'not-ended', state: found.state };
      case 'failed':
      case 'exhausted':
      case 'quarantined': {
        if (await notifications.isPurged(found)) return { kind: 'purged' };
        const at = clock.now();
        const next = retry(found, at);
        await notifications.save(next);
        const payload = { notificationId, channel: next.channel };
        await outbox.add({ task: 'deliver-notification', payload });
        await actions.add({
          ...by,
          at,
          action: 'notification-retried',
          subject: notificationId,
        });
        return { kind: 'retried', round: next.round };
      }
      default:
        return found satisfies never;
    }
  });
}
