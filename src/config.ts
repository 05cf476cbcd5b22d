// The only reader of the environment. Every variable, its default and its meaning stand here once;
// all faults are collected and told together, by name, before anything starts. Secrets are wrapped,
// so that printing a configuration by mistake shows none.

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseSesUrl } from '#adapters/email/ses-url.ts';
import { parseS3Url } from '#adapters/files/s3-url.ts';
import { parseTopicArn } from '#adapters/http/sns-message.ts';
import { PARTNER_RETRY_DELAYS_MS } from '#domain/notification.ts';
import { type PartnerSlug, parsePartnerSlug } from '#domain/partner.ts';
import { parseSeller, type Seller } from '#domain/seller.ts';
import { type Env, EnvReader } from './env-reader.ts';
import { Secret } from './secret.ts';
import { checkTelemetry } from './telemetry-env.ts';

/** No key: sandbox. A test key: staging. A live key: production. */
export type Environment = 'sandbox' | 'staging' | 'production';

export type Config = {
  readonly environment: Environment;
  readonly host: string;
  readonly port: number;
  /** Origin without a slash at the end. */
  readonly publicUrl: string;
  /** Null: the embedded PostgreSQL in `dataDir`. */
  readonly databaseUrl: Secret | null;
  readonly dataDir: string;
  /** Null in the sandbox, which brings its own Stripe. */
  readonly stripe: {
    readonly secretKey: Secret;
    readonly webhookSecrets: readonly Secret[];
    readonly apiBase: URL | null;
  } | null;
  readonly housePartner: PartnerSlug | null;
  readonly seller: Seller;
  readonly emailUrl: Secret;
  readonly emailFrom: string;
  /** SNS topics whose word about our mails is taken. Empty: none, and there is no endpoint. */
  readonly sesTopicArns: readonly string[];
  readonly storageUrl: string;
  /** 32 bytes in base64. Null in the sandbox, which makes its own. */
  readonly secretsKey: Secret | null;
  /** Keys like it that open what they have sealed and the links they have signed; none seals. */
  readonly secretsKeysOld: readonly Secret[];
  readonly partnerTimeoutMs: number;
  readonly partnerRetryDelaysMs: readonly number[];
  readonly allowInsecurePartnerUrls: boolean;
  /** `http://` or `https://`, perhaps with credentials. Null: partners are called directly. */
  readonly egressProxy: Secret | null;
  /** Personal data outside the legal documents is erased after so many days. */
  readonly personalDataDays: number;
  readonly chromiumPath: string | null;
  readonly logLevel: string;
  /** Null: alerts and faults are in the log alone. */
  readonly sentryDsn: Secret | null;
  /** Told to stop, the program says so for this long before it closes its door. */
  readonly readinessGraceMs: number;
};

/** Everything that is wrong with the environment, one sentence a fault. */
export class ConfigError extends Error {
  readonly faults: readonly string[];
  constructor(faults: readonly string[]) {
    super(`The configuration has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}:
${faults.map((fault) => `  - ${fault}`).join('\n')}`);
    this.name = 'ConfigError';
    this.faults = faults;
  }
}

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];
const KEY_OF_32_BYTES = /^[A-Za-z0-9+/]{43}=$/;
const SAMPLE_SELLER = new URL('./seller.sample.json', import.meta.url);

/** The configuration in `env`. Throws ConfigError with every fault; reads SELLER_FILE. */
export function parseConfig(env: Env): Config {
  const reader = new EnvReader(env);
  const environment = environmentOf(reader);
  const live = environment === 'production';
  const sandbox = environment === 'sandbox';
  const port = reader.integer('PORT', 3000, 0, 65_535);
  const dataDir = resolve(reader.text('DATA_DIR') ?? '.data');
  const seller = readSeller(reader, sandbox);
  if (live && reader.text('EMAIL_URL') === undefined) {
    reader.fault('EMAIL_URL', 'must say where mail goes when the Stripe key is live');
  }
  const config: Config = {
    environment,
    host: reader.text('HOST') ?? (sandbox ? '127.0.0.1' : '0.0.0.0'),
    port,
    publicUrl: reader.origin('PUBLIC_URL') ?? `http://localhost:${port}`,
    databaseUrl: reader.url('DATABASE_URL', ['postgres:', 'postgresql:']),
    dataDir,
    stripe: readStripe(reader, environment),
    housePartner: readHousePartner(reader),
    seller,
    emailUrl: readEmailUrl(reader) ?? new Secret(`file:${dataDir}/mailbox`),
    emailFrom: reader.email('EMAIL_FROM') ?? seller.email,
    sesTopicArns: readTopicArns(reader),
    storageUrl: readStorageUrl(reader) ?? `file:${dataDir}/files`,
    secretsKey: readSecretsKey(reader, sandbox),
    secretsKeysOld: readOldSecretsKeys(reader),
    partnerTimeoutMs: reader.integer('PARTNER_TIMEOUT_MS', 10_000, 1, 60_000),
    partnerRetryDelaysMs: readDelays(reader),
    allowInsecurePartnerUrls: readInsecure(reader, environment),
    egressProxy: readEgressProxy(reader),
    personalDataDays: reader.integer('PERSONAL_DATA_DAYS', 1095, 30, 36_500),
    chromiumPath: reader.text('CHROMIUM_PATH') ?? null,
    logLevel: reader.oneOf('LOG_LEVEL', LOG_LEVELS) ?? 'info',
    sentryDsn: readSentryDsn(reader),
    readinessGraceMs: reader.integer('READINESS_GRACE_MS', sandbox ? 0 : 2_000, 0, 60_000),
  };
  checkTelemetry(reader);
  if (reader.faults.length > 0) throw new ConfigError(reader.faults);
  return config;
}

function environmentOf(reader: EnvReader): Environment {
  const key = reader.text('STRIPE_SECRET_KEY');
  if (key === undefined) return 'sandbox';
  const match = /^(?:sk|rk)_(test|live)_\S+$/.exec(key);
  if (!match)
    reader.fault('STRIPE_SECRET_KEY', 'must start with sk_test_, rk_test_, sk_live_ or rk_live_');
  return match?.[1] === 'live' ? 'production' : 'staging';
}

function readStripe(reader: EnvReader, environment: Environment): Config['stripe'] {
  const base = reader.url('STRIPE_API_BASE', ['http:', 'https:'])?.reveal();
  if (base !== undefined && environment === 'production') {
    reader.fault('STRIPE_API_BASE', 'is for tests and refused with a live key');
  }
  const secrets = reader.text('STRIPE_WEBHOOK_SECRETS');
  if (environment === 'sandbox') {
    if (secrets !== undefined)
      reader.fault('STRIPE_WEBHOOK_SECRETS', 'needs STRIPE_SECRET_KEY beside it');
    if (base !== undefined) reader.fault('STRIPE_API_BASE', 'needs STRIPE_SECRET_KEY beside it');
    return null;
  }
  // Not trimmed: a blank or a newline inside a secret is a mistake that would refuse every event.
  const list = secrets?.split(',') ?? [];
  if (list.length === 0) {
    reader.fault('STRIPE_WEBHOOK_SECRETS', 'is required with a Stripe key');
  } else if (list.some((secret) => !/^[\x21-\x7e]+$/.test(secret))) {
    reader.fault('STRIPE_WEBHOOK_SECRETS', 'has an empty entry or one with a blank in it');
  }
  return {
    secretKey: new Secret(reader.text('STRIPE_SECRET_KEY') ?? ''),
    webhookSecrets: list.map((secret) => new Secret(secret)),
    apiBase: base === undefined ? null : new URL(base),
  };
}

function readSeller(reader: EnvReader, sandbox: boolean): Seller {
  const file = reader.text('SELLER_FILE');
  const sample = parseSeller(JSON.parse(readFileSync(SAMPLE_SELLER, 'utf8'))) as Seller;
  if (file === undefined) {
    if (!sandbox)
      reader.fault(
        'SELLER_FILE',
        'is required with a Stripe key (JSON like src/seller.sample.json)',
      );
    return sample;
  }
  let data: unknown;
  try {
    data = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    reader.fault('SELLER_FILE', code ? `cannot be read (${code})` : 'is not JSON');
    return sample;
  }
  const seller = parseSeller(data);
  if (!('faults' in seller)) return seller;
  for (const fault of seller.faults) reader.fault('SELLER_FILE', `: ${fault}`);
  return sample;
}

function readEmailUrl(reader: EnvReader): Secret | null {
  const url = reader.url('EMAIL_URL', ['file:', 'smtp:', 'smtps:', 'ses:']);
  const ses = url?.reveal().startsWith('ses:') ? parseSesUrl(url.reveal()) : null;
  if (ses && 'fault' in ses) reader.fault('EMAIL_URL', ses.fault);
  return url;
}

function readTopicArns(reader: EnvReader): readonly string[] {
  const arns =
    reader
      .text('SES_SNS_TOPIC_ARNS')
      ?.split(',')
      .map((arn) => arn.trim()) ?? [];
  if (arns.some((arn) => parseTopicArn(arn) === null)) {
    reader.fault('SES_SNS_TOPIC_ARNS', 'must be ARNs of SNS topics separated by commas');
  }
  return arns;
}

// Without keys, hence no secret: operators shall see where the files are.
function readStorageUrl(reader: EnvReader): string | undefined {
  const url = reader.url('STORAGE_URL', ['file:', 's3:'])?.reveal();
  const s3 = url?.startsWith('s3:') ? parseS3Url(url) : null;
  if (s3 && 'fault' in s3) reader.fault('STORAGE_URL', s3.fault);
  return url;
}

function readHousePartner(reader: EnvReader): PartnerSlug | null {
  const text = reader.text('HOUSE_PARTNER');
  if (text === undefined) return null;
  const slug = parsePartnerSlug(text);
  if (slug === null) reader.fault('HOUSE_PARTNER', 'must be a slug: letters, digits and hyphens');
  return slug;
}

function readSecretsKey(reader: EnvReader, sandbox: boolean): Secret | null {
  const text = reader.text('SECRETS_KEY');
  if (text === undefined) {
    if (!sandbox) {
      const how = 'openssl rand -base64 32';
      reader.fault('SECRETS_KEY', `is required with a Stripe key: 32 bytes in base64 (${how})`);
    }
    return null;
  }
  if (!KEY_OF_32_BYTES.test(text)) reader.fault('SECRETS_KEY', 'must be 32 bytes in base64');
  return new Secret(text);
}

function readOldSecretsKeys(reader: EnvReader): readonly Secret[] {
  const keys = (reader.text('SECRETS_KEYS_OLD')?.split(',') ?? []).map((key) => key.trim());
  if (keys.some((key) => !KEY_OF_32_BYTES.test(key))) {
    reader.fault('SECRETS_KEYS_OLD', 'must be keys of 32 bytes in base64, separated by commas');
  }
  return keys.map((key) => new Secret(key));
}

function readDelays(reader: EnvReader): readonly number[] {
  const text = reader.text('PARTNER_RETRY_DELAYS_S');
  if (text === undefined) return PARTNER_RETRY_DELAYS_MS;
  const seconds = text.split(',').map((part) => Number(part.trim() || Number.NaN));
  if (seconds.length > 10 || seconds.some((s) => !(s >= 0 && s <= 86_400))) {
    reader.fault('PARTNER_RETRY_DELAYS_S', 'must be seconds (0 to 86400) separated by commas');
  }
  return seconds.map((s) => Math.round(s * 1000));
}

function readInsecure(reader: EnvReader, environment: Environment): boolean {
  const insecure = reader.oneOf('ALLOW_INSECURE_PARTNER_URLS', ['true', 'false']) === 'true';
  if (insecure && environment === 'production') {
    reader.fault('ALLOW_INSECURE_PARTNER_URLS', 'is for local tests and refused with a live key');
  }
  // The demo partner of the sandbox is this very machine.
  return insecure || environment === 'sandbox';
}

// For calls to partners alone: Stripe, mail and files have addresses that an operator chose.
function readEgressProxy(reader: EnvReader): Secret | null {
  const name = 'HTTPS_PROXY';
  const proxy = reader.url(name, ['http:', 'https:']);
  if (proxy === null) return null;
  const { pathname, search, hash, username, password } = new URL(proxy.reveal());
  if (pathname !== '/' || search !== '' || hash !== '') {
    reader.fault(name, 'must be an origin, such as http://proxy.example.com:3128, without a path');
  }
  try {
    decodeURIComponent(username + password);
  } catch {
    reader.fault(name, 'has credentials that are not percent-encoded');
  }
  return proxy;
}

function readSentryDsn(reader: EnvReader): Secret | null {
  const name = 'SENTRY_DSN';
  const dsn = reader.url(name, ['http:', 'https:']);
  if (dsn === null) return null;
  const { username, pathname } = new URL(dsn.reveal());
  if (username === '' || !/\/\d+$/.test(pathname)) {
    reader.fault(name, 'must look like https://KEY@HOST/PROJECT, as Sentry shows it');
  }
  return dsn;
}
