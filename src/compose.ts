// The composition root: the only file that knows every adapter. It builds them, closes the use cases
// over them and hands out what the programs need; the choices between adapters (file or SMTP, …) are
// made here and nowhere else.

import { createHash } from 'node:crypto';
import type Koa from 'koa';
import type { Middleware } from 'koa';
import { sql } from 'kysely';
import { auditTools } from '#adapters/audit-tools.ts';
import { drawnLogos } from '#adapters/email/drawn-logos.ts';
import { mailerOfUrl } from '#adapters/email/mailer-of-url.ts';
import { documentFaults } from '#adapters/facturx/checks.ts';
import { recentFiles } from '#adapters/files/recent-files.ts';
import { storeOfUrl } from '#adapters/files/store-of-url.ts';
import { httpApp } from '#adapters/http/app.ts';
import { type Log, logAlerts, logNotes } from '#adapters/logging.ts';
import { peoplesPages } from '#adapters/pages/peoples-pages.ts';
import { type PartnerClient, partnerClient } from '#adapters/partner/partner-client.ts';
import { type ChromiumPrinter, chromiumPrinter } from '#adapters/pdf/chromium-printer.ts';
import { alertSubject } from '#adapters/postgres/alert-subject.ts';
import { BY_KEYS_ALONE } from '#adapters/postgres/by-keys.ts';
import { forgetEnded } from '#adapters/postgres/dashboard/account-sessions.ts';
import { connect, type Database } from '#adapters/postgres/database.ts';
import { postgresLeftovers } from '#adapters/postgres/leftovers.ts';
import { postgresPersonalData } from '#adapters/postgres/personal-data.ts';
import { queueFigures } from '#adapters/postgres/queue-figures.ts';
import { postgresEventStore, postgresTransact } from '#adapters/postgres/transact.ts';
import { type SecretBox, secretBox } from '#adapters/secret-box.ts';
import type { SentryReports } from '#adapters/sentry/sentry-reports.ts';
import { stripeClient } from '#adapters/stripe/client.ts';
import { stripeCorrections } from '#adapters/stripe/correction-reader.ts';
import { stripeHistory } from '#adapters/stripe/stripe-history.ts';
import { stripeReader } from '#adapters/stripe/stripe-reader.ts';
import { systemClock } from '#adapters/system-clock.ts';
import { noTelemetry, type Telemetry } from '#adapters/telemetry/telemetry.ts';
import { bookWatch } from '#adapters/telemetry/watched-books.ts';
import { watchedNeighbours } from '#adapters/telemetry/watched-neighbours.ts';
import { alertsToAll, toldLog } from '#adapters/telling.ts';
import { timeOrderedId } from '#adapters/time-ordered-id.ts';
import type { LifeLock } from '#adapters/worker/life-lock.ts';
import type { AroundJob, Handlers } from '#adapters/worker/tasks.ts';
import { nightlyAudit } from '#application/audit-books.ts';
import { clearLeftovers } from '#application/clear-leftovers.ts';
import { BATCHES_AT_ONCE, eventIntake } from '#application/event-intake.ts';
import { giveBackDeliveries } from '#application/interrupt-delivery.ts';
import type { FileStore } from '#application/ports.ts';
import { purgePersonalData } from '#application/purge-personal-data.ts';
import { takeInMissed } from '#application/reconcile.ts';
import { recordMailEvent } from '#application/record-mail-event.ts';
import { recoverStalled } from '#application/recover-stalled.ts';
import { giveBackPrints } from '#application/render-invoice.ts';
import { workReplay } from '#application/replay.ts';
import { paymentResolver } from '#application/resolve-payment.ts';
import type { Config } from './config.ts';
import { PAGES_AT_ONCE, workerPumps } from './worker-pumps.ts';

/** What the configuration leaves open until the neighbours of this start are known. */
export type Surroundings = {
  readonly databaseUrl: string;
  readonly publicUrl: string;
  readonly secretsKey: Buffer;
  /** Keys that were replaced: they still open, and seal nothing. */
  readonly oldSecretsKeys: readonly Buffer[];
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
  /** Absent: nobody watches. */
  readonly telemetry?: Telemetry;
  /** Absent: alerts and faults are in the log alone. */
  readonly sentry?: SentryReports;
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
  /** What a worker does; for processes that work the queue. */
  readonly work: (life: LifeLock) => Work;
  /** Starts what is slow to start (Chromium), so that the first invoice does not wait for it. */
  readonly warm: () => Promise<void>;
  readonly close: () => Promise<void>;
};

export type Work = {
  readonly handlers: Handlers;
  readonly around: AroundJob;
  readonly sweep: (deadHolders: readonly string[]) => Promise<void>;
  /** Sends nothing new; waits for what is under way, `withinMs` at most. */
  readonly stop: (withinMs: number) => Promise<void>;
  /** Gives back, uncounted, what this process still holds. */
  readonly giveBack: () => Promise<void>;
};

// Three pools of database connections. Webhooks have their own: no page and no worker keeps them waiting. They
// read no table from end to end, for `add_jobs` plans once, while the queue is short, and then does so at
// every burst. Use cases find all they touch by keys. Pages, audits and the nightly work are planned as
// PostgreSQL sees fit.
const INTAKE_CONNECTIONS = { connectionsMax: BATCHES_AT_ONCE, session: 'set enable_seqscan = off' };
const USE_CASE_CONNECTIONS = { connectionsMax: 8, session: BY_KEYS_ALONE };
const READING_CONNECTIONS = { connectionsMax: 4 };

const CLOSE_WITHIN_MS = 1_500;

export function compose(config: Config, around: Surroundings): Program {
  const { log, sentry, telemetry = noTelemetry } = around;
  const { trace, jobs, measures } = telemetry;
  const clock = systemClock;
  const newId = timeOrderedId;
  const { workerId } = around;
  const livemode = config.environment === 'production';
  const db = connect(around.databaseUrl, READING_CONNECTIONS);
  const useCaseDb = connect(around.databaseUrl, USE_CASE_CONNECTIONS);
  const intakeDb = connect(around.databaseUrl, INTAKE_CONNECTIONS);
  const secrets = secretBox(around.secretsKey, around.oldSecretsKeys);
  const transact = postgresTransact(useCaseDb, { clock, secrets, watch: bookWatch(telemetry) });
  const alerts = alertsToAll([
    logAlerts(log),
    { raise: ({ kind }) => measures.alerted(kind) },
    ...(sentry ? [sentry.alerts((ids) => alertSubject(db, ids))] : []),
  ]);
  const notes = logNotes(log);
  const store = storeOfUrl(config.storageUrl, { ...around, clock, notes });
  const { files } = store;
  const stripe = stripeClient(around.stripe);
  const printer: ChromiumPrinter = chromiumPrinter({
    executablePath: config.chromiumPath ?? undefined,
    cacheDir: around.chromiumCacheDir,
    pages: PAGES_AT_ONCE,
  });
  const logos = drawnLogos({
    executablePath: config.chromiumPath ?? undefined,
    cacheDir: around.chromiumCacheDir,
    onFailure: (err) => log.warn({ err }, 'a logo could not be drawn for the mail'),
  });
  const mailer = mailerOfUrl(config.emailUrl.reveal(), { from: config.emailFrom, clock, logos });
  const partner: PartnerClient = partnerClient({
    timeoutMs: config.partnerTimeoutMs,
    allowInsecure: config.allowInsecurePartnerUrls,
    proxy: config.egressProxy && { url: new URL(config.egressProxy.reveal()) },
  });
  const base = { transact, clock, alerts, notes, newId, trace, measures, adding: jobs.adding };
  const atHand = recentFiles(files);
  const watched = watchedNeighbours({ mailer, printer, files: atHand }, telemetry);

  const pages = peoplesPages({
    ...{ environment: config.environment, publicUrl: around.publicUrl },
    ...{ databaseUrl: around.databaseUrl, db, transact, secrets, clock, files, partner, printer },
    ...{ seller: config.seller, housePartner: config.housePartner },
    allowInsecurePartnerUrls: config.allowInsecurePartnerUrls,
    partnerTries: config.partnerRetryDelaysMs.length + 1,
    personalDataDays: config.personalDataDays,
    ...{ isStopping: around.isStopping, log },
  });

  const app = httpApp({
    webhook: {
      stripe,
      webhookSecrets: around.stripe.webhookSecrets,
      livemode,
      receive: eventIntake({ ...base, store: postgresEventStore(intakeDb) }).receive,
      alerts,
      clock,
      log: toldLog(log, sentry, 'webhook'),
    },
    sesWebhook: {
      ...base,
      topicArns: config.sesTopicArns,
      record: (event, snsMessageId) => recordMailEvent(base, { ...event, snsMessageId }),
      log,
    },
    readiness: {
      checkDatabase: async () => void (await sql`select 1`.execute(db)),
      isStopping: around.isStopping,
    },
    files: store.served,
    pages: pages.middleware,
    sandbox: around.sandboxPages?.({ db, files, secrets }) ?? null,
    log,
    onFault: (error) => sentry?.fault(error, 'http'),
    onWebhook: measures.answered,
  });

  const resolve = {
    ...base,
    stripe: stripeReader(stripe),
    corrections: stripeCorrections(stripe),
    documentFaults,
    seller: config.seller,
    housePartner: config.housePartner,
  };
  const reconcile = { ...base, history: stripeHistory(stripe), livemode };
  const render = { ...base, ...watched, sha256, workerId };
  const partnerDelaysMs = config.partnerRetryDelaysMs;
  const deliver = { ...base, ...watched, partner, livemode, partnerDelaysMs, workerId };

  function work(life: LifeLock): Work {
    const told = toldLog(log, sentry, 'delivery');
    const unwatch = measures.watchQueues(() => queueFigures(db));
    const { prints, mails, calls } = workerPumps({ deliver, render }, { life, log: told });
    return {
      handlers: {
        'resolve-payment': paymentResolver({ ...resolve, prints }),
        // Only wake-ups: the pumps claim whatever is due and has room.
        'render-invoice': async () => prints.wake(),
        'deliver-notification': async (_id, { channel }) => {
          if (channel !== 'webhook') mails.wake();
          if (channel !== 'email') calls.wake();
        },
        replay: (id) => workReplay(base, id),
        reconcile: async () => {
          const report = await takeInMissed(reconcile, null);
          if (report.received > 0) log.warn(report, 'took in events that never arrived');
        },
        audit: async () => {
          const { documents, findings } = await nightlyAudit({
            ...auditTools(db, { files, clock }),
            alerts,
          });
          log.info({ documents, findings }, 'the books were audited');
        },
        purge: async () => {
          const { personalDataDays: keepDays } = config;
          const needs = { personalData: postgresPersonalData(db), clock, keepDays };
          log.info(await purgePersonalData(needs), 'old personal data was erased');
          await forgetEnded(db, clock.now());
          const leftovers = postgresLeftovers(db);
          const cleared = await clearLeftovers({ leftovers, clock, keepDays });
          log.info(cleared, 'leftovers were cleared');
        },
      },
      around: (job, done) =>
        jobs.working(job, () =>
          done().catch((error) => {
            if (job.isLast) sentry?.fault(error, `job ${job.task}`);
            throw error;
          }),
        ),
      sweep: async (deadHolders) => {
        if (deadHolders.length > 0) measures.holdersLost(deadHolders.length);
        const found = await recoverStalled(base, deadHolders);
        const { interrupted, requeued, givenUp } = found;
        if (interrupted + requeued + givenUp > 0) log.warn(found, 'recovered stalled work');
        for (const pump of [prints, mails, calls]) pump.wake();
      },
      stop: async (withinMs) => {
        unwatch();
        await Promise.all([prints, mails, calls].map((pump) => pump.stop(withinMs)));
      },
      giveBack: async () => {
        const given = (await giveBackDeliveries(deliver)) + (await giveBackPrints(render));
        if (given > 0) log.warn({ given }, 'gave back work that was still under way');
      },
    };
  }

  return {
    app,
    db,
    secrets,
    work,
    warm: () => printer.warm(),
    close: async () => {
      const adapters = [pages, printer, mailer, logos, partner, store];
      const closed = Promise.all(adapters.map((adapter) => adapter.close()));
      // Calls and mails that outlive the drain were given back: nobody waits for their results.
      const late = new Promise((resolve) => setTimeout(resolve, CLOSE_WITHIN_MS).unref());
      await Promise.race([closed, late]);
      await Promise.all([db, useCaseDb, intakeDb].map((pool) => pool.destroy()));
    },
  };
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
