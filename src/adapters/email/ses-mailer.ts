// Mail through the API of Amazon SES: the same bytes that would travel over SMTP, handed over in
// one signed request. SES replaces Message-ID and Date by its own, so the notification is named
// three times over: in our header, in a tag that comes back with every event, and by SES's id on
// record.

import { createHash } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { domainToASCII } from 'node:url';
import { boundBy } from '#adapters/aws-deadline.ts';
import type { DeliveryAnswer, InvoiceMail, Mailer } from '#application/ports.ts';
import { composeMail } from './compose-mail.ts';
import { invoiceMessage } from './invoice-message.ts';
import { lightLogos, type MailLogos } from './mail-logo.ts';
import { failedBySes, type SesFailure, takenBySes, unreadableSes } from './ses-answer.ts';
import { type SesClientOptions, sesConnection } from './ses-client.ts';
import { NOTIFICATION_TAG, ORDER_TAG } from './ses-event.ts';

export type SesMailerOptions = SesClientOptions & {
  /** The bare address that mail is sent from; SES must know it or its domain. */
  readonly from: string;
  /** Default: only logos that need no drawing are shown. */
  readonly logos?: MailLogos;
};

/** Loads the SDK with the first mail. `close` lets sends under way finish. */
export function sesMailer(options: SesMailerOptions): Mailer & { close(): Promise<void> } {
  const { from, logos = lightLogos } = options;
  const { configurationSet } = options.address;
  const connection = sesConnection(options);
  const underWay = new Set<Promise<unknown>>();

  async function send(mail: InvoiceMail): Promise<DeliveryAnswer> {
    const message = invoiceMessage(mail, from, await logos.of(mail.logo));
    const raw = await composeMail(message);
    const recipient = message.to.address;
    const { sdk, client } = await connection.open();
    const command = new sdk.SendEmailCommand({
      FromEmailAddress: asciiAddress(from),
      Destination: { ToAddresses: [asciiAddress(recipient)] },
      Content: { Raw: { Data: raw } },
      ...(configurationSet !== null && { ConfigurationSetName: configurationSet }),
      EmailTags: [
        { Name: NOTIFICATION_TAG, Value: tagValue(mail.notificationId) },
        { Name: ORDER_TAG, Value: tagValue(String(mail.order.id)) },
      ],
    });
    const startedAt = performance.now();
    const given = () => ({ recipient, durationMs: performance.now() - startedAt });
    try {
      const abortSignal = connection.deadline();
      const sent = client.send(command, { abortSignal });
      const { MessageId, $metadata } = await boundBy(abortSignal, sent);
      const status = $metadata.httpStatusCode ?? null;
      return MessageId ? takenBySes(MessageId, status, given()) : unreadableSes(status, given());
    } catch (error) {
      return failedBySes(error as SesFailure, given());
    }
  }

  return {
    async send(mail) {
      const sending = send(mail);
      underWay.add(sending);
      try {
        return await sending;
      } finally {
        underWay.delete(sending);
      }
    },
    async close() {
      await Promise.allSettled(underWay);
      await connection.close();
    },
  };
}

// SES speaks no SMTPUTF8: a domain must be written in its ASCII form. A local part that is not
// ASCII stays as it is, and is refused by SES in its own words.
function asciiAddress(address: string): string {
  const at = address.lastIndexOf('@');
  const domain = domainToASCII(address.slice(at + 1));
  return domain === '' ? address : address.slice(0, at + 1) + domain;
}

// Letters, digits, _ and - only, 256 at most, or SES refuses the whole mail. Ours are UUIDs.
function tagValue(id: string): string {
  return /^[A-Za-z0-9_-]{1,256}$/.test(id) ? id : createHash('sha256').update(id).digest('hex');
}
