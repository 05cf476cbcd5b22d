// Steps 6 and 7: claim, send, record. The claim writes the attempt's row and a lease before anything
// is sent; the record needs that lease, so a late result changes nothing. Between the two no
// transaction is open. What is claimed when is the pump's business (delivery-pump.ts).

import {
  type Channel,
  claim,
  type Notification,
  type NotificationIn,
} from '#domain/notification.ts';
import { orderCreatedBody } from '#domain/order-created.ts';
import { insist } from './insist.ts';
import { EMPTY_REPORT, interruptAttempt, interruptedTooOften } from './interrupt-delivery.ts';
import type {
  Alerts,
  AttemptReport,
  Clock,
  Delivery,
  DeliveryAnswer,
  FileStore,
  Mailer,
  Measures,
  NewId,
  Notes,
  PartnerCaller,
  SpanFacts,
  StoredPdf,
  Trace,
  Transact,
  Tx,
} from './ports.ts';
import { answerRecorder, type RecordAnswer } from './record-answers.ts';
import { unmeasured, untraced } from './unwatched.ts';

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
  readonly trace?: Trace;
  readonly measures?: Measures;
};

/** Longer than any attempt may take (10 s for a partner, 60 s for a mail). */
const LEASE_MS = 90_000;
const LINK_LIFE_MS = 24 * 60 * 60 * 1000;

export type Claimed = {
  readonly sending: NotificationIn<'sending'>;
  readonly delivery: Ready;
  readonly claimedAt: Date;
};
type Ready = Delivery & { readonly pdf: StoredPdf };

/**
 * Claims what is due and has room, each with its lease and its open attempt. One transaction.
 * `lookAgain`: another process was claiming at that moment, and more may be due.
 */
export async function claimDue(
  needs: DeliverNotificationNeeds,
  channel: Channel,
  room: { readonly limit: number; readonly perPartner: number },
): Promise<Claims> {
  const [claims] = await needs.transact((tx) => claimWithin(tx, needs, [{ channel, ...room }]));
  return claims as Claims;
}

export type Room = {
  readonly channel: Channel;
  readonly limit: number;
  readonly perPartner: number;
};
export type Claims = { readonly claimed: readonly Claimed[]; readonly lookAgain: boolean };

/**
 * The same for several channels, as a part of the caller's transaction, in the order of `rooms`.
 * Nothing may be sent before that is committed.
 */
export async function claimWithin(
  { notifications }: Pick<Tx, 'notifications'>,
  { clock, newId, workerId }: DeliverNotificationNeeds,
  rooms: readonly Room[],
): Promise<readonly Claims[]> {
  const now = clock.now();
  const taken = [];
  for (const { channel, ...room } of rooms) {
    taken.push(
      room.limit > 0
        ? await notifications.takeDue(channel, now, room)
        : { due: [], skipped: false },
    );
  }
  const deliveries = await notifications.deliveries(taken.flatMap(({ due }) => due));
  const claims = taken.map(({ due, skipped }) => ({
    lookAgain: skipped,
    claimed: due.flatMap((found): Claimed[] => {
      const delivery = deliveries.get(found.id);
      if (!delivery || !isReady(delivery)) {
        throw new Error(`notification ${found.id} was released without a PDF`);
      }
      const sending = claim(found, { token: newId(), holder: workerId, now, forMs: LEASE_MS });
      return sending === 'not-yet' ? [] : [{ sending, delivery, claimedAt: now }];
    }),
  }));
  await notifications.begin(
    claims.flatMap(({ claimed }) => claimed.map(({ sending }) => sending)),
    now,
  );
  return claims;
}

/**
 * Makes the attempt that was claimed and records it. Returns whether more is due that had no room
 * before. Throws only for failures of our own, after putting the attempt on record as interrupted.
 */
export function deliverClaimed(
  needs: DeliverNotificationNeeds,
  claimed: Claimed,
  recordAnswer: RecordAnswer = answerRecorder(needs),
): Promise<{ readonly isMoreDue: boolean }> {
  const { trace = untraced } = needs;
  const { sending, delivery, claimedAt } = claimed;
  const about = { facts: factsOf(claimed), from: delivery.trace ?? null, startedAt: claimedAt };
  return trace.span(`deliver ${sending.channel}`, about, async (span) => {
    // The claim was one transaction for many; each shows it as its own beginning.
    await trace.span('claim', { startedAt: claimedAt }, async () => {});
    return attempt(needs, claimed, recordAnswer, (outcome) => span.tell({ outcome }));
  });
}

async function attempt(
  needs: DeliverNotificationNeeds,
  claimed: Claimed,
  recordAnswer: RecordAnswer,
  tell: (outcome: AttemptReport['outcome']) => void,
): Promise<{ readonly isMoreDue: boolean }> {
  const { measures = unmeasured } = needs;
  const { id, attempts, channel } = claimed.sending;
  let answer: DeliveryAnswer;
  try {
    answer = await send(needs, claimed);
  } catch (error) {
    const next = await insist(() =>
      needs.transact((tx) => recordFault(tx, claimed.sending, needs.clock.now())),
    );
    const alert = next && interruptedTooOften(next);
    if (alert) needs.alerts.raise(alert);
    tell('interrupted');
    measures.interrupted(channel);
    throw new Error(`attempt ${attempts} of notification ${id} failed by itself`, { cause: error });
  }
  const recorded = await insist(() => recordAnswer({ sent: claimed.sending, answer }));
  const { outcome, durationMs } = answer.report;
  tell(outcome);
  if (recorded === 'late') {
    const message = `a late result changed nothing: ${outcome}`;
    needs.notes.note(message, { notificationId: id, attempt: attempts });
    return { isMoreDue: true };
  }
  measures.attempted({ channel, outcome, durationMs, afterPaymentMs: afterPaymentMs(claimed) });
  if (recorded.alert) needs.alerts.raise(recorded.alert);
  return recorded;
}

function factsOf({ sending, delivery: { order, document } }: Claimed): SpanFacts {
  return {
    notificationId: sending.id,
    channel: sending.channel,
    attempt: sending.attempts,
    orderId: order.id,
    paymentKey: order.paymentKey,
    partner: order.partner,
    invoiceNumber: document.number,
  };
}

// What the customer and the partner wait for; a credit note follows no payment.
function afterPaymentMs({ sending, delivery, claimedAt }: Claimed): number | null {
  if (sending.attempts > 1 || delivery.document.kind !== 'invoice') return null;
  return claimedAt.getTime() - delivery.order.paidAt.getTime();
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

async function recordFault(
  tx: Pick<Tx, 'notifications' | 'outbox'>,
  sent: NotificationIn<'sending'>,
  now: Date,
): Promise<NotificationIn<'queued' | 'quarantined'> | null> {
  const found = await tx.notifications.lock(sent.id);
  if (!holdsLease(found, sent)) return null;
  return interruptAttempt(tx, found, now, 'an error on our side');
}

function holdsLease(
  found: Notification | null,
  sent: NotificationIn<'sending'>,
): found is NotificationIn<'sending'> {
  return found?.state === 'sending' && found.leaseToken === sent.leaseToken;
}

function notConfigured(livemode: boolean): DeliveryAnswer {
  const which = livemode ? 'production' : 'staging';
  const detail = `the partner has no ${which} URL`;
  return { result: 'refused', report: { ...EMPTY_REPORT, outcome: 'not-configured', detail } };
}
