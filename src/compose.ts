// The composition root: the only file that knows every adapter. It builds them, closes the use cases
// over them and hands out what the programs need; the choices between adapters (file or SMTP, …) are
// made here and nowhere else.

import { createHash, randomUUID } from 'node:crypto';
import type Koa from 'koa';
import type { Middleware } from 'koa';
import { sql } from 'kysely';
import { mailerOfUrl } from '#adapters/email/mailer-of-url.ts';
import { directoryFiles } from '#adapters/files/directory-files.ts';
import { httpApp } from '#adapters/http/app.ts';
import { type Log, logAlerts } from '#adapters/logging.ts';
import { type PartnerClient, partnerClient } from '#adapters/partner/partner-client.ts';
import { type ChromiumPrinter, chromiumPrinter } from '#adapters/pdf/chromium-printer.ts';
import { connect, type Database } from '#adapters/postgres/database.ts';
import { postgresTransact } from '#adapters/postgres/transact.ts';
import { type SecretBox, secretBox } from '#adapters/secret-box.ts';
import { stripeClient } from '#adapters/stripe/client.ts';
import { stripeHistory } from '#adapters/stripe/stripe-history.ts';
import { stripeReader } from '#adapters/stripe/stripe-reader.ts';
import { systemClock } from '#adapters/system-clock.ts';
import type { Handlers } from '#adapters/worker/tasks.ts';
import { deliverNotification } from '#application/deliver-notification.ts';
import type { FileStore } from '#application/ports.ts';
import { receiveEvent } from '#application/receive-event.ts';
import { takeInMissed } from '#application/reconcile.ts';
import { recoverStalled } from '#application/recover-stalled.ts';
import { renderInvoice } from '#application/render-invoice.ts';
import { resolvePayment } from '#application/resolve-payment.ts';
import type { Config } from './config.ts';

/** What the configuration leaves open until the neighbours of this start are known. */
export type Surroundings = {
  readonly databaseUrl: string;
  readonly publicUrl: string;
  readonly secretsKey: Buffer;
  /** Where the browser of the npm package is unpacked. */
  readonly chromiumCacheDir: string;
  readonly stripe: {
    readonly secretKey: string;
    readonly webhookSecrets: readonly string[];
    readonly apiBase: URL | null;
  };
  readonly log: Log;
  readonly isStopping: () => boolean;
  /** Names this process on the leases it takes. */
  readonly workerId: string;
  /** The sandbox's pages, given the books they show; null outside the sandbox. */
  readonly sandboxPages:
    | ((books: {
        readonly db: Database;
        readonly files: FileStore;
        readonly secrets: SecretBox;
      }) => Middleware)
    | null;
};

export type Program = {
  readonly app: Koa;
  readonly db: Database;
  readonly secrets: SecretBox;
  readonly handlers: Handlers;
  readonly sweep: () => Promise<void>;
  /** Starts what is slow to start (Chromium), so that the first invoice does not wait for it. */
  readonly warm: () => Promise<void>;
  readonly close: () => Promise<void>;
};

/** How many database connections a process keeps for its use cases. */
const CONNECTIONS_MAX = 16;

export function compose(config: Config, around: Surroundings): Program {
  const { log } = around;
  const clock = systemClock;
  const newId = randomUUID;
  const { workerId } = around;
  const livemode = config.environment === 'production';
  const db = connect(around.databaseUrl, { connectionsMax: CONNECTIONS_MAX });
  const secrets = secretBox(around.secretsKey);
  const transact = postgresTransact(db, { clock, secrets });
  const alerts = logAlerts(log);
  const files = directoryFiles({
    dir: directoryOf(config.storageUrl),
    publicUrl: around.publicUrl,
    secretsKey: around.secretsKey,
    clock,
  });
  const stripe = stripeClient(around.stripe);
  const printer: ChromiumPrinter = chromiumPrinter({
    executablePath: config.chromiumPath ?? undefined,
    cacheDir: around.chromiumCacheDir,
  });
  const mailer = mailerOfUrl(config.emailUrl.reveal(), { from: config.emailFrom, clock });
  const partner: PartnerClient = partnerClient({
    timeoutMs: config.partnerTimeoutMs,
    allowInsecure: config.allowInsecurePartnerUrls,
  });
  const base = { transact, clock, alerts, newId };

  const app = httpApp({
    webhook: {
      stripe,
      webhookSecrets: around.stripe.webhookSecrets,
      livemode,
      receive: (event) => receiveEvent(base, event),
      alerts,
      clock,
      log,
    },
    readiness: {
      checkDatabase: async () => void (await sql`select 1`.execute(db)),
      isStopping: around.isStopping,
    },
    files,
    sandbox: around.sandboxPages?.({ db, files, secrets }) ?? null,
    log,
  });

  const resolve = {
    ...base,
    stripe: stripeReader(stripe),
    seller: config.seller,
    housePartner: config.housePartner,
  };
  const reconcile = { ...base, history: stripeHistory(stripe), livemode };
  const render = { ...base, printer, files, sha256 };
  const partnerDelaysMs = config.partnerRetryDelaysMs;
  const deliver = { ...base, mailer, partner, files, livemode, partnerDelaysMs, workerId };
  return {
    app,
    db,
    secrets,
    handlers: {
      'resolve-payment': (eventId) => resolvePayment(resolve, eventId),
      'render-invoice': (number) => renderInvoice(render, number),
      'deliver-notification': (id) => deliverNotification(deliver, id),
      reconcile: async () => {
        const report = await takeInMissed(reconcile, null);
        if (report.received > 0) log.warn(report, 'took in events that never arrived');
      },
    },
    sweep: async () => {
      const found = await recoverStalled(base);
      const { interrupted, requeued, givenUp } = found;
      if (interrupted + requeued + givenUp > 0) log.warn(found, 'recovered stalled work');
    },
    warm: () => printer.warm(),
    close: async () => {
      await Promise.all([printer.close(), mailer.close(), partner.close()]);
      await db.destroy();
    },
  };
}

function directoryOf(storageUrl: string): string {
  if (storageUrl.startsWith('file:')) return storageUrl.slice('file:'.length);
  throw new Error('STORAGE_URL: s3:// is not supported yet; use file:DIR');
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
