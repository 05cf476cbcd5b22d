// POST /webhooks/ses: what SES tells about our mails after it took them, by way of SNS. SNS repeats
// on 5xx and 429 and gives up on other 4xx, so the status says what we want: 200 when the event is
// safe with us or none of our business, 403 for what is not SNS's or not of our topics, 503 when it
// shall come again.

import type { Middleware } from 'koa';
import getRawBody from 'raw-body';
import { parseSesEvent, type SesEvent } from '#adapters/email/ses-event.ts';
import type { Clock, Notes } from '#application/ports.ts';
import { parseSnsMessage, type SnsFault, type SnsMessage } from './sns-message.ts';
import { type FetchText, fetchText, type SnsVerdict, snsSignatures } from './sns-signature.ts';

export type SesWebhookNeeds = {
  /** The topics whose word is taken; anything else is refused. */
  readonly topicArns: readonly string[];
  /** `unknown`: no mail of ours. */
  readonly record: (
    event: SesEvent,
    snsMessageId: string,
  ) => Promise<'recorded' | 'duplicate' | 'unknown'>;
  readonly notes: Notes;
  readonly clock: Clock;
  readonly log: {
    error(fields: object, message: string): void;
    info(fields: object, message: string): void;
  };
  /** Default: over the internet. */
  readonly fetchText?: FetchText;
};

/** SNS sends 256 KiB at most, and JSON in JSON doubles its backslashes. */
export const SNS_BYTES_MAX = 1024 * 1024;

const REFUSALS: Readonly<Record<SnsFault | Exclude<SnsVerdict, 'genuine'>, string>> = {
  'not-sns': 'The body is not a message of Amazon SNS.',
  'unknown-topic': 'This topic is not in SES_SNS_TOPIC_ARNS.',
  'strange-address': 'An address in the message is not one of SNS in the region of the topic.',
  'unknown-signature': 'SignatureVersion must be 1 or 2.',
  forged: 'The signature does not fit the message.',
  'too-old': 'The message is too old.',
  'from-the-future': 'The message is dated in the future.',
};

export function sesWebhook(needs: SesWebhookNeeds): Middleware {
  const { notes, log, record } = needs;
  const fetch = needs.fetchText ?? fetchText;
  const judge = snsSignatures({ clock: needs.clock, fetchText: fetch });

  const quietUntil = new Map<string, number>();

  // Anybody can be refused as often as they like; the log hears of each reason once a minute.
  function noteRefusal(why: SnsFault | SnsVerdict): void {
    const now = needs.clock.now().getTime();
    if (now < (quietUntil.get(why) ?? 0)) return;
    quietUntil.set(why, now + 60_000);
    notes.note(`a message of SNS was refused: ${why}`, {});
  }

  async function handle(message: SnsMessage): Promise<string> {
    const { topicArn, messageId } = message;
    switch (message.type) {
      case 'SubscriptionConfirmation':
        if (message.subscribeUrl) await fetch(message.subscribeUrl);
        log.info({ topicArn }, 'SNS will tell us what becomes of our mails');
        return 'confirmed';
      case 'UnsubscribeConfirmation':
        notes.note('SNS will no longer tell us what becomes of our mails', { topicArn });
        return 'noted';
      case 'Notification': {
        const event = parseSesEvent(message.message);
        if (!event) return 'ignored';
        const outcome = await record(event, messageId);
        if (outcome === 'unknown') {
          notes.note(`SES tells of a mail that is not ours: ${event.kind}`, { messageId });
        }
        return outcome;
      }
      default:
        return message.type satisfies never;
    }
  }

  return async (ctx) => {
    let body: Buffer;
    try {
      body = await getRawBody(ctx.req, { limit: SNS_BYTES_MAX });
    } catch (error) {
      const isLarge = (error as { type?: string }).type === 'entity.too.large';
      ctx.set('Connection', 'close');
      return answer(isLarge ? 413 : 400, { error: 'The body could not be read.' });
    }
    const message = parseSnsMessage(body, needs.topicArns);
    if (typeof message === 'string') {
      noteRefusal(message);
      return answer(message === 'not-sns' ? 400 : 403, { error: REFUSALS[message] });
    }
    try {
      const verdict = await judge(message);
      if (verdict !== 'genuine') {
        noteRefusal(verdict);
        return answer(403, { error: REFUSALS[verdict] });
      }
      answer(200, { outcome: await handle(message) });
    } catch (error) {
      log.error({ err: error, messageId: message.messageId }, 'a message of SNS was not taken in');
      ctx.set('Retry-After', '30');
      answer(503, { error: 'The message could not be taken in. Send it again.' });
    }

    function answer(status: number, json: object): void {
      ctx.status = status;
      ctx.body = json;
    }
  };
}
