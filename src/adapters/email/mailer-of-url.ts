// Which mailer EMAIL_URL means. The scheme decides and nothing else does, so that a deployment says
// in one variable where its mail goes; a fault in it is told before anything starts, in a sentence
// that repeats neither the user nor the password.

import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Clock, Mailer } from '#application/ports.ts';
import { isSingleEmail } from '#domain/customer.ts';
import { fileMailer } from './file-mailer.ts';
import type { MailLogos } from './mail-logo.ts';
import { sesMailer } from './ses-mailer.ts';
import { parseSesUrl, type SesAddress } from './ses-url.ts';
import { smtpMailer } from './smtp-mailer.ts';

export type MailerOptions = {
  /** EMAIL_FROM, a bare address: `factures@comptappart.example`. */
  readonly from: string;
  readonly clock: Clock;
  /** How logos get into mails; whoever made it closes it. */
  readonly logos?: MailLogos;
};

/**
 * `file:DIR`, `smtp://…`, `smtps://…` or `ses://…`. Throws an Error that says what is wrong with
 * EMAIL_URL or EMAIL_FROM. `close` lets sends under way finish.
 */
export function mailerOfUrl(
  emailUrl: string,
  { from, clock, logos }: MailerOptions,
): Mailer & { close(): void | Promise<void> } {
  if (!isSingleEmail(from)) {
    throw new Error('EMAIL_FROM must be one bare address, such as invoices@example.com');
  }
  const scheme = /^([a-z]+):/i.exec(emailUrl)?.[1]?.toLowerCase();
  switch (scheme) {
    case 'file':
      return {
        ...fileMailer({ dir: folderOfUrl(emailUrl), from, clock, ...(logos && { logos }) }),
        close: () => undefined,
      };
    case 'smtp':
    case 'smtps':
      return smtpMailer({ url: emailUrl, from, ...(logos && { logos }) });
    case 'ses':
      return sesMailer({ address: sesAddress(emailUrl), from, ...(logos && { logos }) });
    default:
      throw new Error('EMAIL_URL must begin with file:, smtp://, smtps:// or ses://');
  }
}

/** Throws an Error that says what is wrong with the variable. */
export function sesAddress(emailUrl: string): SesAddress {
  const address = parseSesUrl(emailUrl);
  if ('fault' in address) throw new Error(`EMAIL_URL ${address.fault}`);
  return address;
}

/** The folder that a `file:DIR` means, absolute. `file:` followed by a path, relative or not. */
export function folderOfUrl(emailUrl: string): string {
  if (/^file:\/\//i.test(emailUrl)) return fileURLToPath(emailUrl);
  const path = emailUrl.slice('file:'.length);
  if (path === '') throw new Error('EMAIL_URL: the folder is missing after file:');
  return resolve(path);
}
