// What SES tells about a mail after it took it, read from the JSON that it publishes over SNS, in
// both of its dialects: the events of a configuration set (`eventType`) and the older feedback of
// an identity (`notificationType`). Addresses are left out; what the other server said is kept
// without them. Opens, clicks and the like are none of our business.

import type { MailEvent } from '#application/ports.ts';
import { discreetReply } from './discreet-reply.ts';

/** The names under which SES gives our ids back with each event. */
export const NOTIFICATION_TAG = 'notification_id';
export const ORDER_TAG = 'order_id';

export type SesEvent = {
  readonly kind: MailEvent['kind'];
  /** When SES or the other server saw it. */
  readonly at: Date;
  /** As SES names it, with what the other server said; null when there is no more to say. */
  readonly detail: string | null;
  /** A person must act: this customer has no invoice, or complains of us. */
  readonly needsPerson: boolean;
  /** SES's id of the mail. */
  readonly messageId: string;
  /** When SES took the mail. */
  readonly sentAt: Date;
  /** Ours, from the tag or the header; null when SES gave neither back. */
  readonly notificationId: string | null;
};

type Json = Readonly<Record<string, unknown>>;

/** Null for texts that are no event of a mail, and for kinds that we do not follow. */
export function parseSesEvent(text: string): SesEvent | null {
  const event = jsonObject(text);
  const mail = event && object(event.mail);
  const messageId = mail && string(mail.messageId);
  const sentAt = mail && instant(mail.timestamp);
  if (!event || !mail || !messageId || !sentAt) return null;
  const told = toldBy(event, sentAt);
  const recipients = list(mail.destination).flatMap((it) => string(it) ?? []);
  return (
    told && {
      ...told,
      detail: told.detail && scrubbed(told.detail, recipients),
      messageId,
      sentAt,
      notificationId: ourId(mail),
    }
  );
}

type Told = Pick<SesEvent, 'kind' | 'at' | 'detail' | 'needsPerson'>;

function toldBy(event: Json, sentAt: Date): Told | null {
  switch (string(event.eventType) ?? string(event.notificationType)) {
    case 'Delivery':
      return told('delivered', object(event.delivery), sentAt, null);
    case 'DeliveryDelay': {
      const delay = object(event.deliveryDelay);
      return told('delayed', delay, sentAt, said(delay, 'delayType', 'delayedRecipients'));
    }
    case 'Bounce':
      return bounce(object(event.bounce), sentAt);
    case 'Complaint': {
      const complaint = object(event.complaint);
      const detail = string(complaint?.complaintFeedbackType) ?? null;
      return { ...told('complained', complaint, sentAt, detail), needsPerson: true };
    }
    case 'Reject': {
      const reject = object(event.reject);
      const detail = string(reject?.reason) ?? null;
      return { ...told('rejected', reject, sentAt, detail), needsPerson: true };
    }
    default:
      return null;
  }
}

function told(
  kind: MailEvent['kind'],
  part: Json | null,
  sentAt: Date,
  detail: string | null,
): Told {
  return { kind, at: instant(part?.timestamp) ?? sentAt, detail, needsPerson: false };
}

// An automatic reply (« absent jusqu'au 15 ») comes as Transient/General too, says Amazon: on
// record and shown, but no reason to wake somebody. A full mailbox or a refused attachment is.
function bounce(part: Json | null, sentAt: Date): Told {
  const type = string(part?.bounceType) ?? 'Undetermined';
  const subType = string(part?.bounceSubType) ?? 'Undetermined';
  const kind = type === 'Permanent' ? 'bounced' : 'bounced-for-now';
  const words = said(part, null, 'bouncedRecipients');
  const detail = `${type}/${subType}${words === null ? '' : `: ${words}`}`;
  const isVague = type !== 'Permanent' && ['General', 'Undetermined'].includes(subType);
  return { ...told(kind, part, sentAt, detail), needsPerson: !isVague };
}

function said(part: Json | null, typeName: string | null, recipients: string): string | null {
  const first = object(list(part?.[recipients])[0]);
  const parts = [typeName && string(part?.[typeName]), string(first?.diagnosticCode)];
  return parts.filter((it) => typeof it === 'string').join(': ') || null;
}

function scrubbed(detail: string, recipients: readonly string[]): string {
  const [recipient = ''] = recipients;
  return discreetReply(detail, { recipient, password: null });
}

function ourId(mail: Json): string | null {
  const [tag] = list(object(mail.tags)?.[NOTIFICATION_TAG]);
  const header = list(mail.headers)
    .map(object)
    .find((it) => string(it?.name)?.toLowerCase() === 'x-notification-id');
  return string(tag) ?? string(header?.value) ?? null;
}

/** The text as a JSON object, or null. */
export function jsonObject(text: string): Json | null {
  try {
    return object(JSON.parse(text));
  } catch {
    return null;
  }
}

function object(value: unknown): Json | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Json)
    : null;
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function string(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function instant(value: unknown): Date | null {
  const at = typeof value === 'string' ? new Date(value) : null;
  return at && !Number.isNaN(at.getTime()) ? at : null;
}
