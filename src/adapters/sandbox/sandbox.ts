// The newcomer's first minute: everything the program needs from outside, on this machine. A Stripe
// of our own, a partner of our own, a mailbox, and the pages that show them; the program itself is
// the very one that runs in production, and knows nothing of this but the addresses it is given.

import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Middleware } from 'koa';
import { mailbox } from '#adapters/email/mailbox.ts';
import { newSigningSecret } from '#adapters/partner/standard-webhooks.ts';
import type { Database } from '#adapters/postgres/database.ts';
import { postgresPartnerRegistry } from '#adapters/postgres/partner-registry.ts';
import type { SecretBox } from '#adapters/secret-box.ts';
import { systemClock } from '#adapters/system-clock.ts';
import type { FileStore } from '#application/ports.ts';
import type { PartnerSlug } from '#domain/partner.ts';
import { CATALOGUE, DEMO_PARTNER, SECOND_PARTNER } from './catalogue.ts';
import { type DemoPartnerSecrets, demoPartner } from './demo-partner.ts';
import { sandboxPages } from './pages.ts';
import { purchases } from './purchases.ts';
import { sandboxSecrets } from './sandbox-secrets.ts';
import { startSandboxStripe } from './stripe-server.ts';

export type SandboxOptions = {
  readonly dataDir: string;
  /** How people reach the pages. */
  readonly publicUrl: string;
  /** How this machine reaches itself: webhooks need not go out by a public name and come back. */
  readonly localUrl: string;
  /** The folder of the file mailer; null when EMAIL_URL sends mail out of the house. */
  readonly mailboxDir: string | null;
  readonly log: { debug(message: string): void };
};

/** What the pages look at; the program's own. */
export type SandboxBooks = {
  readonly db: Database;
  readonly files: Pick<FileStore, 'signedUrl'>;
  readonly secrets: SecretBox;
};

export type Sandbox = {
  readonly stripe: {
    readonly secretKey: string;
    readonly webhookSecrets: readonly string[];
    readonly apiBase: URL;
  };
  /** 32 bytes in base64. */
  readonly secretsKey: string;
  readonly pages: (books: SandboxBooks) => Middleware;
  /** Registers the demo partner, or brings its address up to date. */
  prepare(program: Pick<SandboxBooks, 'db' | 'secrets'>): Promise<void>;
  close(): Promise<void>;
};

const SLUG = DEMO_PARTNER as PartnerSlug;
const LOGO = new URL('./assets/demo-logo.png', import.meta.url);
const clock = systemClock;

/**
 * Starts the sandbox's Stripe and reads what `dataDir` remembers of earlier starts. Throws when the
 * folder cannot be used, or when its files are damaged.
 */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { dataDir, publicUrl, localUrl, log } = options;
  const secrets = await sandboxSecrets(join(dataDir, 'sandbox.json'));
  const stripe = await startSandboxStripe({
    dataFile: join(dataDir, 'stripe.jsonl'),
    secretKey: secrets.stripeSecretKey,
    webhookSecret: secrets.stripeWebhookSecret,
    webhookUrl: () => `${localUrl}/webhooks/stripe`,
    log: (line) => log.debug(line),
  });
  const closing: (() => void)[] = [];

  return {
    stripe: {
      secretKey: secrets.stripeSecretKey,
      webhookSecrets: [secrets.stripeWebhookSecret],
      apiBase: stripe.apiBase,
    },
    secretsKey: secrets.secretsKey,

    pages(books) {
      const partner = demoPartner({
        file: join(dataDir, 'partner-requests.jsonl'),
        secrets: () => demoSecrets(books),
        clock,
        newId: randomUUID,
      });
      closing.push(() => partner.close());
      const bought = purchases({
        file: join(dataDir, 'purchases.jsonl'),
        till: {
          buy: (wanted) => stripe.buy(wanted),
          play: (scenario, buyer) => scenario.run(stripe, { buyer }),
        },
        catalogue: CATALOGUE,
        clock,
        newId: randomUUID,
      });
      return sandboxPages({
        ...{ db: books.db, files: books.files, publicUrl, clock, catalogue: CATALOGUE },
        purchases: bought,
        partner,
        mailbox: options.mailboxDir === null ? null : mailbox(options.mailboxDir),
      });
    },

    prepare: (program) => registerDemoPartners(program, `${localUrl}/sandbox/partner/orders`),

    async close() {
      for (const step of closing) step();
      await stripe.close();
    },
  };
}

async function registerDemoPartners(
  books: Pick<SandboxBooks, 'db' | 'secrets'>,
  stagingUrl: string,
): Promise<void> {
  await registerDemoPartner(books, stagingUrl);
  // A second one for payments that two partners share. It answers at the same address, so it was
  // given the same secrets.
  const { apiKey, signingSecrets } = await demoSecrets(books);
  const registry = postgresPartnerRegistry(books.db, { secrets: books.secrets, clock });
  const added = await registry.add(SECOND_PARTNER as PartnerSlug, {
    name: 'Patrimoine Démo',
    color: '#7c3aed',
    contactEmail: 'contact@patrimoine-demo.example',
    stagingUrl,
    apiKey,
    signingSecret: signingSecrets.join(' '),
  });
  if (added === 'exists') await registry.set(SECOND_PARTNER as PartnerSlug, { stagingUrl });
}

async function registerDemoPartner(
  { db, secrets }: Pick<SandboxBooks, 'db' | 'secrets'>,
  stagingUrl: string,
): Promise<void> {
  const registry = postgresPartnerRegistry(db, { secrets, clock });
  const added = await registry.add(SLUG, {
    name: 'Cabinet Démo',
    color: '#0e7490',
    logo: { mediaType: 'image/png', bytes: readFileSync(LOGO) },
    contactEmail: 'contact@cabinet-demo.example',
    contactPhone: '+33 1 99 00 12 34', // a block that ARCEP keeps for fiction
    website: 'https://cabinet-demo.example',
    stagingUrl,
    apiKey: randomBytes(24).toString('hex'),
    signingSecret: newSigningSecret(),
  });
  if (added === 'added') return;
  const known = await registry.get(SLUG);
  if (known?.stagingUrl !== stagingUrl) await registry.set(SLUG, { stagingUrl });
  // Better told now than as a delivery that fails for ever.
  await demoSecrets({ db, secrets }).catch((cause) => {
    const why = 'This database belongs to another sandbox: its secrets do not open with ours';
    throw new Error(`${why}. Give it that sandbox's DATA_DIR, or take an empty database.`, {
      cause,
    });
  });
}

// The partner reads its own secrets from where ours are kept, so that one that was changed by the
// CLI is at once the partner's too: no newcomer has to tell it.
async function demoSecrets({
  db,
  secrets,
}: Pick<SandboxBooks, 'db' | 'secrets'>): Promise<DemoPartnerSecrets> {
  const row = await db
    .selectFrom('partner')
    .select(['api_key', 'signing_secret'])
    .where('slug', '=', SLUG)
    .executeTakeFirst();
  if (!row) return { apiKey: null, signingSecrets: [] };
  const { api_key, signing_secret } = row;
  return {
    apiKey: api_key && secrets.open(api_key, `partner/${SLUG}/api_key`),
    signingSecrets: secrets.open(signing_secret, `partner/${SLUG}/signing_secret`).split(' '),
  };
}
