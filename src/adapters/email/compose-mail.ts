// A mail as the bytes that travel: MIME, encoded by nodemailer. Everything nodemailer would draw at
// random (boundaries, Message-ID, date) is given to it, because a mail that is repeated after a
// crash must be the same mail to the byte: readers that know its Message-ID then show it once.

import { createHash } from 'node:crypto';
import MailComposer from 'nodemailer/lib/mail-composer';
import type { MailMessage } from './invoice-message.ts';

/** The whole message, lines ended by CR LF. The same message gives the same bytes. */
export async function composeMail(message: MailMessage): Promise<Buffer> {
  const root = new MailComposer({
    from: message.from,
    replyTo: message.replyTo,
    to: message.to,
    subject: message.subject,
    date: message.date,
    messageId: message.messageId,
    headers: message.headers,
    text: message.text,
    html: message.html,
    attachments: message.parts.map((part) => ({
      filename: part.filename,
      contentType: part.contentType,
      content: Buffer.from(part.bytes),
      ...(part.cid === null ? {} : { cid: part.cid }),
    })),
    baseBoundary: createHash('sha256').update(message.messageId).digest('hex').slice(0, 24),
    newline: 'windows',
    // No part is ever read from a path or a URL, whatever a name from outside looks like.
    disableFileAccess: true,
    disableUrlAccess: true,
  }).compile();
  return await root.build();
}
