// The real books (Postgres, transactions, queue tables) behind use cases whose outside world is in
// the test's hands: what Stripe says, the clock, and fakes that record what was sent.

import { createHash, randomUUID } from 'node:crypto';
import { documentFaults } from '#adapters/facturx/checks.ts';
import { connect, type Database } from '#adapters/postgres/database.ts';
import { postgresPartnerRegistry } from '#adapters/postgres/partner-registry.ts';
import { postgresTransact } from '#adapters/postgres/transact.ts';
import { type SecretBox, secretBox } from '#adapters/secret-box.ts';
import type {
  Alerts,
  CorrectionReader,
  DeliveryAnswer,
  DocumentFaults,
  FileStore,
  InvoiceMail,
  InvoicePrinter,
  Mailer,
  Notes,
  PartnerCaller,
  PartnerRequest,
  ReceivedEvent,
  Transact,
} from '#application/ports.ts';
import type { PartnerSlug } from '#domain/partner.ts';
import { testDatabase } from './database.ts';
import { sampleSeller } from './seller.ts';

/** A clock that stands still until it is told to move. */
export type TestClock = { now(): Date; set(instant: Date): void; advance(ms: number): void };

export function testClock(start = new Date('2026-11-22T13:32:20Z')): TestClock {
  let current = start;
  return {
    now: () => current,
    set: (instant) => {
      current = instant;
    },
    advance: (ms) => {
      current = new Date(current.getTime() + ms);
    },
  };
}

export type TestBooks = {
  readonly db: Database;
  readonly url: string;
  readonly clock: TestClock;
  readonly secrets: SecretBox;
  readonly transact: Transact;
  readonly raised: Parameters<Alerts['raise']>[0][];
  readonly noted: string[];
  readonly base: {
    readonly transact: Transact;
    readonly clock: TestClock;
    readonly alerts: Alerts;
    readonly notes: Notes;
    readonly newId: () => string;
    readonly corrections: CorrectionReader;
    readonly documentFaults: DocumentFaults;
    readonly seller: ReturnType<typeof sampleSeller>;
    readonly housePartner: PartnerSlug | null;
    readonly sha256: (bytes: Uint8Array) => string;
  };
  addPartner(slug: string): Promise<void>;
  close(): Promise<void>;
};

/** Nothing goes back, unless a test says so. */
const NO_CORRECTIONS: CorrectionReader = {
  tells: () => false,
  read: async ({ objectId }) => ({ missing: objectId ?? '' }),
  locate: async (told) => told,
};

/** A migrated database of its own, with a pool that can hold `connectionsMax` transactions. */
export async function testBooks(connectionsMax = 10): Promise<TestBooks> {
  const database = await testDatabase();
  const db = connect(database.url, { connectionsMax, waitMs: 60_000 });
  const clock = testClock();
  const secrets = secretBox(Buffer.alloc(32, 7));
  const transact = postgresTransact(db, { clock, secrets });
  const raised: TestBooks['raised'] = [];
  const noted: string[] = [];
  const notes: Notes = { note: (message) => void noted.push(message) };
  const alerts: Alerts = { raise: (alert) => void raised.push(alert) };
  const registry = postgresPartnerRegistry(db, { secrets, clock });
  return {
    db,
    url: database.url,
    clock,
    secrets,
    transact,
    raised,
    noted,
    base: {
      transact,
      clock,
      alerts,
      notes,
      newId: randomUUID,
      corrections: NO_CORRECTIONS,
      documentFaults,
      seller: sampleSeller(),
      housePartner: null,
      sha256: (bytes) => createHash('sha256').update(bytes).digest('hex'),
    },
    async addPartner(slug) {
      await registry.add(slug as PartnerSlug, {
        name: `Partenaire ${slug}`,
        stagingUrl: `https://${slug}.example/orders`,
        signingSecret: 'whsec_c2VjcmV0',
        apiKey: 'k'.repeat(32),
      });
    },
    async close() {
      await db.destroy();
      await database.drop();
    },
  };
}

/** An event as the intake would store it. */
export function receivedEvent(overrides: Partial<ReceivedEvent> = {}): ReceivedEvent {
  return {
    id: 'evt_1',
    type: 'checkout.session.completed',
    apiVersion: '2026-10-28.endive',
    livemode: false,
    account: null,
    objectId: 'cs_test_1',
    createdAt: new Date('2026-11-22T13:32:18Z'),
    body: '{}',
    ...overrides,
  };
}

const REPORT = {
  outcome: 'accepted',
  statusCode: 200,
  detail: null,
  durationMs: 12,
  request: null,
  response: null,
  messageId: null,
} as const;

export const ACCEPTED: DeliveryAnswer = { result: 'accepted', report: REPORT };
export const REFUSED: DeliveryAnswer = {
  result: 'refused',
  report: { ...REPORT, outcome: 'refused', statusCode: 422 },
};
export const UNAVAILABLE: DeliveryAnswer = {
  result: 'unavailable',
  report: { ...REPORT, outcome: 'server-error', statusCode: 503 },
};

/** A partner and a mailer that answer as told and remember what they were sent. */
export function recordingPartner(answer: () => DeliveryAnswer | Promise<DeliveryAnswer>) {
  const posted: PartnerRequest[] = [];
  const partner: PartnerCaller = {
    async post(request) {
      posted.push(request);
      return answer();
    },
  };
  return { partner, posted };
}

export function recordingMailer(answer: () => DeliveryAnswer | Promise<DeliveryAnswer>) {
  const sent: InvoiceMail[] = [];
  const mailer: Mailer = {
    async send(mail) {
      sent.push(mail);
      return answer();
    },
  };
  return { mailer, sent };
}

/** A file store in memory with the port's promises: written once, links that name their key. */
export function memoryFiles(): FileStore & { readonly held: Map<string, Uint8Array> } {
  const held = new Map<string, Uint8Array>();
  return {
    held,
    async put(key, bytes) {
      if (held.has(key)) return 'exists';
      held.set(key, bytes);
      return 'stored';
    },
    async get(key) {
      const bytes = held.get(key);
      if (!bytes) throw new Error(`no file ${key}`);
      return bytes;
    },
    async signedUrl(key, expiresAt) {
      return `https://files.example/${key}?expires=${Math.floor(expiresAt.getTime() / 1000)}`;
    },
  };
}

/** A printer whose pages are the invoice's number; Chromium has tests of its own. */
export const numberPrinter: InvoicePrinter = {
  async print(invoice) {
    const bytes = Buffer.from(`%PDF ${invoice.number}`);
    return { bytes, templateVersion: 't1', chromiumVersion: 'c1' };
  },
};
