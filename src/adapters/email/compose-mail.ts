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
  const boundary = createHash('sha256').update(message.messageId).digest('hex').slice(0, 24);
  const root = new MimeNode('multipart/mixed', {
    baseBoundary: boundary,
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
  addText(texts, 'text/plain; charset=utf-8', message.text);
  addText(texts, 'text/html; charset=utf-8', message.html);
  const stands = message.parts.map((part, at) => ({ part, stand: standIn(boundary, at) }));
  for (const { part, stand } of stands) {
    addPart(shown.includes(part) ? body : root, part, stand);
  }
  return whole(await root.build(), stands);
}

type Stand = { readonly part: MailPart; readonly stand: Buffer };

/** Stands for a part's bytes while nodemailer builds the rest; one line once it is encoded. */
function standIn(boundary: string, at: number): Buffer {
  return Buffer.from(`stand-in ${boundary} ${at}`.padEnd(48));
}

// Said, not left to nodemailer, which would count the letters of each text to choose.
function addText(parent: MimeNode, contentType: string, content: string): void {
  const node = parent.createChild(contentType);
  node.setHeader('Content-Transfer-Encoding', 'quoted-printable');
  node.setContent(content);
}

function addPart(parent: MimeNode, part: MailPart, stand: Buffer): void {
  const node = parent.createChild(part.contentType, { filename: part.filename });
  node.setHeader('Content-Disposition', part.cid === null ? 'attachment' : 'inline');
  node.setHeader('Content-Transfer-Encoding', 'base64');
  if (part.cid !== null) node.setHeader('Content-ID', `<${part.cid}>`);
  node.setContent(stand);
}

// nodemailer would send the bytes through four streams that look at each of them: for a PDF that costs
// more than all the rest of a mail. The stand-ins are found from the end, where the parts are.
function whole(built: Buffer, stands: readonly Stand[]): Buffer {
  const pieces: (string | Buffer)[] = [];
  let end = built.length;
  for (const { part, stand } of orderedFromEnd(built, stands)) {
    const line = stand.toString('base64');
    const at = built.lastIndexOf(line, end - 1, 'latin1');
    pieces.unshift(encoded(part.bytes), built.subarray(at + line.length, end));
    end = at;
  }
  return Buffer.concat(
    [built.subarray(0, end), ...pieces].map((it) =>
      typeof it === 'string' ? Buffer.from(it, 'latin1') : it,
    ),
  );
}

function orderedFromEnd(built: Buffer, stands: readonly Stand[]): readonly Stand[] {
  const placed = stands.map((it) => {
    const at = built.lastIndexOf(it.stand.toString('base64'), built.length, 'latin1');
    if (at === -1) throw new Error(`the mail has no place for ${it.part.filename}`);
    return { it, at };
  });
  return placed.toSorted((a, b) => b.at - a.at).map(({ it }) => it);
}

/** Base64 in lines of 76. */
function encoded(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
  const lines: string[] = [];
  for (let at = 0; at < text.length; at += 76) lines.push(text.slice(at, at + 76));
  return lines.join('\r\n');
}
