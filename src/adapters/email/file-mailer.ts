// Mail that stays on this machine: each is a file in a folder, exactly as it would have travelled,
// so that the sandbox shows a newcomer the real message and any mail reader opens it. A file
// appears under its name only when it is complete.

import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { FIXED } from '#adapters/french.ts';
import type { Clock, DeliveryAnswer, Mailer } from '#application/ports.ts';
import { composeMail } from './compose-mail.ts';
import { invoiceMessage } from './invoice-message.ts';
import { lightLogos, type MailLogos } from './mail-logo.ts';
import { mailFileName } from './mailbox.ts';

/** `dir` is made when missing; `from` is the bare address that mail is sent from. */
export type FileMailerOptions = {
  readonly dir: string;
  readonly from: string;
  readonly clock: Clock;
  /** Default: only logos that need no drawing are shown. */
  readonly logos?: MailLogos;
};

/**
 * A folder that cannot be written is answered as a lack of configuration, to be tried again: the
 * notification must show it, as it would show a mail server that is down.
 */
export function fileMailer(options: FileMailerOptions): Mailer {
  const { dir, from, clock, logos = lightLogos } = options;
  let lastStamp = 0;
  return {
    async send(mail) {
      const startedAt = performance.now();
      const message = invoiceMessage(mail, from, await logos.of(mail.logo));
      const raw = await composeMail(message);
      // Never one instant twice: a repeated mail is one more file, as it would be one more mail.
      lastStamp = Math.max(clock.now().getTime(), lastStamp + 1);
      const name = mailFileName(new Date(lastStamp), message.headers['X-Notification-Id'] ?? '');
      const temporary = join(dir, `.${name}.part`);
      try {
        await mkdir(dir, { recursive: true });
        await writeFile(temporary, raw);
        await rename(temporary, join(dir, name));
      } catch (error) {
        await rm(temporary, { force: true }).catch(() => undefined);
        const code = (error as NodeJS.ErrnoException).code ?? 'inconnue';
        const detail = `Le dossier des e-mails ne peut pas être écrit${FIXED}: ${code}`;
        return answer('unavailable', 'not-configured', { detail, messageId: null, startedAt });
      }
      const detail = 'Déposé dans la boîte aux lettres locale';
      return answer('accepted', 'accepted', { detail, messageId: message.messageId, startedAt });
    },
  };
}

function answer(
  result: DeliveryAnswer['result'],
  outcome: DeliveryAnswer['report']['outcome'],
  given: {
    readonly detail: string;
    readonly messageId: string | null;
    readonly startedAt: number;
  },
): DeliveryAnswer {
  return {
    result,
    report: {
      outcome,
      statusCode: null,
      detail: given.detail,
      durationMs: Math.round(performance.now() - given.startedAt),
      request: null,
      response: null,
      messageId: given.messageId,
    },
  };
}
