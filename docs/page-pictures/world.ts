// The program's own use cases and pages over a database that lives as long as the pictures are taken, with
// a clock that is set by hand: a whole day is sold, printed and delivered in half a minute, the same
// one each time.

import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import Koa from 'koa';
import { type Kysely, sql } from 'kysely';
import pg from 'pg';
import type { DashboardNeeds } from '#adapters/dashboard/needs.ts';
import { sessionCookie } from '#adapters/dashboard/visit.ts';
import { documentFaults } from '#adapters/facturx/checks.ts';
import { peoplesPages } from '#adapters/pages/peoples-pages.ts';
import { partnerClient } from '#adapters/partner/partner-client.ts';
import { chromiumCacheDir } from '#adapters/pdf/chromium-binary.ts';
import { chromiumPrinter } from '#adapters/pdf/chromium-printer.ts';
import { addAccount } from '#adapters/postgres/accounts.ts';
import { openSession, type Role, viewerOf } from '#adapters/postgres/dashboard/account-sessions.ts';
import { connect } from '#adapters/postgres/database.ts';
import { startEmbeddedPostgres } from '#adapters/postgres/embedded-server.ts';
import { postgresPartnerRegistry } from '#adapters/postgres/partner-registry.ts';
import type { Tables } from '#adapters/postgres/tables.ts';
import { postgresTransact } from '#adapters/postgres/transact.ts';
import { WORKER_LOCK_CLASS } from '#adapters/postgres/worker-lock.ts';
import { secretBox } from '#adapters/secret-box.ts';
import type { CorrectionReader, DeliveryAnswer, Mailer } from '#application/ports.ts';
import { migrate } from '#db/migrate.ts';
import { PARTNER_RETRY_DELAYS_MS } from '#domain/notification.ts';
import type { PartnerSlug } from '#domain/partner.ts';
import type { CheckoutFacts } from '#domain/payment.ts';
import { sampleSeller } from '../../test/support/seller.ts';
import { memoryFiles } from './memory-files.ts';
import { addressOf, keyOf, PARTNERS, partnersEndpoints, type Says } from './partners.ts';

/** Somebody with a session, whose browser sends forms as the pages do. */
export type Person = {
  readonly cookie: { readonly name: string; readonly value: string };
  get(path: string): Promise<Response>;
  post(path: string, fields: Record<string, string>): Promise<Response>;
};
export type World = Awaited<ReturnType<typeof openWorld>>;

/** `folder` is wiped by the caller. The program says that it is `environment`. */
export async function openWorld(folder: string, environment: DashboardNeeds['environment']) {
  let now = new Date('2026-11-22T19:00:00Z');
  const clock = { now: () => now };
  const set = (at: Date) => {
    now = at;
  };
  let says: Says = () => null;
  let mailAnswer: DeliveryAnswer['result'] = 'accepted';
  const server = await startEmbeddedPostgres({
    ...{ dataDir: join(folder, 'data'), role: 'server', durability: 'tests' },
  });
  await migrate(server.url);
  const db = connect(server.url, { connectionsMax: 10, waitMs: 60_000 });
  const secrets = secretBox(Buffer.alloc(32, 7));
  const transact = postgresTransact(db, { clock, secrets });
  const printer = chromiumPrinter({ cacheDir: await chromiumCacheDir(join(folder, 'chromium')) });
  const partner = await partnersEndpoints(
    partnerClient({ timeoutMs: 5_000, allowInsecure: true, proxy: null }),
    (slug) => says(slug),
    (ms) => set(new Date(now.getTime() + ms)),
  );
  const files = memoryFiles();
  const mailer: Mailer = { send: async () => mailed(mailAnswer) };
  const paid = new Map<string, CheckoutFacts>();
  const corrections: { told: Awaited<ReturnType<CorrectionReader['read']>> | null } = {
    told: null,
  };
  const seller = sampleSeller();
  const work = {
    ...{ transact, clock, secrets, files, printer, partner, mailer, seller, documentFaults },
    ...{ newId: randomUUID, housePartner: null, workerId: 'w1', livemode: true },
    ...{ alerts: { raise() {} }, notes: { note() {} }, partnerDelaysMs: PARTNER_RETRY_DELAYS_MS },
    sha256: (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex'),
    stripe: {
      read: async ({ objectId }: { readonly objectId: string | null }) => {
        const facts = paid.get(objectId ?? '');
        return facts ? { facts } : { missing: objectId ?? '' };
      },
    },
    corrections: {
      tells: (type: string) => type.startsWith('refund.'),
      read: async () => corrections.told ?? { missing: '' },
      locate: async (told) => told,
    } satisfies CorrectionReader,
  };
  const http = createServer((request, response) => answer(request, response));
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const url = `http://localhost:${(http.address() as AddressInfo).port}`;
  const pages = peoplesPages({
    ...{ environment, publicUrl: url, databaseUrl: server.url, db, transact, secrets, clock },
    ...{ files, partner, printer, seller, housePartner: null, allowInsecurePartnerUrls: true },
    ...{ personalDataDays: 1095, isStopping: () => false },
    log: { error: console.error, warn: console.warn, info() {} },
  });
  const answer = new Koa().use(pages.middleware).callback();
  const alive = await liveWorkers(server.url);
  return {
    ...{ db, work, url, clock, set, paid, corrections },
    partnersSay(it: Says) {
      says = it;
    },
    mailsAre(it: DeliveryAnswer['result']) {
      mailAnswer = it;
    },
    person: (email: string, name: string, role: Role, agent?: string) =>
      signedIn({ db, url, now }, { email, name, role }, agent),
    addPartners: () => addPartners(db, { secrets, clock }),
    sessionCookie: sessionCookie(url),
    async close() {
      await pages.close();
      http.closeAllConnections();
      http.close();
      partner.end();
      await Promise.all([partner.close(), printer.close(), alive.end(), db.destroy()]);
      await server.stop();
    },
  };
}

async function addPartners(
  db: Kysely<Tables>,
  needs: Parameters<typeof postgresPartnerRegistry>[1],
): Promise<void> {
  for (const [slug, changes] of Object.entries(PARTNERS)) {
    const url = addressOf(slug);
    await postgresPartnerRegistry(db, needs).add(slug as PartnerSlug, {
      ...{ ...changes, productionUrl: url, stagingUrl: url.replace('api.', 'essai.') },
      ...{ signingSecret: `whsec_${Buffer.from(slug.padEnd(24, '*')).toString('base64')}` },
      apiKey: keyOf(slug),
    });
  }
}

async function signedIn(
  { db, url, now }: { readonly db: Kysely<Tables>; readonly url: string; readonly now: Date },
  who: { readonly email: string; readonly name: string; readonly role: Role },
  userAgent = 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0',
): Promise<Person> {
  const { email } = who;
  await addAccount(db, { ...who, passwordHash: 'none' }, now);
  const value = await openSession(db, { email, userAgent }, now);
  const csrf = (await viewerOf(db, value, now))?.csrfToken ?? '';
  const cookie = { name: sessionCookie(url), value };
  return {
    cookie,
    get: (path) => fetch(url + path, { headers: { cookie: `${cookie.name}=${cookie.value}` } }),
    post: (path, fields) =>
      fetch(url + path, {
        ...{ method: 'POST', redirect: 'manual' },
        headers: { cookie: `${cookie.name}=${cookie.value}`, origin: url },
        body: new URLSearchParams({ csrf, ...fields }),
      }),
  };
}

/** Two processes that hold their locks of life. */
async function liveWorkers(url: string): Promise<{ readonly end: () => Promise<void> }> {
  const clients = [1, 2].map(() => new pg.Client({ connectionString: url }));
  for (const [at, client] of clients.entries()) {
    await client.connect();
    await client.query('select pg_advisory_lock($1, $2)', [WORKER_LOCK_CLASS, at]);
  }
  return {
    end: async () => {
      await Promise.all(clients.map((it) => it.end()));
    },
  };
}

function mailed(result: DeliveryAnswer['result']): DeliveryAnswer {
  const isIn = result === 'accepted';
  return {
    result,
    report: {
      ...{ outcome: isIn ? 'accepted' : 'refused', statusCode: isIn ? 250 : 550 },
      ...{ detail: isIn ? null : '5.1.1 Boîte inconnue', durationMs: 210 },
      ...{ request: null, response: null },
      messageId: isIn ? `<${randomUUID()}@comptappart.example>` : null,
    },
  };
}

/** What waits in the queue and was done by hand here. */
export async function forgetJobs({ db }: Pick<World, 'db'>): Promise<void> {
  await sql`delete from graphile_worker._private_jobs`.execute(db);
}
