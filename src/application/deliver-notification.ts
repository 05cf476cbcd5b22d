// Steps 6 and 7: claim, send, record. The claim writes the attempt's row and a lease before anything
// is sent; the record needs that lease, so a late result changes nothing. Between the two no
// transaction is open.

import {
  type AttemptResult,
  claim,
  conclude,
  EMAIL_RETRY_DELAYS_MS,
  interrupt,
  type Notification,
  type NotificationIn,
} from '#domain/notification.ts';
import { orderCreatedBody } from '#domain/order-created.ts';
import type {
  Alerts,
  AttemptReport,
  Clock,
  Delivery,
  DeliveryAnswer,
  FileStore,
  Mailer,
  NewId,
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

type Claimed = { readonly sending: NotificationIn<'sending'>; readonly delivery: Ready };
type Ready = Delivery & { readonly pdf: StoredPdf };

/**
 * Makes one attempt if the notification is due. Does nothing when it is done, under way elsewhere
 * or without its PDF. Throws only for failures of our own, after putting the attempt on record as
 * interrupted.
 */
export async function deliverNotification(
  needs: DeliverNotificationNeeds,
  notificationId: string,
): Promise<void> {
  const claimed = await needs.transact((tx) => claimAttempt(tx, needs, notificationId));
  if (!claimed) return;
  let answer: DeliveryAnswer;
  try {
    answer = await send(needs, claimed);
  } catch (error) {
    await needs.transact((tx) => giveBack(tx, claimed.sending, needs.clock.now()));
    throw error;
  }
  const ended = await needs.transact((tx) => record(tx, needs, claimed.sending, answer));
  if (ended) needs.alerts.raise(ended);
}

async function claimAttempt(
  { notifications, outbox }: Tx,
  { clock, newId, workerId }: DeliverNotificationNeeds,
  id: string,
): Promise<Claimed | null> {
  const found = await notifications.lock(id);
  if (found?.state !== 'queued') return null;
  const delivery = await notifications.delivery(found);
  if (!isReady(delivery)) return null; // its job comes with the PDF
  const now = clock.now();
  const sending = claim(found, { token: newId(), holder: workerId, now, forMs: LEASE_MS });
  if (sending === 'not-yet') {
    const payload = { notificationId: id };
    await outbox.add({ task: 'deliver-notification', payload }, found.nextAttemptAt);
    return null;
  }
  await notifications.save(sending);
  await notifications.openAttempt({
    notificationId: id,
    number: sending.attempts,
    round: sending.round,
    leaseToken: sending.leaseToken,
    startedAt: now,
  });
  return { sending, delivery };
}

function isReady(delivery: Delivery): delivery is Ready {
  return delivery.pdf !== null;
}

async function send(
  needs: DeliverNotificationNeeds,
  { sending, delivery }: Claimed,
): Promise<DeliveryAnswer> {
  const { order, invoice, logo, pdf, partner, apiKey, signingSecret } = delivery;
  const notificationId = sending.id;
  switch (sending.channel) {
    case 'email': {
      const bytes = await needs.files.get(pdf.key);
      return needs.mailer.send({ notificationId, order, invoice, logo, pdf: bytes });
    }
    case 'webhook': {
      const url = needs.livemode ? partner.productionUrl : partner.stagingUrl;
      if (url === null) return notConfigured(needs.livemode);
      const sentAt = needs.clock.now();
      const link = await needs.files.signedUrl(pdf.key, new Date(sentAt.getTime() + LINK_LIFE_MS));
      const body = orderCreatedBody(order, invoice.number, link);
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
): Promise<Parameters<Alerts['raise']>[0] | null> {
  const now = needs.clock.now();
  const found = await notifications.lock(sent.id);
  if (!holdsLease(found, sent)) return null; // too late: the attempt is on record as interrupted
  const next = conclude(found, result, { now, delaysMs: delaysOf(sent, needs) });
  await notifications.save(next);
  await notifications.closeAttempt(sent.id, sent.attempts, report, now);
  if (next.state === 'queued') {
    const payload = { notificationId: next.id };
    await outbox.add({ task: 'deliver-notification', payload }, next.nextAttemptAt);
  }
  return next.state === 'failed' || next.state === 'exhausted'
    ? endedAlert(next, result, report)
    : null;
}

async function giveBack(
  { notifications, outbox }: Tx,
  sent: NotificationIn<'sending'>,
  now: Date,
): Promise<void> {
  const found = await notifications.lock(sent.id);
  if (!holdsLease(found, sent)) return;
  await interruptAttempt({ notifications, outbox }, found, now, 'an error on our side');
}

/**
 * Puts an attempt that we cut short on record and the notification back in the queue, or in
 * quarantine after too many. The caller holds the notification's lock.
 */
export async function interruptAttempt(
  { notifications, outbox }: Pick<Tx, 'notifications' | 'outbox'>,
  sending: NotificationIn<'sending'>,
  now: Date,
  why: string,
): Promise<NotificationIn<'queued' | 'quarantined'>> {
  const next = interrupt(sending, now);
  await notifications.save(next);
  await notifications.closeAttempt(sending.id, sending.attempts, interrupted(why), now);
  if (next.state === 'queued') {
    const payload = { notificationId: next.id };
    await outbox.add({ task: 'deliver-notification', payload }, next.nextAttemptAt);
  }
  return next;
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
): Parameters<Alerts['raise']>[0] {
  const code = statusCode === null ? '' : ` ${statusCode}`;
  return {
    kind: 'notification-ended',
    message: `The ${channel} of order ${orderId} is ${state}: ${result} (${outcome}${code})`,
    ids: { notificationId: id, orderId },
  };
}
