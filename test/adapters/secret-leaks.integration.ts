// Nothing secret leaves the program by a side door: every neighbour fails in its own way, every line
// that the program prints is read, and so are the command lines and environments of its children, which
// any user of the machine may look at.

import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { startSandboxStripe } from '#adapters/sandbox/stripe-server.ts';
import { parseConfig } from '#src/config.ts';
import { type CommandLine, commandLine } from '#test/support/command-line.ts';
import { makeDataFolder } from '#test/support/database.ts';
import { smtpServer } from '#test/support/mail-servers.ts';
import { BILAN } from '#test/support/sandbox-stripe.ts';
import { sampleSeller } from '#test/support/seller.ts';
import { until } from '#test/support/staging.ts';

/** Each contains the word that is searched for, in a form that its variable takes. */
const STRIPE_KEY = 'sk_test_geheimStripe0000000000';
const WEBHOOK_SECRET = 'whsec_geheimWebhook000000000';
const API_KEY = 'geheimPartner-0123456789-0123456789-0123';
const key = (text: string) => Buffer.from(text.padEnd(32, '.')).toString('base64');
const [CURRENT, FORMER] = [key('geheim-current'), key('geheim-former')];

const hexOf = (base64: string) => Buffer.from(base64, 'base64').toString('hex');
const SECRETS = ['geheim', CURRENT, FORMER, hexOf(CURRENT), 'Z2VoZWlt'];

/** Those that the text gives away. */
function found(text: string): string[] {
  return SECRETS.filter((secret) => text.toLowerCase().includes(secret.toLowerCase()));
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

type Running = { readonly cli: CommandLine; readonly child: ChildProcess; output(): string };

/** The program in staging, with something secret in every variable that may hold it. */
async function running(stripeBase: string, port: number, smtpPort: number): Promise<Running> {
  const dataDir = await makeDataFolder();
  const sellerFile = join(dataDir, 'seller.json');
  await writeFile(sellerFile, JSON.stringify(sampleSeller()));
  const cli = commandLine({
    DATA_DIR: dataDir,
    PORT: String(port),
    HOST: '127.0.0.1',
    PUBLIC_URL: `http://127.0.0.1:${port}`,
    STRIPE_SECRET_KEY: STRIPE_KEY,
    STRIPE_WEBHOOK_SECRETS: WEBHOOK_SECRET,
    STRIPE_API_BASE: stripeBase,
    SELLER_FILE: sellerFile,
    SECRETS_KEY: CURRENT,
    SECRETS_KEYS_OLD: FORMER,
    EMAIL_URL: `smtp://user:geheimMail@127.0.0.1:${smtpPort}`,
    EMAIL_FROM: 'factures@comptappart.example',
    HTTPS_PROXY: 'http://user:geheimProxy@127.0.0.1:1',
    SENTRY_DSN: 'http://geheimSentry@127.0.0.1:1/7',
    AWS_SECRET_ACCESS_KEY: 'geheimAws',
    ALLOW_INSECURE_PARTNER_URLS: 'true',
    PARTNER_RETRY_DELAYS_S: '1,1',
    READINESS_GRACE_MS: '0',
    LOG_LEVEL: 'trace',
  });
  const child = cli.start(['serve']);
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      printed += chunk.toString();
    });
  }
  onTestFinished(async () => {
    child.kill('SIGTERM');
    if (child.exitCode === null) await once(child, 'exit');
    await rm(dataDir, { recursive: true, maxRetries: 20, retryDelay: 50 });
  }, 30_000);
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`the program ended:\n${printed}`);
    const ready = await fetch(`http://127.0.0.1:${port}/health/ready`).catch(() => null);
    return ready?.status === 200;
  });
  return { cli, child, output: () => printed };
}

/** Of all processes below that one, itself left out. */
async function childrenOf(pid: number): Promise<{ cmdline: string; environ: string }[]> {
  const parents = new Map<number, number>();
  for (const name of await readdir('/proc')) {
    const status = /^\d+$/.test(name) ? await textOf(`/proc/${name}/status`) : '';
    const parent = /^PPid:\s+(\d+)/m.exec(status)?.[1];
    if (parent !== undefined) parents.set(Number(name), Number(parent));
  }
  const isBelow = (it: number): boolean => {
    const parent = parents.get(it) ?? 0;
    return parent === pid || (parent > 1 && isBelow(parent));
  };
  const below = [...parents.keys()].filter(isBelow);
  return Promise.all(
    below.map(async (it) => ({
      cmdline: await textOf(`/proc/${it}/cmdline`),
      environ: await textOf(`/proc/${it}/environ`),
    })),
  );
}

function textOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}

/** A mail server that knows nobody. */
const refusingMails = () =>
  smtpServer({
    authOptional: false,
    onAuth: (_auth, _session, done) => done(new Error('535 5.7.8 no')),
  });

test('a program whose neighbours all fail tells of it without their secrets', {
  timeout: 60_000,
}, async () => {
  const port = await freePort();
  const mails = await refusingMails();
  const stripe = await startSandboxStripe({
    dataFile: null,
    secretKey: STRIPE_KEY,
    webhookSecret: WEBHOOK_SECRET,
    webhookUrl: () => `http://127.0.0.1:${port}/webhooks/stripe`,
  });
  onTestFinished(() => stripe.close());
  const { cli, child, output } = await running(stripe.apiBase.href, port, mails.port);

  const told: string[] = [];
  const tell = async (...args: string[]): Promise<string> => {
    const { stdout, stderr } = await cli.run(args, { stdin: API_KEY });
    told.push(stdout + stderr);
    return stdout;
  };
  const urls = [
    '--staging-url',
    'https://nowhere.invalid/',
    '--production-url',
    'https://x.example',
  ];
  await tell('partner', 'add', 'demo', '--name', 'Demo', ...urls, '--api-key', '-');
  await stripe.buy(BILAN);
  await until(() => /"outcome"|notification-ended|a delivery failed|refused/i.test(output()));

  // Chromium prints, PostgreSQL stores: both are there by now.
  const children = await childrenOf(child.pid ?? 0);
  expect(children.some((it) => it.cmdline.includes('postgres'))).toBe(true);
  expect(children.some((it) => it.cmdline.includes('chromium'))).toBe(true);
  expect(children.flatMap((it) => found(it.cmdline))).toEqual([]);
  expect(children.flatMap((it) => found(it.environ))).toEqual([]);

  // Wrong signatures, a body that is no event, a Stripe that fails and one that knows no key.
  const url = `http://127.0.0.1:${port}/webhooks/stripe`;
  await fetch(url, { method: 'POST', headers: { 'stripe-signature': 't=1,v1=00' }, body: '{}' });
  await fetch(`http://127.0.0.1:${port}/files/a.pdf?expires=1&signature=x`);
  const [bad, base] = ['sk_test_geheimOther', stripe.apiBase.href];
  await Promise.all([
    tell('doctor'),
    tell('orders', 'show', '1', '--json'),
    tell('partner', 'show', 'demo', '--json'),
    cli
      .run(['stripe', 'reconcile', '--since', '1d'], {
        env: { STRIPE_SECRET_KEY: bad, STRIPE_API_BASE: base },
      })
      .then(({ stdout, stderr }) => told.push(stdout + stderr)),
    cli
      .run(['orders', 'list'], { env: { DATABASE_URL: 'postgres://u:geheimDb@127.0.0.1:1/x' } })
      .then(({ stdout, stderr }) => told.push(stdout + stderr)),
  ]);
  expect(told.join('\n')).toMatch(/ECONNREFUSED/);
  expect(told.join('\n')).toMatch(/"outcome": "(?!accepted)/);
  expect(found(told.join('\n').replace(/whsec_[\w+/=]+/g, ''))).toEqual([]);
  expect(output()).toMatch(/"msg"/);
  expect(found(output())).toEqual([]);
});

test('a secret in a text would be found', () => {
  expect(found(`Error: ${API_KEY}`)).toEqual(['geheim']);
  expect(found(`key ${CURRENT}`)).toContain(CURRENT);
});

test('a configuration that is printed by mistake shows none of its secrets', () => {
  const config = parseConfig({
    STRIPE_SECRET_KEY: STRIPE_KEY,
    STRIPE_WEBHOOK_SECRETS: WEBHOOK_SECRET,
    SELLER_FILE: fileURLToPath(new URL('../../src/seller.sample.json', import.meta.url)),
    SECRETS_KEY: CURRENT,
    SECRETS_KEYS_OLD: FORMER,
    DATABASE_URL: 'postgres://u:geheimDb@h/x',
    EMAIL_URL: 'smtp://user:geheimMail@h:25',
    HTTPS_PROXY: 'http://user:geheimProxy@h:1',
    SENTRY_DSN: 'http://geheimSentry@h/7',
  });
  const texts = [JSON.stringify(config), inspect(config, { depth: null }), `${config.secretsKey}`];
  expect(found(texts.join('\n'))).toEqual([]);
});
