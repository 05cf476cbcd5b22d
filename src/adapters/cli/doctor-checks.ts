// The checks of `doctor`, one function each: what was looked at, whether it is well, and if not what
// to do. A check answers and never throws; what it could not look at because something before it
// failed is left out by the command.

import { randomUUID } from 'node:crypto';
import { mkdir, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'kysely';
import { createTransport } from 'nodemailer';
import { folderOfUrl } from '#adapters/email/mailer-of-url.ts';
import { count, duration, plural } from '#adapters/french.ts';
import { chromiumCacheDir } from '#adapters/pdf/chromium-binary.ts';
import { chromiumPrinter } from '#adapters/pdf/chromium-printer.ts';
import { lastAudit } from '#adapters/postgres/audit-runs.ts';
import { queueHealth } from '#adapters/postgres/book-lists.ts';
import type { Database } from '#adapters/postgres/database.ts';
import { stripeClient } from '#adapters/stripe/client.ts';
import { pendingOrMade } from './books.ts';
import type { CliConfig } from './cli.ts';
import { reportOf } from './faults.ts';
import { fr } from './layout.ts';

export type Check = {
  /** camelCase, for machines. */
  readonly name: string;
  readonly title: string;
  readonly ok: boolean;
  /** What was seen. */
  readonly detail: string;
  /** What to do about it; null when all is well. */
  readonly action: string | null;
};

const POSTGRES_MIN = 150_000;
const LATE_MS = 60_000;
const STRIPE_MS = 5_000;
const MAIL_MS = 10_000;

type Finding = { readonly detail: string; readonly action?: string };

/** Runs one look; whatever it throws becomes a failed check with that action. */
export async function check(
  [name, title]: readonly [string, string],
  actionIfThrown: string,
  look: () => Promise<Finding>,
): Promise<Check> {
  try {
    const { detail, action = null } = await look();
    return { name, title, ok: action === null, detail, action };
  } catch (error) {
    const detail = reportOf(error).sentence;
    return { name, title, ok: false, detail, action: actionIfThrown };
  }
}

export function checkVersion(db: Database): Promise<Check> {
  return check(['database', 'PostgreSQL'], 'Vérifiez DATABASE_URL.', async () => {
    const { rows } = await sql<{ number: string; version: string }>`
      select current_setting('server_version_num') as number,
             current_setting('server_version') as version`.execute(db);
    const version = rows[0]?.version.split(' ')[0] ?? '?';
    return Number(rows[0]?.number) >= POSTGRES_MIN
      ? { detail: `version ${version}` }
      : { detail: `version ${version}`, action: 'Il en faut une à partir de 15.' };
  });
}

export function checkSchema(config: CliConfig, url: string): Promise<Check> {
  return check(['migrations', 'Migrations'], 'Voyez le message.', async () => {
    const pending = await pendingOrMade(config, url);
    if (pending.length === 0) return { detail: 'aucune en attente' };
    return { detail: `${pending.length} en attente`, action: fr`Lancez « comptappart migrate ».` };
  });
}

export function checkStripe({ stripe }: CliConfig): Promise<Check> {
  return check(['stripe', 'Stripe'], fr`Vérifiez STRIPE_SECRET_KEY et le réseau.`, async () => {
    if (stripe === null) return { detail: fr`bac à sable : un Stripe à nous` };
    const client = stripeClient({
      secretKey: stripe.secretKey.reveal(),
      apiBase: stripe.apiBase,
      timeoutMs: STRIPE_MS,
    });
    try {
      await client.events.list({ limit: 1 }, { maxNetworkRetries: 0 });
      return { detail: 'la clé répond et peut lire les événements' };
    } catch (error) {
      // Stripe's own messages repeat a part of the key.
      const { type, statusCode } = error as { type?: string; statusCode?: number };
      if (statusCode === 401) {
        return { detail: 'la clé est refusée', action: 'Remplacez STRIPE_SECRET_KEY.' };
      }
      if (statusCode === 403) {
        const action = 'Donnez à la clé le droit de lire les événements (Events).';
        return { detail: 'la clé ne peut pas lire les événements', action };
      }
      const detail = `Stripe ne répond pas (${statusCode ?? type ?? 'réseau'})`;
      return { detail, action: 'Vérifiez le réseau et status.stripe.com.' };
    }
  });
}

export function checkChromium(config: CliConfig): Promise<Check> {
  return check(['chromium', 'Chromium'], 'Voyez CHROMIUM_PATH.', async () => {
    const printer = chromiumPrinter({
      executablePath: config.chromiumPath ?? undefined,
      cacheDir: await chromiumCacheDir(config.dataDir),
    });
    const startedAt = performance.now();
    try {
      await printer.warm();
      return { detail: `prêt en ${duration(performance.now() - startedAt)}` };
    } finally {
      await printer.close();
    }
  });
}

export function checkFiles({ storageUrl }: CliConfig): Promise<Check> {
  return check(['files', 'Fichiers'], 'Rendez ce dossier inscriptible.', async () => {
    if (!storageUrl.startsWith('file:')) {
      return { detail: 'STORAGE_URL', action: 'Cette version ne connaît que file:DOSSIER.' };
    }
    const dir = storageUrl.slice('file:'.length);
    await writeProbe(dir);
    return { detail: `${dir} est inscriptible` };
  });
}

export function checkMail({ emailUrl }: CliConfig): Promise<Check> {
  return check(['mail', 'E-mail'], fr`Vérifiez EMAIL_URL.`, async () => {
    const url = emailUrl.reveal();
    if (url.startsWith('file:')) {
      const dir = folderOfUrl(url);
      await writeProbe(dir);
      return { detail: `déposé dans ${dir}` };
    }
    if (url.startsWith('ses:')) {
      const action = fr`Cette version passe par SMTP : smtp://…@email-smtp.REGION.amazonaws.com:587.`;
      return { detail: 'EMAIL_URL en ses://', action };
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

export function checkQueue(db: Database): Promise<Check> {
  return check(['queue', 'File'], fr`Lancez « comptappart migrate ».`, async () => {
    const { oldestDueAt, deadJobs } = await queueHealth(db);
    const lateMs = oldestDueAt === null ? 0 : Date.now() - oldestDueAt.getTime();
    if (lateMs > LATE_MS) {
      const action = fr`Aucun worker ne la traite : lancez « serve » ou « worker ».`;
      return { detail: `du travail attend depuis ${duration(lateMs)}`, action };
    }
    if (deadJobs > 0) {
      const jobs = plural(deadJobs, 'travail abandonné', 'travaux abandonnés');
      return { detail: `${count(deadJobs)} ${jobs}`, action: 'Voyez le journal des workers.' };
    }
    return { detail: oldestDueAt === null ? 'rien n’attend' : 'le travail avance' };
  });
}

export function checkNotifications(db: Database): Promise<Check> {
  return check(['notifications', 'Notifications'], 'Voyez le message.', async () => {
    const health = await queueHealth(db);
    const { stuckNotifications: stuck, endedNotifications: ended, quarantinedPayments } = health;
    if (stuck > 0) {
      const detail = `${count(stuck)} en retard de plus de 5 minutes`;
      return { detail, action: fr`Vérifiez qu’un worker tourne : « serve » ou « worker ».` };
    }
    const waiting = [
      ...(ended > 0 ? [`${count(ended)} à relancer`] : []),
      ...(quarantinedPayments > 0
        ? [
            `${count(quarantinedPayments)} ${plural(quarantinedPayments, 'paiement', 'paiements')} en quarantaine`,
          ]
        : []),
    ];
    return { detail: ['aucune en retard', ...waiting].join(', ') };
  });
}

export function checkPartners(db: Database, { environment }: CliConfig): Promise<Check> {
  return check(['partners', 'Partenaires'], 'Voyez le message.', async () => {
    const column = environment === 'production' ? 'production_url' : 'staging_url';
    const rows = await db.selectFrom('partner').select(['slug', column]).orderBy('slug').execute();
    const without = rows.filter((row) => row[column as keyof typeof row] === null);
    if (without.length > 0) {
      const flag = environment === 'production' ? '--production-url' : '--staging-url';
      const detail = fr`sans adresse ici : ${without.map((row) => row.slug).join(', ')}`;
      return { detail, action: fr`Donnez-la : partner set <slug> ${flag} <url>` };
    }
    const many = `${rows.length} ${plural(rows.length, 'partenaire', 'partenaires')}`;
    return { detail: rows.length === 0 ? 'aucun pour l’instant' : `${many}, avec adresse` };
  });
}

/** The runs are those of each night; one that is days old says that no worker runs any more. */
const AUDIT_LATE_MS = 3 * 24 * 60 * 60 * 1000;

export function checkAudit(db: Database): Promise<Check> {
  return check(['audit', 'Audit'], fr`Lancez « comptappart audit ».`, async () => {
    const run = await lastAudit(db);
    if (run === null) return { detail: 'pas encore fait' };
    const ago = Date.now() - run.finishedAt.getTime();
    const detail = `il y a ${duration(ago)}, ${count(run.documents)} documents`;
    if (run.findings > 0) {
      const faults = `${count(run.findings)} ${plural(run.findings, 'faute', 'fautes')}`;
      return { detail: `${detail}, ${faults}`, action: fr`Lancez « comptappart audit ».` };
    }
    if (ago < AUDIT_LATE_MS) return { detail: `${detail}, entiers` };
    return { detail, action: fr`Vérifiez qu’un worker tourne : « serve » ou « worker ».` };
  });
}

async function writeProbe(dir: string): Promise<void> {
  await mkdir(dir, { recursive: true });
  const file = join(dir, `.doctor-${randomUUID()}`);
  await writeFile(file, '');
  await unlink(file);
}
