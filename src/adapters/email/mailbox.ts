// The folder that `fileMailer` fills, read back for the sandbox's mailbox page. A mail's id is its
// file name without the ending, and only names that the mailer writes are ids, so that no id leads
// out of the folder. The list reads each file's head alone: a PDF is not decoded to show a subject.

import { open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AddressObject, ParsedMail, SimpleParserOptions } from 'mailparser';

export type MailSummary = {
  readonly id: string;
  readonly subject: string;
  readonly from: string;
  readonly to: string;
  /** When the mail was put here. Newest first in lists. */
  readonly date: Date;
  readonly sizeBytes: number;
};

export type StoredMail = MailSummary & {
  /** As written, unfolded, in order. */
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  /** Pictures of the mail are inside as `data:` URLs. Hostile until framed: see the page. */
  readonly html: string | null;
  readonly text: string | null;
  readonly attachments: readonly MailAttachment[];
  /** The whole message as it would have travelled. */
  readonly source: Buffer;
};

export type MailAttachment = {
  readonly filename: string;
  readonly contentType: string;
  /** Shown inside the HTML instead of attached to the mail. */
  readonly inline: boolean;
  readonly bytes: Buffer;
};

export type Mailbox = {
  /** The newest mails, at most `limit`. None when the folder does not exist yet. */
  list(limit?: number): Promise<MailSummary[]>;
  /** Null when there is no such mail, or the id is none. */
  read(id: string): Promise<StoredMail | null>;
};

const NAME = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z-[A-Za-z0-9-]{1,64}\.eml$/;

/** `20261122T133220123Z-<notification id>.eml`, which sorts by time. */
export function mailFileName(at: Date, notificationId: string): string {
  const name = `${at.toISOString().replace(/[-:.]/g, '')}-${notificationId}.eml`;
  if (!NAME.test(name)) throw new Error(`not a mail's file name: ${JSON.stringify(name)}`);
  return name;
}

/** Reads the folder `dir`, which need not exist. */
export function mailbox(dir: string): Mailbox {
  return {
    async list(limit = 100) {
      const names = (await namesIn(dir)).filter((name) => NAME.test(name)).sort();
      const newest = names.reverse().slice(0, limit);
      const mails = await Promise.all(newest.map((name) => summary(dir, name)));
      return mails.filter((mail) => mail !== null);
    },
    async read(id) {
      const name = `${id}.eml`;
      if (!NAME.test(name)) return null;
      const source = await readFile(join(dir, name)).catch(nullWhenMissing);
      if (source === null) return null;
      const mail = await parsed(source, { skipHtmlToText: true, skipTextToHtml: true });
      return {
        ...summarised(name, mail, source.length),
        headers: mail.headerLines.map(({ line }) => header(line)),
        html: mail.html || null,
        text: mail.text ?? null,
        attachments: mail.attachments.map((part) => ({
          filename: part.filename ?? 'sans-nom',
          contentType: part.contentType,
          inline: part.related ?? false,
          bytes: part.content,
        })),
        source,
      };
    },
  };
}

// The head of our mails is some 800 bytes; what a header of 16 KiB would lose is not worth reading.
const HEAD_BYTES_MAX = 16_384;

async function summary(dir: string, name: string): Promise<MailSummary | null> {
  const file = await open(join(dir, name)).catch(nullWhenMissing);
  if (file === null) return null;
  try {
    const { size } = await file.stat();
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES_MAX), 0, HEAD_BYTES_MAX);
    const start = buffer.subarray(0, bytesRead);
    const end = start.indexOf('\r\n\r\n');
    const head = end === -1 ? start : start.subarray(0, end + 4);
    return summarised(name, await parsed(head), size);
  } finally {
    await file.close();
  }
}

// Large, and only needed when somebody looks into the mailbox.
async function parsed(source: Buffer, options: SimpleParserOptions = {}): Promise<ParsedMail> {
  const { simpleParser } = await import('mailparser');
  return simpleParser(source, options);
}

function summarised(name: string, mail: ParsedMail, sizeBytes: number): MailSummary {
  const [, year, month, day, hour, minute, second, ms] = NAME.exec(name) ?? [];
  return {
    id: name.slice(0, -'.eml'.length),
    subject: mail.subject ?? '',
    from: mail.from?.text ?? '',
    to: addressText(mail.to),
    date: new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}.${ms}Z`),
    sizeBytes,
  };
}

function addressText(to: AddressObject | AddressObject[] | undefined): string {
  return [to ?? []]
    .flat()
    .map((address) => address.text)
    .join(', ');
}

function header(line: string): { readonly name: string; readonly value: string } {
  const colon = line.indexOf(':');
  return {
    name: line.slice(0, colon),
    value: line
      .slice(colon + 1)
      .replace(/\r?\n[ \t]+/g, ' ')
      .trim(),
  };
}

async function namesIn(dir: string): Promise<string[]> {
  return (await readdir(dir).catch(nullWhenMissing)) ?? [];
}

function nullWhenMissing(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}
