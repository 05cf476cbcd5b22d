// The whole world of a run: PostgreSQL, a Stripe, partners, a mail server, and the program as an
// operator would run it, several `web` and `worker` processes on one database. The neighbours live
// in the harness' own process and survive everything that is done to the program.

import { mkdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { newSigningSecret } from '#adapters/partner/standard-webhooks.ts';
import { connect } from '#adapters/postgres/database.ts';
import { postgresPartnerRegistry } from '#adapters/postgres/partner-registry.ts';
import { type SandboxStripe, startSandboxStripe } from '#adapters/sandbox/stripe-server.ts';
import { secretBox } from '#adapters/secret-box.ts';
import { systemClock } from '#adapters/system-clock.ts';
import type { PartnerSlug } from '#domain/partner.ts';
import { type Chance, chanceFor } from './chance.ts';
import { type FaultyMailServer, faultyMailServer } from './faulty-mail-server.ts';
import { type FaultyPartner, faultyPartner } from './faulty-partner.ts';
import { type KillablePostgres, killablePostgres } from './killable-postgres.ts';
import { type ProgramProcess, programProcess, type Role } from './program-process.ts';
import { openShop, type Shop } from './shop.ts';
import { type StripeSender, stripeSender } from './stripe-sender.ts';
import { freePort } from './waiting.ts';

export type WorldOptions = {
  /** An empty folder for data, files and logs. */
  readonly folder: string;
  /** Of PostgreSQL's data, if that is to lie elsewhere. */
  readonly databaseFolder?: string;
  readonly seed: number;
  readonly webs: number;
  readonly workers: number;
  /** One process of both roles instead of those. */
  readonly serve?: boolean;
  readonly partners: readonly string[];
  /** Spoilt answers of a partner for one notification, at most. */
  readonly partnerFaultsMax: number;
  readonly mailFaultRate: number;
  readonly partnerLatencyMs?: readonly [number, number];
  readonly mailLatencyMs?: readonly [number, number];
  /** Puts something between the program and its database; the address to use instead. */
  readonly between?: (databaseUrl: string) => Promise<string>;
  readonly env?: NodeJS.ProcessEnv;
  /** Of PostgreSQL, `name=value`. */
  readonly databaseSettings?: readonly string[];
};

export type World = {
  readonly seed: number;
  readonly folder: string;
  readonly postgres: KillablePostgres;
  /** The harness' own view of the database; its queries fail while that is down. */
  readonly db: pg.Pool;
  readonly stripe: SandboxStripe;
  readonly shop: Shop;
  readonly partners: readonly FaultyPartner[];
  readonly mailServer: FaultyMailServer;
  readonly webs: readonly ProgramProcess[];
  readonly workers: readonly ProgramProcess[];
  readonly sender: StripeSender;
  /** Where the program stores its PDFs. */
  readonly filesDir: string;
  /** A stream of luck of that name. */
  chance(name: string): Chance;
  /** Another sender, for instance to one address in front of all. */
  senderTo(url: string, connections?: number): StripeSender;
  /** Ends every process, the program's first. */
  close(): Promise<void>;
};

const SECRET_KEY = 'sk_test_chaos';
export const WEBHOOK_SECRET = 'whsec_chaos';
const SECRETS_KEY = Buffer.alloc(32, 5);

/** Starts everything; what was started is ended again when something does not start. */
export async function startWorld(options: WorldOptions): Promise<World> {
  const closing: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const step of closing.splice(0).reverse()) await step();
  };
  try {
    return await start(options, closing, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function start(
  options: WorldOptions,
  closing: (() => Promise<unknown>)[],
  close: () => Promise<void>,
): Promise<World> {
  const { folder, seed } = options;
  const chance = (name: string) => chanceFor(seed, name);
  const postgres = await killablePostgres(
    options.databaseFolder ?? folder,
    options.databaseSettings,
  );
  closing.push(() => postgres.stop());
  const databaseUrl = (await options.between?.(postgres.url)) ?? postgres.url;
  const db = new pg.Pool({ connectionString: postgres.url, max: 4 });
  db.on('error', () => {});
  closing.push(() => db.end());
  const mailServer = await faultyMailServer({
    chance: chance('mail'),
    faultRate: options.mailFaultRate,
    latencyMs: options.mailLatencyMs ?? [2, 80],
  });
  closing.push(() => mailServer.close());
  const partners = await openPartners(options, chance);
  closing.push(() => Promise.all(partners.map((it) => it.close())));

  const processes: ProgramProcess[] = [];
  const stripe = await startSandboxStripe({
    dataFile: null,
    secretKey: SECRET_KEY,
    webhookSecret: WEBHOOK_SECRET,
    // Its own deliveries are not used: those of stripe-sender.ts keep count of promises.
    webhookUrl: () => 'http://127.0.0.1:9/nobody',
    enabledEvents: [],
  });
  closing.push(() => stripe.close());
  const env = await environment(options, { mailServer, stripe });
  closing.push(() => Promise.all(processes.map((it) => it.end('SIGKILL'))));
  const roles: readonly Role[] = options.serve
    ? ['serve']
    : [...Array(options.webs).fill('web'), ...Array(options.workers).fill('worker')];
  for (const [index, role] of roles.entries()) {
    const name = `${role}-${index + 1 - (role === 'worker' ? options.webs : 0)}`;
    const port = role === 'worker' ? null : await freePort();
    const logFile = join(folder, `${name}.log`);
    const dataDir = join(folder, name);
    const its = { ...env, DATA_DIR: dataDir };
    processes.push(programProcess({ name, role, port, env: its, databaseUrl, logFile }));
  }
  // The first one migrates; then there are tables to put partners in.
  const [first, ...others] = processes;
  await first?.start();
  await registerPartners(postgres.url, partners);
  await inTurns(others, Math.max(1, cpus().length), (it) => it.start());

  const webs = processes.filter(({ role }) => role !== 'worker');
  const endpoints = () =>
    webs.map((it) => ({ name: it.name, url: it.url as string, isUp: it.isUp() }));
  const retryMs = [200, 700] as const;
  const newSender = (to: typeof endpoints, connections = 64) => {
    const common = { secret: WEBHOOK_SECRET, chance: chance('sender'), retryMs };
    const made = stripeSender({ ...common, endpoints: to, connections });
    closing.push(() => made.close());
    return made;
  };
  return {
    ...{ seed, folder, postgres, db, stripe, partners, mailServer, chance, close },
    shop: openShop(stripe, options.partners),
    webs,
    workers: processes.filter(({ role }) => role !== 'web'),
    sender: newSender(endpoints),
    filesDir: join(folder, 'files'),
    senderTo: (url, connections) =>
      newSender(() => [{ name: 'front', url, isUp: true }], connections),
  };
}

function openPartners(
  options: WorldOptions,
  chance: World['chance'],
): Promise<readonly FaultyPartner[]> {
  const { partnerFaultsMax: faultsMax, partnerLatencyMs: latencyMs = [5, 150] } = options;
  return Promise.all(
    options.partners.map((slug) =>
      faultyPartner({ slug, chance: chance(`partner ${slug}`), faultsMax, latencyMs }),
    ),
  );
}

async function registerPartners(
  databaseUrl: string,
  partners: readonly FaultyPartner[],
): Promise<void> {
  const db = connect(databaseUrl, { connectionsMax: 2 });
  try {
    const secrets = secretBox(SECRETS_KEY);
    const registry = postgresPartnerRegistry(db, { secrets, clock: systemClock });
    for (const { slug, url } of partners) {
      await registry.add(slug as PartnerSlug, {
        name: `Cabinet ${slug}`,
        stagingUrl: url,
        apiKey: 'k'.repeat(32),
        signingSecret: newSigningSecret(),
      });
    }
  } finally {
    await db.destroy();
  }
}

async function environment(
  { folder, env }: WorldOptions,
  to: { readonly mailServer: FaultyMailServer; readonly stripe: SandboxStripe },
): Promise<NodeJS.ProcessEnv> {
  await mkdir(folder, { recursive: true });
  const sellerFile = join(folder, 'seller.json');
  await writeFile(sellerFile, JSON.stringify(SELLER));
  return {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    HOST: '127.0.0.1',
    PUBLIC_URL: 'http://127.0.0.1:1',
    STORAGE_URL: `file:${join(folder, 'files')}`,
    STRIPE_SECRET_KEY: SECRET_KEY,
    STRIPE_WEBHOOK_SECRETS: WEBHOOK_SECRET,
    STRIPE_API_BASE: to.stripe.apiBase.href,
    SELLER_FILE: sellerFile,
    SECRETS_KEY: SECRETS_KEY.toString('base64'),
    EMAIL_URL: `smtp://127.0.0.1:${to.mailServer.port}`,
    EMAIL_FROM: 'factures@comptappart.example',
    ALLOW_INSECURE_PARTNER_URLS: 'true',
    PARTNER_TIMEOUT_MS: '4000',
    PARTNER_RETRY_DELAYS_S: '1,2',
    LOG_LEVEL: process.env.CHAOS_LOG_LEVEL ?? 'info',
    ...env,
  };
}

async function inTurns<T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  const left = [...items];
  const turn = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) await work(next);
  };
  await Promise.all(Array.from({ length: atOnce }, turn));
}

/** An invented company whose numbers pass their checks. */
const SELLER = {
  tradeName: 'Service Fiscalité – ComptAppart',
  name: 'ComptAppart',
  legalForm: 'SAS',
  capital: '10 000 €',
  addressLines: ['1 place du Chaos', '69001 Lyon'],
  siren: '100000009',
  rcsCity: 'Lyon',
  vatNumber: 'FR88100000009',
  email: 'contact@comptappart.example',
  termsUrl: 'https://comptappart.example/cgv',
  mediator: null,
  vatOnDebits: false,
};
