// Steps 6 and 7: claim, send, record. The claim writes the attempt's row and a lease before anything
// is sent; the record needs that lease, so a late result changes nothing. Between the two no
// transaction is open. What is claimed when is the pump's business (delivery-pump.ts).

import {
  type AttemptResult,
  type Channel,
  claim,
  conclude,
  EMAIL_RETRY_DELAYS_MS,
  giveBack,
  interrupt,
  type Notification,
  type NotificationIn,
} from '#domain/notification.ts';
import { orderCreatedBody } from '#domain/order-created.ts';
import { insist } from './insist.ts';
import type {
  Alerts,
  AttemptReport,
  Clock,
  Delivery,
  DeliveryAnswer,
  FileStore,
  Mailer,
  NewId,
  Notes,
  PartnerCaller,
  StoredPdf,
  Transact,
  Tx,
} from './ports.ts';

export type DeliverNotificationNeeds = {
  readonly transact: Transact;
  readonly mailer: Mailer;
  readonly partner: PartnerCaller;
  readonly files: FileStore;
  readonly alerts: Alerts;
  readonly notes: Notes;
  readonly clock: Clock;
  readonly newId: NewId;
  /** This process, as it holds its lock of life. */
  readonly workerId: string;
  /** Which of a partner's two URLs is called. */
  readonly livemode: boolean;
  /** Delays in ms before the second, third, … attempt at a partner. */
  readonly partnerDelaysMs: readonly number[];
};

/** Longer than any attempt may take (10 s for a partner, 60 s for a mail). */
const LEASE_MS = 90_000;
const LINK_LIFE_MS = 24 * 60 * 60 * 1000;

export type Claimed = { readonly sending: NotificationIn<'sending'>; readonly delivery: Ready };
type Ready = Delivery & { readonly pdf: StoredPdf };
type Alert = Parameters<Alerts['raise']>[0];

/**
 * Claims what is due and has room, each with its lease and its open attempt. One transaction.
 * `lookAgain`: another process was claiming at that moment, and more may be due.
 */
export function claimDue(
  { transact, clock, newId, workerId }: DeliverNotificationNeeds,
  channel: Channel,
  room: { readonly limit: number; readonly perPartner: number },
): Promise<{ readonly claimed: readonly Claimed[]; readonly lookAgain: boolean }> {
  return transact(async ({ notifications }) => {
    const now = clock.now();
    const { due, skipped } = await notifications.takeDue(channel, now, room);
    const claimed: Claimed[] = [];
    for (const found of due) {
      const delivery = await notifications.delivery(found);
      if (!isReady(delivery))
        throw new Error(`notification ${found.id} was released without a PDF`);
      const sending = claim(found, { token: newId(), holder: workerId, now, forMs: LEASE_MS });
      if (sending === 'not-yet') continue;
      await notifications.save(sending);
      await notifications.openAttempt({
        notificationId: found.id,
        number: sending.attempts,
        round: sending.round,
        leaseToken: sending.leaseToken,
        startedAt: now,
      });
      claimed.push({ sending, delivery });
    }
    return { claimed, lookAgain: skipped };
  });
}

/**
 * Makes the attempt that was claimed and records it. Returns whether more is due that had no room
 * before. Throws only for failures of our own, after putting the attempt on record as interrupted.
 */
export async function deliverClaimed(
  needs: DeliverNotificationNeeds,
  claimed: Claimed,
): Promise<{ readonly isMoreDue: boolean }> {
  const { id, attempts } = claimed.sending;
  let answer: DeliveryAnswer;
  try {
    answer = await send(needs, claimed);
  } catch (error) {
    await insist(() => needs.transact((tx) => recordFault(tx, claimed.sending, needs.clock.now())));
    throw new Error(`attempt ${attempts} of notification ${id} failed by itself`, { cause: error });
  }
  const recorded = await insist(() =>
    needs.transact((tx) => record(tx, needs, claimed.sending, answer)),
  );
  if (recorded === 'late') {
    const message = `a late result changed nothing: ${answer.report.outcome}`;
    needs.notes.note(message, { notificationId: id, attempt: attempts });
    return { isMoreDue: true };
  }
  if (recorded.alert) needs.alerts.raise(recorded.alert);
  return recorded;
}

/** Gives back, uncounted, all that this process still holds: it ends in good order. */
export async function giveBackDeliveries({
  transact,
  clock,
  workerId,
}: Pick<DeliverNotificationNeeds, 'transact' | 'clock' | 'workerId'>): Promise<number> {
  const mine = { holders: [workerId], endedBefore: null };
  return transact(async (tx) => {
    const held = await tx.notifications.leased(mine, 1_000);
    for (const { id, leaseToken } of held) {
      const found = await tx.notifications.lock(id);
      if (found?.state !== 'sending' || found.leaseToken !== leaseToken) continue;
      const now = clock.now();
      await requeue(tx, found, giveBack(found, now), { now, why: 'the worker was stopped' });
    }
    return held.length;
  });
}

function isReady(delivery: Delivery): delivery is Ready {
  return delivery.pdf !== null;
}

function linkEnd(sentAt: Date): Date {
  return new Date(sentAt.getTime() + LINK_LIFE_MS);
}

async function send(
  needs: DeliverNotificationNeeds,
  { sending, delivery }: Claimed,
): Promise<DeliveryAnswer> {
  const { order, document, logo, pdf, partner, apiKey, signingSecret } = delivery;
  const notificationId = sending.id;
  switch (sending.channel) {
    case 'email': {
      const bytes = await needs.files.get(pdf.key);
      const copyUrl = await needs.files.signedUrl(pdf.key, linkEnd(needs.clock.now()));
      return needs.mailer.send({ notificationId, order, document, logo, pdf: bytes, copyUrl });
    }
    case 'webhook': {
      const url = needs.livemode ? partner.productionUrl : partner.stagingUrl;
      if (url === null) return notConfigured(needs.livemode);
      const sentAt = needs.clock.now();
      const link = await needs.files.signedUrl(pdf.key, linkEnd(sentAt));
      const body = orderCreatedBody(order, document.number, link);
      return needs.partner.post({ notificationId, url, body, apiKey, signingSecret, sentAt });
    }
    default:
      return sending.channel satisfies never;
  }
}

async function record(
  { notifications, outbox }: Tx,
  needs: DeliverNotificationNeeds,
  sent: NotificationIn<'sending'>,
  { result, report }: DeliveryAnswer,
): Promise<{ readonly alert: Alert | null; readonly isMoreDue: boolean } | 'late'> {
  const now = needs.clock.now();
  const found = await notifications.lock(sent.id);
  if (!holdsLease(found, sent)) return 'late'; // the attempt is on record as interrupted
  const next = conclude(found, result, { now, delaysMs: delaysOf(sent, needs) });
  await notifications.save(next);
  await notifications.closeAttempt(sent.id, sent.attempts, report, now);
  if (next.state === 'queued') {
    const payload = { notificationId: next.id, channel: next.channel };
    await outbox.add({ task: 'deliver-notification', payload }, next.nextAttemptAt);
  }
  const hasEnded = next.state === 'failed' || next.state === 'exhausted';
  return {
    alert: hasEnded ? endedAlert(next, result, report) : null,
    isMoreDue: await notifications.isMoreDue(next, now),
  };
}

async function recordFault(
  tx: Pick<Tx, 'notifications' | 'outbox'>,
  sent: NotificationIn<'sending'>,
  now: Date,
): Promise<void> {
  const found = await tx.notifications.lock(sent.id);
  if (!holdsLease(found, sent)) return;
  await interruptAttempt(tx, found, now, 'an error on our side');
}

/**
 * Puts an attempt that we cut short on record and the notification back in the queue, or in
 * quarantine after too many. The caller holds the notification's lock.
 */
export async function interruptAttempt(
  tx: Pick<Tx, 'notifications' | 'outbox'>,
  sending: NotificationIn<'sending'>,
  now: Date,
  why: string,
): Promise<NotificationIn<'queued' | 'quarantined'>> {
  const next = interrupt(sending, now);
  await requeue(tx, sending, next, { now, why });
  return next;
}

async function requeue(
  { notifications, outbox }: Pick<Tx, 'notifications' | 'outbox'>,
  sending: NotificationIn<'sending'>,
  next: NotificationIn<'queued' | 'quarantined'>,
  { now, why }: { readonly now: Date; readonly why: string },
): Promise<void> {
  await notifications.save(next);
  await notifications.closeAttempt(sending.id, sending.attempts, interrupted(why), now);
  if (next.state === 'queued') {
    const payload = { notificationId: next.id, channel: next.channel };
    await outbox.add({ task: 'deliver-notification', payload }, next.nextAttemptAt);
  }
}

function holdsLease(
  found: Notification | null,
  sent: NotificationIn<'sending'>,
): found is NotificationIn<'sending'> {
  return found?.state === 'sending' && found.leaseToken === sent.leaseToken;
}

function delaysOf(it: Notification, needs: DeliverNotificationNeeds): readonly number[] {
  return it.channel === 'email' ? EMAIL_RETRY_DELAYS_MS : needs.partnerDelaysMs;
}

function notConfigured(livemode: boolean): DeliveryAnswer {
  const which = livemode ? 'production' : 'staging';
  const detail = `the partner has no ${which} URL`;
  return { result: 'refused', report: { ...EMPTY_REPORT, outcome: 'not-configured', detail } };
}

function interrupted(detail: string): AttemptReport {
  return { ...EMPTY_REPORT, outcome: 'interrupted', detail };
}

const EMPTY_REPORT = {
  statusCode: null,
  durationMs: 0,
  request: null,
  response: null,
  messageId: null,
};

function endedAlert(
  { id, orderId, channel, state }: Notification,
  result: AttemptResult,
  { outcome, statusCode }: AttemptReport,
): Alert {
  const code = statusCode === null ? '' : ` ${statusCode}`;
  return {
    kind: 'notification-ended',
    message: `The ${channel} of order ${orderId} is ${state}: ${result} (${outcome}${code})`,
    ids: { notificationId: id, orderId },
  };
}
