// What a mail's server tells after it took the mail: recorded beside the notification, which stays
// `completed`, since we did what we had to and doing it again would end the same way. A customer
// without an invoice is a matter for a person, who is told once.

import type { Alerts, Clock, MailEvent, Transact } from './ports.ts';

export type RecordMailEventNeeds = {
  readonly transact: Transact;
  readonly alerts: Alerts;
  readonly clock: Clock;
};

export type ToldMailEvent = Omit<MailEvent, 'notificationId'> & {
  /** As the server gave it back; null or wrong when it did not. */
  readonly notificationId: string | null;
  /** When the server took the mail. */
  readonly sentAt: Date;
  readonly needsPerson: boolean;
};

/** `unknown`: no mail of ours. The same message of SNS a second time is a `duplicate`. */
export async function recordMailEvent(
  { transact, alerts, clock }: RecordMailEventNeeds,
  told: ToldMailEvent,
): Promise<'recorded' | 'duplicate' | 'unknown'> {
  const { snsMessageId, kind, detail, messageId, at, needsPerson } = told;
  const found = await transact(async ({ mailEvents }) => {
    const notification = await mailEvents.whose(told);
    if (!notification) return null;
    const { id: notificationId, orderId } = notification;
    const event = { snsMessageId, notificationId, kind, detail, messageId, at };
    return { added: await mailEvents.add(event, clock.now()), notificationId, orderId };
  });
  if (!found) return 'unknown';
  const { added, notificationId, orderId } = found;
  // SES tells once per recipient and topic; a person needs to hear it once.
  if (added === 'first' && needsPerson) {
    const message = `The mail of order ${orderId} was taken and then ${kind}`;
    alerts.raise({ kind: 'mail-returned', message, ids: { notificationId, orderId } });
  }
  return added === 'duplicate' ? 'duplicate' : 'recorded';
}
