import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { type Config, ConfigError, parseConfig } from '#src/config.ts';
import type { Env } from '#src/env-reader.ts';
import { sampleSeller } from './support/seller.ts';

const dir = mkdtempSync(join(tmpdir(), 'comptappart-config-'));
afterAll(() => rmSync(dir, { recursive: true }));
const sellerFile = join(dir, 'seller.json');
writeFileSync(sellerFile, JSON.stringify(sampleSeller()));
const SECRETS_KEY = Buffer.alloc(32, 1).toString('base64');

const STAGING: Env = {
  STRIPE_SECRET_KEY: 'sk_test_verysecret',
  STRIPE_WEBHOOK_SECRETS: 'whsec_one,whsec_two',
  SELLER_FILE: sellerFile,
  SECRETS_KEY,
};
const LIVE: Env = { ...STAGING, STRIPE_SECRET_KEY: 'rk_live_x', EMAIL_URL: 'smtp://mail.example' };

function faultsOf(env: Env): readonly string[] {
  try {
    parseConfig(env);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.faults;
  }
}

test('nothing configured is the sandbox, on this machine only', () => {
  expect(parseConfig({})).toMatchObject({
    environment: 'sandbox',
    host: '127.0.0.1',
    port: 3000,
    publicUrl: 'http://localhost:3000',
    stripe: null,
    databaseUrl: null,
    partnerTimeoutMs: 10_000,
    partnerRetryDelaysMs: [300_000, 1_800_000],
    allowInsecurePartnerUrls: true,
  });
});

test('the Stripe key decides the environment', () => {
  expect(parseConfig(STAGING)).toMatchObject({ environment: 'staging', host: '0.0.0.0' });
  expect(parseConfig(LIVE)).toMatchObject({
    environment: 'production',
    allowInsecurePartnerUrls: false,
  });
});

test('an empty variable counts as absent', () => {
  expect(parseConfig({ STRIPE_SECRET_KEY: '', PORT: '', DATABASE_URL: '' }).environment).toBe(
    'sandbox',
  );
});

test('every fault is told at once, by name', () => {
  const faults = faultsOf({
    PORT: '99999',
    PUBLIC_URL: 'https://pay.example/path',
    DATABASE_URL: 'mysql://x',
    STRIPE_SECRET_KEY: 'pk_test_x',
    STRIPE_WEBHOOK_SECRETS: 'whsec_a,,whsec_b\n',
    SECRETS_KEY: 'short',
    SELLER_FILE: '/nowhere.json',
    EMAIL_URL: 'pigeon://x',
    EMAIL_FROM: 'Nobody',
    STORAGE_URL: 'ftp://x',
    HOUSE_PARTNER: 'No Slug!',
    PARTNER_TIMEOUT_MS: '0',
    PARTNER_RETRY_DELAYS_S: '5,soon',
    ALLOW_INSECURE_PARTNER_URLS: 'yes',
    HTTPS_PROXY: 'socks5://proxy.example',
    LOG_LEVEL: 'loud',
  });
  const names = faults.map((fault) => /^[A-Z_]+/.exec(fault)?.[0]);
  expect(new Set(names)).toEqual(
    new Set(
      (
        'PORT PUBLIC_URL DATABASE_URL STRIPE_SECRET_KEY STRIPE_WEBHOOK_SECRETS SECRETS_KEY ' +
        'SELLER_FILE EMAIL_URL EMAIL_FROM STORAGE_URL HOUSE_PARTNER PARTNER_TIMEOUT_MS ' +
        'PARTNER_RETRY_DELAYS_S ALLOW_INSECURE_PARTNER_URLS HTTPS_PROXY LOG_LEVEL'
      ).split(' '),
    ),
  );
});

test('a key alone is told everything it needs beside it', () => {
  expect(faultsOf({ STRIPE_SECRET_KEY: 'sk_test_x' }).join('\n')).toMatch(
    /STRIPE_WEBHOOK_SECRETS[\s\S]*SECRETS_KEY|SECRETS_KEY[\s\S]*STRIPE_WEBHOOK_SECRETS/,
  );
  expect(faultsOf({ STRIPE_SECRET_KEY: 'sk_test_x' }).join('\n')).toContain('SELLER_FILE');
});

test.each([
  ['http://proxy.example:3128', undefined],
  ['https://user:p%40ss@proxy.example/', undefined],
  ['proxy.example:3128', 'HTTPS_PROXY must start with http:// or https://'],
  ['socks5://proxy.example', 'HTTPS_PROXY must start with http:// or https://'],
  ['http://proxy.example/path', expect.stringMatching(/^HTTPS_PROXY must be an origin/)],
  ['http://u:50%@proxy.example', 'HTTPS_PROXY has credentials that are not percent-encoded'],
])('an egress proxy %s is told about: %s', (text, fault) => {
  expect(faultsOf({ ...STAGING, HTTPS_PROXY: text })).toEqual(fault === undefined ? [] : [fault]);
  if (fault === undefined)
    expect(parseConfig({ ...STAGING, HTTPS_PROXY: text }).egressProxy?.reveal()).toBe(text);
});

test('what only tests may do is refused with a live key', () => {
  const faults = faultsOf({
    ...LIVE,
    EMAIL_URL: undefined,
    STRIPE_API_BASE: 'http://localhost:12111',
    ALLOW_INSECURE_PARTNER_URLS: 'true',
  });
  expect(faults.map((fault) => fault.split(' ')[0]).toSorted()).toEqual([
    'ALLOW_INSECURE_PARTNER_URLS',
    'EMAIL_URL',
    'STRIPE_API_BASE',
  ]);
});

test('a seller with a wrong SIREN is refused, fault by fault', () => {
  writeFileSync(join(dir, 'bad.json'), JSON.stringify({ ...sampleSeller(), siren: '123456789' }));
  expect(faultsOf({ ...STAGING, SELLER_FILE: join(dir, 'bad.json') }).join()).toContain('siren');
  writeFileSync(join(dir, 'no.json'), '{');
  expect(faultsOf({ ...STAGING, SELLER_FILE: join(dir, 'no.json') })).toEqual([
    'SELLER_FILE is not JSON',
  ]);
});

test('no way of printing a configuration or its faults shows a secret', () => {
  const env = {
    ...STAGING,
    DATABASE_URL: 'postgres://u:verysecret@h/d',
    EMAIL_URL: 'smtp://u:verysecret@h',
    HTTPS_PROXY: 'http://u:verysecret@h:3128',
  };
  const config: Config = parseConfig(env);
  const printed = [
    inspect(config, { depth: 9 }),
    JSON.stringify(config),
    `${config.stripe?.secretKey}`,
  ];
  for (const text of printed) {
    expect(text).not.toContain('verysecret');
    expect(text).not.toContain('whsec_one');
    expect(text).not.toContain(SECRETS_KEY);
  }
  expect(config.stripe?.secretKey.reveal()).toBe('sk_test_verysecret');
  const faults = faultsOf({
    ...env,
    STRIPE_SECRET_KEY: 'verysecret',
    SECRETS_KEY: 'verysecret',
    STRIPE_WEBHOOK_SECRETS: 'very secret',
    DATABASE_URL: 'verysecret',
    EMAIL_URL: 'verysecret',
    HTTPS_PROXY: 'http://u:verysecret@h/path',
  });
  expect(faults.length).toBeGreaterThanOrEqual(6);
  expect(faults.join('\n')).not.toMatch(/very ?secret/);
});

test('Amazon’s services are addresses, and their keys are not part of them', () => {
  const env = {
    EMAIL_URL: 'ses://eu-west-3?configuration-set=invoices',
    STORAGE_URL: 's3://invoices/prod?region=eu-west-3&object-lock=compliance&lock-years=10',
    SES_SNS_TOPIC_ARNS: 'arn:aws:sns:eu-west-3:123456789012:ses, arn:aws:sns:eu-west-1:1:x',
  };
  expect(faultsOf({ ...STAGING, ...env })).toEqual([
    'SES_SNS_TOPIC_ARNS must be ARNs of SNS topics separated by commas',
  ]);
  const arn = 'arn:aws:sns:eu-west-3:123456789012:ses';
  expect(parseConfig({ ...STAGING, ...env, SES_SNS_TOPIC_ARNS: arn })).toMatchObject({
    sesTopicArns: [arn],
    storageUrl: env.STORAGE_URL,
  });
  expect(parseConfig({}).sesTopicArns).toEqual([]);
});

test.each([
  ['EMAIL_URL', 'ses://', 'must name a region of AWS'],
  ['EMAIL_URL', 'ses://paris', 'must name a region of AWS'],
  ['EMAIL_URL', 'ses://AKIA:verysecret@eu-west-3', 'must hold no keys'],
  ['EMAIL_URL', 'ses://eu-west-3/x', 'must look like ses://eu-west-3'],
  ['EMAIL_URL', 'ses://eu-west-3?configuration_set=x', 'unknown option: configuration_set'],
  ['EMAIL_URL', 'ses://eu-west-3?configuration-set=a b', 'configuration-set'],
  ['EMAIL_URL', 'ses://eu-west-3?endpoint=http://x/verysecret', 'http(s):// origin'],
  ['STORAGE_URL', 's3://', 'must name a bucket'],
  ['STORAGE_URL', 's3://Upper?region=eu-west-3', 'must name a bucket'],
  ['STORAGE_URL', 's3://b/x?region=eu-west-3', 'must name a bucket'],
  ['STORAGE_URL', 's3://bucket', 'must name its region'],
  ['STORAGE_URL', 's3://bucket?region=paris', 'a region that AWS does not have'],
  ['STORAGE_URL', 's3://bucket?endpoint=https://s3.eu-west-3.amazonaws.com', 'name its region'],
  ['STORAGE_URL', 's3://bucket/../x y?region=eu-west-3', 'prefix'],
  ['STORAGE_URL', 's3://AKIA:verysecret@bucket?region=eu-west-3', 'must hold no keys'],
  ['STORAGE_URL', 's3://bucket?endpoint=ftp://x', 'http(s):// origin'],
  ['STORAGE_URL', 's3://bucket?region=eu-west-3&object-lock=yes', 'governance nor compliance'],
  ['STORAGE_URL', 's3://bucket?region=eu-west-3&lock-years=10', 'without object-lock'],
  [
    'STORAGE_URL',
    's3://bucket?region=eu-west-3&object-lock=governance&lock-years=0',
    'from 1 to 99',
  ],
  ['STORAGE_URL', 's3://bucket?region=eu-west-3&acl=public', 'unknown option: acl'],
])('%s=%s is told as %s', (name, value, what) => {
  const [fault = '', ...others] = faultsOf({ ...STAGING, [name]: value });
  expect(others).toEqual([]);
  expect(fault).toMatch(new RegExp(`^${name} `));
  expect(fault).toContain(what);
  expect(fault).not.toContain('verysecret');
});
