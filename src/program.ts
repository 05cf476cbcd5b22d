// One running program: listens first (a taken port is told before anything starts), brings the
// database up to date, composes, serves HTTP and works the queue; and ends in the reverse order.
// `serve` is both roles in one process; `web` and `worker` are one each.

import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { access, constants, mkdir } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { folderOfUrl } from '#adapters/email/mailer-of-url.ts';
import type { Log } from '#adapters/logging.ts';
import { browserDriver } from '#adapters/pdf/browser-driver.ts';
import { chromiumBinary, chromiumCacheDir } from '#adapters/pdf/chromium-binary.ts';
import { startEmbeddedPostgres } from '#adapters/postgres/embedded-server.ts';
import { sealedSecrets } from '#adapters/postgres/sealed-secrets.ts';
import type { Sandbox } from '#adapters/sandbox/sandbox.ts';
import type { SentryReports } from '#adapters/sentry/sentry-reports.ts';
import { noTelemetry, type Telemetry } from '#adapters/telemetry/telemetry.ts';
import { openLifeLock } from '#adapters/worker/life-lock.ts';
import { startWorker } from '#adapters/worker/runner.ts';
import { taskGroups } from '#adapters/worker/tasks.ts';
import { migrate } from '#db/migrate.ts';
import type { Program } from './compose.ts';
import type { Config } from './config.ts';
import { startClock } from './start-clock.ts';

export type RunningProgram = {
  /** Where it listens; null for a worker without HTTP. */
  readonly url: string | null;
  readonly program: Program;
  /** Ends gracefully: at most 12 s for work under way. */
  readonly stop: () => Promise<void>;
  /** Tells those who watch that the process ends by this error; two seconds at most. */
  readonly crashed: (error: unknown) => Promise<void>;
};

const SWEEP_EVERY_MS = 5_000;
const DRAIN_MS = 12_000;

/**
 * Starts what the roles ask for. Throws one clear sentence when the port is taken, the data folder
 * cannot be used, or the database is away; whatever was started by then is stopped again.
 */
export async function startProgram(
  config: Config,
  roles: { readonly web: boolean; readonly worker: boolean },
  log: Log,
  telemetry: Telemetry = noTelemetry,
): Promise<RunningProgram> {
  const undo: (() => Promise<unknown>)[] = [];
  const workerId = randomUUID();
  const clock = startClock();
  let stopping = false;
  let graceOver: Promise<unknown> = Promise.resolve();
  const stop = async () => {
    if (stopping) return;
    stopping = true;
    graceOver = new Promise((resolve) =>
      setTimeout(resolve, roles.web ? config.readinessGraceMs : 0),
    );
    for (const step of undo.reverse()) await step();
  };
  try {
    return await start();
  } catch (error) {
    await stop();
    throw error;
  }

  async function start(): Promise<RunningProgram> {
    clock.passed('loaded');
    await mustBeWritable(config.dataDir);
    telemetry.hear((message) => log.warn({ telemetry: message }, 'telemetry is failing'));
    // Its SDK is large; it is read while the database opens.
    const sentrySoon = openSentry();
    sentrySoon.catch(() => {});
    undo.push(async () => (await sentrySoon)?.close());
    const front = roles.web ? await listen(config) : null;
    if (front) undo.push(() => closeDoor(front));
    clock.passed('listening');
    const url = front?.url ?? null;
    const publicUrl = config.port === 0 && url ? url : config.publicUrl;

    const cacheDir = await chromiumCacheDir(config.dataDir);
    // Unpacking takes seconds the first time: begun now, beside the database. A fault is told by
    // the first print, which needs it.
    const executablePath = config.chromiumPath ?? undefined;
    if (roles.worker) chromiumBinary({ cacheDir, executablePath }).catch(() => {});
    // The rest of the program is read while the database opens, which is another process's work.
    const opening = openDatabase();
    opening.catch(() => {});
    const { compose } = await import('./compose.ts');
    if (roles.worker) browserDriver().catch(() => {});
    const databaseUrl = await opening;
    clock.passed('database');
    const ran = await migrate(databaseUrl, { tell: (message) => log.warn(message) });
    if (ran.length > 0) log.info({ migrations: ran }, 'the database was migrated');
    clock.passed('migrated');

    const sandbox = config.stripe ? null : await openSandbox(publicUrl, url ?? publicUrl);
    const secretsKey = config.secretsKey?.reveal() ?? sandbox?.secretsKey;
    const stripe = sandbox?.stripe ?? revealed(config);
    if (secretsKey === undefined || !stripe) throw new Error('no secrets key or Stripe key');
    const sentry = await sentrySoon;
    const program = compose(config, {
      databaseUrl,
      publicUrl,
      secretsKey: Buffer.from(secretsKey, 'base64'),
      oldSecretsKeys: config.secretsKeysOld.map((key) => Buffer.from(key.reveal(), 'base64')),
      chromiumCacheDir: cacheDir,
      stripe,
      log,
      isStopping: () => stopping,
      workerId,
      telemetry,
      ...(sentry && { sentry }),
      sandboxPages: sandbox?.pages ?? null,
    });
    undo.push(() => program.close());
    await mustOpenSecrets(program);
    // Ended a second time, here: after the worker, whose last calls may come back to this server (the
    // sandbox's partner), and before the database that its requests need.
    if (front) undo.push(() => closeDoor(front));
    await sandbox?.prepare(program);
    clock.passed('composed');

    const warm = roles.worker ? warmUp(program) : null;
    // The newcomer's first click shall not wait for Chromium. Elsewhere nothing waits for it:
    // Stripe's events are taken in whatever the browser does.
    if (sandbox) await warm;
    if (front) front.serve(program.app.callback());
    clock.passed('serving');
    if (roles.worker) await startWorking(program, databaseUrl);
    clock.passed('working');
    Promise.resolve(warm).then(() =>
      log.debug(clock.passedMs, 'started: ms to the end of each part'),
    );
    const crashed = async (error: unknown): Promise<void> => {
      sentry?.fault(error, 'crash');
      await sentry?.close();
    };
    return { url, program, stop, crashed };
  }

  // Whoever sends requests here is told first, by `/health/ready`, and has time to hear it: a
  // restart then drops nothing.
  async function closeDoor(front: Front): Promise<void> {
    await graceOver;
    await front.close();
  }

  // Loaded only where it is wanted. Closed last: what goes wrong at the end is told, too.
  async function openSentry(): Promise<SentryReports | null> {
    if (!config.sentryDsn) return null;
    const { sentryReports } = await import('#adapters/sentry/sentry-reports.ts');
    return sentryReports({
      dsn: config.sentryDsn.reveal(),
      environment: config.environment,
      traceIds: telemetry.logFields,
    });
  }

  // Loaded only where it is wanted: nothing of it belongs in production.
  async function openSandbox(publicUrl: string, localUrl: string): Promise<Sandbox> {
    const { startSandbox } = await import('#adapters/sandbox/sandbox.ts');
    const mailboxDir = mailboxDirOf(config.emailUrl.reveal());
    const sandbox = await startSandbox({
      dataDir: config.dataDir,
      publicUrl,
      localUrl,
      mailboxDir,
      log,
    });
    undo.push(() => sandbox.close());
    return sandbox;
  }

  async function openDatabase(): Promise<string> {
    if (config.databaseUrl) return config.databaseUrl.reveal();
    const postgres = await startEmbeddedPostgres({
      dataDir: config.dataDir,
      role: 'server',
      log: (line) => log.info(line),
    });
    undo.push(() => postgres.stop());
    return postgres.url;
  }

  async function startWorking(program: Program, databaseUrl: string): Promise<void> {
    const tell = (level: 'error' | 'warning' | 'info' | 'debug', message: string) =>
      log[level === 'warning' ? 'warn' : level](message);
    const life = await openLifeLock(databaseUrl, tell);
    undo.push(() => life.release());
    await life.hold(workerId);
    const work = program.work(life);
    const worker = await startWorker({
      databaseUrl,
      life,
      groups: taskGroups(work.handlers, work.around),
      sweep: work.sweep,
      sweepEveryMs: SWEEP_EVERY_MS,
      log: tell,
    });
    // Jobs and deliveries have the same twelve seconds; what is left after them goes back.
    undo.push(async () => {
      await Promise.all([worker.stop(DRAIN_MS), work.stop(DRAIN_MS)]);
      await work.giveBack();
    });
  }

  async function warmUp(program: Program): Promise<void> {
    try {
      await program.warm();
      clock.passed('chromium');
    } catch (error) {
      log.error({ err: error }, 'Chromium did not start');
    }
  }
}

// Told now: a secret that does not open would keep every delivery waiting, whoever it is for.
async function mustOpenSecrets({ db, secrets }: Program): Promise<void> {
  const { lost } = await sealedSecrets(db, secrets);
  if (lost.length === 0) return;
  throw new Error(
    `SECRETS_KEY does not open ${lost.join(', ')}: name the former key in SECRETS_KEYS_OLD.`,
  );
}

type Front = {
  readonly url: string;
  serve(listener: RequestListener): void;
  close(): Promise<void>;
};

/** Takes the port at once; until `serve`, requests are told to come back. */
async function listen({ host, port }: Config): Promise<Front> {
  let listener: RequestListener = (_request, response) => {
    response.writeHead(503, { 'Retry-After': '2' }).end('starting\n');
  };
  const server: Server = createServer((request, response) => listener(request, response));
  // A body that drips or a header that never ends must not hold a socket for ever.
  server.headersTimeout = 10_000;
  server.requestTimeout = 30_000;
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'EADDRINUSE' ? 'is already in use; set PORT to another' : message;
    throw new Error(`Port ${port} on ${host} ${why}.`, { cause: error });
  }
  const address = server.address() as AddressInfo;
  const name = host === '127.0.0.1' || host === '0.0.0.0' || host === '::' ? 'localhost' : host;
  return {
    url: `http://${name}:${address.port}`,
    serve(next) {
      listener = next;
    },
    async close() {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close(); // takes no new connection; requests under way are answered
      // A kept-alive connection falls idle when its last answer is out, after `close` has looked.
      const idle = setInterval(() => server.closeIdleConnections(), 50);
      const force = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
      await closed;
      clearInterval(idle);
      clearTimeout(force);
    },
  };
}

async function mustBeWritable(dir: string): Promise<void> {
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    await access(dir, constants.W_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(`The data folder ${dir} cannot be written (${code}). Set DATA_DIR.`, {
      cause: error,
    });
  }
}

function mailboxDirOf(emailUrl: string): string | null {
  return emailUrl.startsWith('file:') ? folderOfUrl(emailUrl) : null;
}

function revealed({ stripe }: Config) {
  return (
    stripe && {
      secretKey: stripe.secretKey.reveal(),
      webhookSecrets: stripe.webhookSecrets.map((secret) => secret.reveal()),
      apiBase: stripe.apiBase,
    }
  );
}
