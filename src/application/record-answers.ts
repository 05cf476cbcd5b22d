// The third part of steps 6 and 7: what attempts came to is put on record, many in one transaction. A
// result whose lease is somebody else's by now changes nothing.

import {
  type AttemptResult,
  conclude,
  EMAIL_RETRY_DELAYS_MS,
  type Notification,
  type NotificationIn,
} from '#domain/notification.ts';
import type { DeliverNotificationNeeds } from './deliver-notification.ts';
import { inBatches } from './in-batches.ts';
import type { Alerts, AttemptReport, DeliveryAnswer, Tx } from './ports.ts';
import { untraced } from './unwatched.ts';

const BATCHES = { most: 64, apartMs: 100 };

type Alert = Parameters<Alerts['raise']>[0];

/** An attempt that has ended, and what came of it. */
export type Answered = {
  readonly sent: NotificationIn<'sending'>;
  readonly answer: DeliveryAnswer;
};
export type Recorded = { readonly alert: Alert | null; readonly isMoreDue: boolean };
/** Puts an attempt's result on record. */
export type RecordAnswer = (answered: Answered) => Promise<Recorded | 'late'>;

/** Records attempts in batches: those that end while others are being recorded share a transaction. */
export function answerRecorder(needs: DeliverNotificationNeeds): RecordAnswer {
  const { trace = untraced } = needs;
  return inBatches(
    (answered: readonly Answered[]) =>
      trace.apart(() => needs.transact((tx) => recordAll(tx, needs, answered))),
    BATCHES,
  );
}

async function recordAll(
  { notifications, outbox }: Pick<Tx, 'notifications' | 'outbox'>,
  needs: DeliverNotificationNeeds,
  answered: readonly Answered[],
): Promise<readonly (Recorded | 'late')[]> {
  const now = needs.clock.now();
  // What was claimed is what lies in the table as long as the lease is ours, which the statement asks.
  const concluded = answered.map(({ sent, answer: { result, report } }) => {
    const next = conclude(sent, result, { now, delaysMs: delaysOf(sent, needs) });
    return { sent, next, result, report };
  });
  const inTime = await notifications.concludeAll(concluded, now);
  const isInTime = ({ sent }: { readonly sent: Notification }) => inTime.has(sent.id);
  for (const { next } of concluded.filter(isInTime)) {
    if (next.state !== 'queued') continue;
    const payload = { notificationId: next.id, channel: next.channel };
    await outbox.add({ task: 'deliver-notification', payload }, next.nextAttemptAt);
  }
  const isMoreDue = await notifications.isMoreDue(
    answered.map(({ sent }) => sent),
    now,
  );
  return concluded.map((it) => {
    if (!isInTime(it)) return 'late'; // the attempt is on record as interrupted
    const { next, result, report } = it;
    const hasEnded = next.state === 'failed' || next.state === 'exhausted';
    return { alert: hasEnded ? endedAlert(next, result, report) : null, isMoreDue };
  });
}

function delaysOf(it: Notification, needs: DeliverNotificationNeeds): readonly number[] {
  return it.channel === 'email' ? EMAIL_RETRY_DELAYS_MS : needs.partnerDelaysMs;
}

function endedAlert(
  { id, orderId, channel, state }: Notification,
  result: AttemptResult,
  { outcome, statusCode }: AttemptReport,
): Alert {
  const code = statusCode === null ? '' : ` ${statusCode}`;
  return {
    kind: 'notification-ended',
    message: `The ${channel} of order ${orderId} is ${state}: ${result} (${outcome}${code})`,
    ids: { notificationId: id, orderId, channel, outcome },
  };
}
