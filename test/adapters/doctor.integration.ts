// The doctor among real neighbours, well and ill: each illness is brought about, and the line that tells
// of it says what to do.

import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { OUR_EVENT_TYPES } from '#adapters/stripe/subscribed-events.ts';
import { commandInProcess } from '#test/support/command-in-process.ts';
import { makeDataFolder } from '#test/support/database.ts';
import { smtpServer } from '#test/support/mail-servers.ts';
import { SECRET_KEY, sandboxStripe } from '#test/support/sandbox-stripe.ts';
import { sampleSeller } from '#test/support/seller.ts';
import { type ToldBooks, toldBooks } from '#test/support/told-books.ts';

const PUBLIC_URL = 'https://pay.example';

let books: ToldBooks;
let dataDir: string;
let env: Record<string, string>;
beforeAll(async () => {
  [books, dataDir] = await Promise.all([toldBooks(), makeDataFolder()]);
  const sellerFile = join(dataDir, 'seller.json');
  await writeFile(sellerFile, JSON.stringify(sampleSeller()));
  env = {
    DATA_DIR: dataDir,
    DATABASE_URL: books.url,
    PUBLIC_URL,
    STRIPE_SECRET_KEY: SECRET_KEY,
    STRIPE_WEBHOOK_SECRETS: 'whsec_doctor',
    SELLER_FILE: sellerFile,
    SECRETS_KEY: Buffer.alloc(32, 7).toString('base64'),
    EMAIL_FROM: 'factures@comptappart.example',
    ALLOW_INSECURE_PARTNER_URLS: 'true',
  };
});
afterAll(async () => {
  await books.close();
  await rm(dataDir, { recursive: true });
});

type Line = { name: string; status: string; detail: string; action: string | null };
type Diagnosis = { readonly code: number; readonly text: string; of(name: string): Line };

async function examined(changes: Record<string, string>): Promise<Diagnosis> {
  const { code, json, text } = await commandInProcess(env)(['doctor'], changes);
  const lines = json.checks as Line[];
  return {
    code,
    text,
    of(name) {
      const found = lines.find((line) => line.name === name);
      if (!found) throw new Error(`no line ${name} in\n${text}`);
      return found;
    },
  };
}

test('a house in order is told line by line, with what only a person can decide', async () => {
  const mails = await smtpServer();
  const { sandbox } = await sandboxStripe({
    webhookUrl: () => `${PUBLIC_URL}/webhooks/stripe`,
    enabledEvents: OUR_EVENT_TYPES,
  });
  const { code, text, of } = await examined({
    STRIPE_API_BASE: sandbox.apiBase.href,
    EMAIL_URL: `smtp://127.0.0.1:${mails.port}`,
  });
  expect(code, text).toBe(0);
  expect(of('stripe').detail).toMatch(/mode test.*bac à sable.*acct_/);
  expect(of('webhook')).toMatchObject({ status: 'ok' });
  expect(of('chromium').detail).toMatch(/une facture en/);
  expect(of('mail').detail).toContain('accepte nos e-mails');
  for (const name of ['database', 'rights', 'clock', 'migrations', 'secrets', 'files', 'disk']) {
    expect(of(name), name).toMatchObject({ status: 'ok' });
  }
  expect(of('workers')).toMatchObject({ status: 'attention' });
  expect(of('notifications').action).toContain('notifications retry');
  expect(of('payments').action).toContain('payments retry');
  expect(text).toMatch(/^! Paiements/m);
});

test('each illness has its line, and the exit code says that there are some', async () => {
  const { db } = books;
  await db.updateTable('partner').set({ staging_url: null }).where('slug', '=', 'acme').execute();
  const somebody = new Client({ connectionString: books.url });
  await somebody.connect();
  onTestFinished(() => somebody.end());
  await somebody.query(
    `insert into reconciliation (since, until, automatic, looked, received, started_at, finished_at)
     values (now() - interval '1 hour', now(), true, 9, 4, now(), now())`,
  );
  const stripe = await strangeStripe({ ahead: 90_000, thin: true });
  const proxy = await answering((_request, answer) => answer(407));
  const { code, of } = await examined({
    STRIPE_API_BASE: stripe,
    EMAIL_URL: 'smtp://user:hunter2@127.0.0.1:1',
    SECRETS_KEY: Buffer.alloc(32, 8).toString('base64'),
    HTTPS_PROXY: `http://user:hunter3@127.0.0.1:${proxy}`,
    CHROMIUM_PATH: '/nowhere/chromium',
    STORAGE_URL: `file:${join(dataDir, 'seller.json', 'below')}`, // a file is no folder
  });
  expect(code).toBe(1);
  const faults = [
    'stripeClock',
    'webhook',
    'mail',
    'secrets',
    'proxy',
    'chromium',
    'files',
    'partners',
  ];
  for (const name of faults) {
    expect(of(name), name).toMatchObject({ status: 'fault', action: expect.stringMatching(/./) });
    expect(JSON.stringify(of(name))).not.toMatch(/hunter/);
  }
  expect(of('stripeClock').detail).toMatch(/retarde de 1\u00A0min 3\d\u00A0s sur Stripe/);
  expect(of('webhook')).toMatchObject({
    detail: expect.stringContaining('thin'),
    action: expect.stringContaining('Snapshot'),
  });
  expect(of('proxy').detail).toContain('407');
  expect(of('secrets').action).toContain('SECRETS_KEYS_OLD');
  expect(of('intake')).toMatchObject({ status: 'attention', detail: expect.stringMatching(/^4 /) });
});

test('without a database the rest is looked at all the same; without a configuration nothing is', async () => {
  const light = { CHROMIUM_PATH: '/nowhere/chromium', STRIPE_API_BASE: 'http://127.0.0.1:1' };
  const url = 'postgres://user:hunter2@127.0.0.1:1/x';
  const away = await examined({ ...light, DATABASE_URL: url });
  expect(away.code).toBe(1);
  expect(away.of('database')).toMatchObject({
    status: 'fault',
    action: expect.stringMatching(/./),
  });
  expect(away.of('files')).toMatchObject({ status: 'ok' });
  expect(away.text).not.toContain('hunter2');
  const wrong = await examined({ ...light, PORT: 'no', SECRETS_KEYS_OLD: 'short' });
  expect(wrong.code).toBe(1);
  expect(wrong.of('configuration').detail).toMatch(/PORT[\s\S]*SECRETS_KEYS_OLD/);
});

/** A Stripe that is not quite as it should be. */
async function strangeStripe(wrong: {
  readonly ahead: number;
  readonly thin: boolean;
}): Promise<string> {
  const list = (data: object[]) => ({ object: 'list', data, has_more: false, url: '/' });
  const endpoint = {
    id: 'ed_1',
    event_payload: wrong.thin ? 'thin' : 'snapshot',
    status: 'enabled',
    enabled_events: [],
    webhook_endpoint: { url: `${PUBLIC_URL}/webhooks/stripe` },
  };
  const port = await answering((request, answer) => {
    const date = new Date(Date.now() + wrong.ahead).toUTCString();
    const path = request.url ?? '';
    if (path.startsWith('/v2/core/event_destinations')) {
      return answer(200, { data: [endpoint], next_page_url: null }, date);
    }
    return path.startsWith('/v1/account') ? answer(403, {}, date) : answer(200, list([]), date);
  });
  return `http://127.0.0.1:${port}`;
}

type Answering = (status: number, body?: object, date?: string) => void;

async function answering(
  work: (request: IncomingMessage, answer: Answering) => void,
): Promise<number> {
  const server = createServer((request, response) =>
    work(request, (status, body = {}, date) => {
      response
        .writeHead(status, { 'content-type': 'application/json', ...(date && { date }) })
        .end(JSON.stringify(body));
    }),
  );
  server.on('connect', (request, socket) => {
    work(request, (status) => socket.end(`HTTP/1.1 ${status} no\r\n\r\n`));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}
