// A mail as the bytes that travel: MIME, encoded by nodemailer, the tree of parts laid out here.
// Everything nodemailer would draw at random (boundaries, Message-ID, date) is given to it, because
// a mail that is repeated after a crash must be the same mail: readers that know its Message-ID
// then show it once. Only the copy link in its two texts is signed anew at each attempt.

import { createHash } from 'node:crypto';
import MimeNode from 'nodemailer/lib/mime-node';
import type { MailMessage, MailPart } from './invoice-message.ts';

/** The whole message, lines ended by CR LF. The same message gives the same bytes. */
export async function composeMail(message: MailMessage): Promise<Buffer> {
  const shown = message.parts.filter((part) => part.cid !== null);
  const attached = message.parts.filter((part) => part.cid === null);
  const root = new MimeNode('multipart/mixed', {
    baseBoundary: createHash('sha256').update(message.messageId).digest('hex').slice(0, 24),
    newline: 'windows',
    // No part is ever read from a path or a URL, whatever a name from outside looks like.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  root.setHeader({
    From: message.from,
    'Reply-To': message.replyTo,
    To: message.to,
    Subject: message.subject,
    Date: message.date,
    'Message-ID': message.messageId,
    ...message.headers,
  });
  // mixed( related( alternative( text, HTML ), logo ), PDF ): readers that know no HTML find the
  // text first, and the picture belongs to both texts' whole instead of hiding inside one of them.
  const body =
    shown.length === 0 ? root : root.createChild('multipart/related; type="multipart/alternative"');
  const texts = body.createChild('multipart/alternative');
  texts.createChild('text/plain; charset=utf-8').setContent(message.text);
  texts.createChild('text/html; charset=utf-8').setContent(message.html);
  for (const part of shown) addPart(body, part, 'inline');
  for (const part of attached) addPart(root, part, 'attachment');
  return await root.build();
}

function addPart(parent: MimeNode, part: MailPart, disposition: 'inline' | 'attachment'): void {
  const node = parent.createChild(part.contentType, { filename: part.filename });
  node.setHeader('Content-Disposition', disposition);
  node.setHeader('Content-Transfer-Encoding', 'base64');
  if (part.cid !== null) node.setHeader('Content-ID', `<${part.cid}>`);
  node.setContent(Buffer.from(part.bytes));
}
