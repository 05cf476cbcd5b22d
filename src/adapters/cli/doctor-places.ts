// The checks of `doctor` on the neighbours that are neither Stripe nor the database: where files and
// mail go, the disk, the way out to partners, the browser that prints. Each is tried as the program
// would use it; nothing is sent to anybody.

import { randomUUID } from 'node:crypto';
import { mkdir, statfs, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTransport } from 'nodemailer';
import { folderOfUrl, sesAddress } from '#adapters/email/mailer-of-url.ts';
import { s3Address } from '#adapters/files/store-of-url.ts';
import { duration } from '#adapters/french.ts';
import { tryProxy } from '#adapters/partner/try-proxy.ts';
import { chromiumCacheDir } from '#adapters/pdf/chromium-binary.ts';
import { chromiumPrinter } from '#adapters/pdf/chromium-printer.ts';
import { systemClock } from '#adapters/system-clock.ts';
import { specimenInvoice } from '#domain/specimen.ts';
import type { CliConfig } from './cli.ts';
import { type Check, check, type Finding } from './doctor-check.ts';
import { fr } from './layout.ts';

const MAIL_MS = 10_000;
const PROXY_MS = 5_000;
const GIB = 1024 ** 3;

/** Prints a specimen as the next invoice would be printed, and throws it away. */
export function checkChromium(config: CliConfig): Promise<Check> {
  return check(['chromium', 'Chromium'], 'Voyez CHROMIUM_PATH.', async () => {
    const printer = chromiumPrinter({
      executablePath: config.chromiumPath ?? undefined,
      cacheDir: await chromiumCacheDir(config.dataDir),
    });
    const startedAt = performance.now();
    try {
      await printer.warm();
      const readyMs = performance.now() - startedAt;
      const invoice = specimenInvoice(config.seller, systemClock.now());
      const { bytes } = await printer.print(invoice, null);
      const printMs = performance.now() - startedAt - readyMs;
      if (Buffer.from(bytes.subarray(0, 5)).toString() !== '%PDF-') throw new Error('no PDF');
      return { detail: fr`prêt en ${duration(readyMs)}, une facture en ${duration(printMs)}` };
    } finally {
      await printer.close();
    }
  });
}

export function checkFiles({ storageUrl }: CliConfig): Promise<Check> {
  return check(['files', 'Fichiers'], 'Rendez ce dossier inscriptible.', async () => {
    if (storageUrl.startsWith('s3:')) {
      const { s3Check } = await import('#adapters/files/s3-check.ts');
      return s3Check({ address: s3Address(storageUrl), clock: systemClock });
    }
    const dir = storageUrl.slice('file:'.length);
    await writeProbe(dir);
    const { free, ...finding } = await roomIn(dir);
    return { ...finding, detail: `${dir} est inscriptible, ${free}` };
  });
}

/** The folder of the embedded database, the mailbox and Chromium. */
export function checkDisk({ dataDir }: CliConfig): Promise<Check> {
  return check(['disk', 'Disque'], 'Vérifiez DATA_DIR.', async () => {
    const { free, ...finding } = await roomIn(dataDir);
    return { ...finding, detail: `${dataDir} : ${free}` };
  });
}

async function roomIn(dir: string): Promise<Omit<Finding, 'detail'> & { readonly free: string }> {
  await mkdir(dir, { recursive: true });
  const { bavail, bsize, blocks } = await statfs(dir);
  const bytes = bavail * bsize;
  const free = `${(bytes / GIB).toFixed(1).replace('.', ',')} Go libres`;
  const share = blocks === 0 ? 1 : bavail / blocks;
  if (bytes > 2 * GIB || (bytes > GIB / 2 && share > 0.05)) return { free };
  const action = 'Libérez de la place, ou agrandissez ce disque.';
  return { free, action, isFault: bytes < GIB / 4 };
}

export function checkMail({ emailUrl, emailFrom, sesTopicArns }: CliConfig): Promise<Check> {
  return check(['mail', 'E-mail'], fr`Vérifiez EMAIL_URL.`, async () => {
    const url = emailUrl.reveal();
    if (url.startsWith('file:')) {
      const dir = folderOfUrl(url);
      await writeProbe(dir);
      return { detail: `déposé dans ${dir}` };
    }
    if (url.startsWith('ses:')) {
      const { sesCheck } = await import('#adapters/email/ses-check.ts');
      return sesCheck({ address: sesAddress(url), from: emailFrom, topicArns: sesTopicArns });
    }
    const options = { connectionTimeout: MAIL_MS, greetingTimeout: MAIL_MS, dnsTimeout: MAIL_MS };
    const transport = createTransport({ url, ...options });
    try {
      await transport.verify();
      return { detail: `${URL.parse(url)?.host} accepte nos e-mails` };
    } catch (error) {
      const { code, responseCode } = error as { code?: string; responseCode?: number };
      const why = [code, responseCode].filter((it) => it !== undefined).join(' ');
      const detail = `${URL.parse(url)?.host} ne prend pas nos e-mails (${why})`;
      return { detail, action: fr`Vérifiez le serveur, l’utilisateur et le mot de passe.` };
    } finally {
      transport.close();
    }
  });
}

/** Only where partners are called through one. `target` is the host of some partner, if there is any. */
export async function checkProxy(
  { egressProxy }: CliConfig,
  target: string | null,
): Promise<readonly Check[]> {
  if (egressProxy === null) return [];
  const url = new URL(egressProxy.reveal());
  const found = await check(['proxy', 'Proxy'], fr`Vérifiez HTTPS_PROXY.`, async () => {
    const answer = await tryProxy(url, target ?? 'stripe.com', PROXY_MS);
    if (typeof answer === 'string') {
      const action = fr`Vérifiez HTTPS_PROXY et le réseau : aucun partenaire n’est appelé sans lui.`;
      return { detail: `${url.host} ne répond pas (${answer})`, action };
    }
    if (answer >= 200 && answer < 300) {
      return {
        detail: target === null ? `${url.host} répond` : `${url.host} laisse passer ${target}`,
      };
    }
    if (answer === 407) {
      const action = fr`Corrigez l’utilisateur et le mot de passe dans HTTPS_PROXY.`;
      return { detail: `${url.host} refuse nos identifiants (407)`, action };
    }
    if (target === null) return { detail: `${url.host} répond (${answer})` };
    const action = fr`Autorisez-y les adresses des partenaires, port 443.`;
    return { detail: `${url.host} ne laisse pas passer ${target} (${answer})`, action };
  });
  return [found];
}

async function writeProbe(dir: string): Promise<void> {
  await mkdir(dir, { recursive: true });
  const file = join(dir, `.doctor-${randomUUID()}`);
  await writeFile(file, '');
  await unlink(file);
}
