// The table of the partner guide against endpoints that are good, and wrong in one way each: by the kit
// itself, from the command line and from the portal. The guide's own programs are held against it, too.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type ConformanceReport, runConformance } from '#adapters/partner/conformance.ts';
import { exampleOrder, isExampleOrder } from '#adapters/partner/conformance-examples.ts';
import { type PartnerClient, partnerClient } from '#adapters/partner/partner-client.ts';
import { newSigningSecret } from '#adapters/partner/standard-webhooks.ts';
import { systemClock } from '#adapters/system-clock.ts';
import { orderCreatedBody } from '#domain/order-created.ts';
import { paidOrder } from '#test/support/orders.ts';
import {
  type PartnerServer,
  type ReceivedRequest,
  type ScriptedAnswer,
  startPartnerServer,
} from '#test/support/partner-server.ts';
import { testAuthority } from '#test/support/tls-certificates.ts';

const run = promisify(execFile);
const SECRET = newSigningSecret();
const KEY = 'une-cle-de-plus-de-trente-deux-caracteres';
const publicUrl = 'https://comptappart.example';
const samples = (name: string) =>
  fileURLToPath(new URL(`../../src/adapters/portal/samples/${name}`, import.meta.url));

let server: PartnerServer;
let client: PartnerClient;
let children: ChildProcess[] = [];

beforeAll(async () => {
  server = await startPartnerServer();
  client = partnerClient({ timeoutMs: 1_500, allowInsecure: true });
});
afterEach(() => {
  for (const child of children) child.kill();
  children = [];
});
afterAll(async () => {
  await client.close();
  await server.close();
});

/** The report over an endpoint that answers so. */
function tried(
  answer: ScriptedAnswer | ((request: ReceivedRequest) => ScriptedAnswer),
  changes: {
    readonly apiKey?: string | null;
    readonly budgetMs?: number;
    readonly url?: string;
  } = {},
): Promise<ConformanceReport> {
  server.always(answer);
  const { budgetMs, apiKey = KEY, url = server.url } = changes;
  const target = { url, apiKey, signingSecret: SECRET, environment: 'staging' } as const;
  const needs = { partner: client, clock: systemClock, publicUrl };
  return runConformance(target, budgetMs === undefined ? needs : { ...needs, budgetMs });
}

function verdicts({ checks }: ConformanceReport): Record<string, string> {
  return Object.fromEntries(checks.map(({ key, verdict }) => [key, verdict]));
}

/** What a careful endpoint answers; knows neither signature nor order. */
function careful({ headers, body }: ReceivedRequest): ScriptedAnswer {
  if (headers['x-api-key'] !== KEY) return { status: 401 };
  try {
    if (JSON.parse(body).event_type !== 'order.created') return { status: 400 };
  } catch {
    return { status: 400 };
  }
  return { status: 200 };
}

const ALL = [
  ...['https', 'accepted', 'in-time', 'no-redirect', 'repeat', 'null-fields', 'several-products'],
  ...[
    'extra-field',
    'big',
    'together',
    'unknown-event',
    'bad-json',
    'wrong-signature',
    'wrong-key',
  ],
];

test('an endpoint that does as the guide says passes; what it may do besides is advice', async () => {
  const progress: number[] = [];
  server.always(careful);
  const target = {
    url: server.url,
    apiKey: KEY,
    signingSecret: SECRET,
    environment: 'staging',
  } as const;
  const needs = { partner: client, clock: systemClock, publicUrl };
  const report = await runConformance(
    target,
    needs,
    ({ checks }) => void progress.push(checks.length),
  );
  expect(report.passed).toBe(true);
  expect(report.checks.map(({ key }) => key)).toEqual(ALL);
  expect(progress).toEqual(ALL.map((_, at) => at + 1));
  expect(Object.entries(verdicts(report)).filter(([, it]) => it !== 'passed')).toEqual([
    ['https', 'advice'],
    ['wrong-signature', 'advice'],
  ]);
  const numbers = server.requests.flatMap(({ body }) => /"order_id":(\d+)/.exec(body)?.[1] ?? []);
  expect(numbers.every((it) => isExampleOrder(Number(it)))).toBe(true);
  expect(JSON.stringify(report)).not.toContain(KEY);
});

const failing: readonly [string, (request: ReceivedRequest) => ScriptedAnswer, string][] = [
  [
    'repeats are refused',
    (() => {
      const seen = new Set<string>();
      return (request) => {
        const id = String(request.headers['webhook-id']);
        if (seen.has(id)) return { status: 409 };
        seen.add(id);
        return careful(request);
      };
    })(),
    'repeat',
  ],
  [
    'nulls make it fail',
    (it) => (it.body.includes('"first_name":null') ? { status: 500 } : careful(it)),
    'null-fields',
  ],
  [
    'only one product is known',
    (it) =>
      /product_id.*product_id/.test(it.body) && it.body.length < 5_000
        ? { status: 422 }
        : careful(it),
    'several-products',
  ],
  [
    'unknown fields are refused',
    (it) => (it.body.includes('test_extra') ? { status: 400 } : careful(it)),
    'extra-field',
  ],
  [
    'a long body is refused',
    (it) => (it.body.length > 10_000 ? { status: 413 } : careful(it)),
    'big',
  ],
  [
    'nobody looks at key or signature',
    ({ body }) =>
      body.endsWith('}') && body.includes('order.created') ? { status: 200 } : { status: 400 },
    'wrong-key',
  ],
];

test.each(failing)(
  '%s: that check fails, with what to do, and no other',
  async (_what, answer, key) => {
    const report = await tried(answer);
    const failed = report.checks.filter(({ verdict }) => verdict === 'failed');
    expect(failed.map((it) => it.key)).toEqual([key]);
    expect(failed[0]?.mend).toMatch(/\.$/);
    expect(report.passed).toBe(false);
  },
);

test('what cannot be told apart, or only costs us another try, is advice', async () => {
  const report = await tried(() => ({ status: 200 }), { apiKey: null });
  expect(report.passed).toBe(true);
  expect(verdicts(report)).toMatchObject({
    ...{ 'unknown-event': 'advice', 'bad-json': 'advice', 'wrong-signature': 'advice' },
    'wrong-key': 'skipped',
  });
  const crashing = await tried((it) => {
    const answer = careful(it);
    return typeof answer === 'object' && 'status' in answer && answer.status === 400
      ? { status: 500 }
      : answer;
  });
  expect(verdicts(crashing)).toMatchObject({ 'unknown-event': 'advice', 'bad-json': 'advice' });
});

test.each([
  ['refuses all', { status: 422 } as ScriptedAnswer, { accepted: 'failed', 'in-time': 'skipped' }],
  ['is broken', { status: 503 } as ScriptedAnswer, { accepted: 'failed' }],
  [
    'redirects',
    { status: 301, headers: { location: 'https://other.example/' } } as ScriptedAnswer,
    { 'no-redirect': 'failed' },
  ],
  ['says nothing', 'hang' as ScriptedAnswer, { accepted: 'failed', 'in-time': 'failed' }],
  ['talks no HTTP', { raw: 'hello\r\n' } as ScriptedAnswer, { accepted: 'failed' }],
])(
  'an endpoint that %s is asked once, and the rest is not guessed at',
  async (_what, answer, told) => {
    const before = server.requests.length;
    const report = await tried(answer);
    expect(server.requests.length - before).toBe(1);
    expect(verdicts(report)).toMatchObject({ ...told, repeat: 'skipped', 'wrong-key': 'skipped' });
    expect(report.passed).toBe(false);
  },
);

test('a check never goes on for ever: past its time the rest is left', async () => {
  const report = await tried(careful, { budgetMs: 0 });
  expect(report.checks.every(({ verdict }) => verdict === 'skipped')).toBe(true);
  expect(report.checks.at(-1)?.evidence).toContain('temps imparti');
});

test('an address that leads nowhere safe is not called, and said to be so', async () => {
  const guarded = partnerClient({ timeoutMs: 1_500, allowInsecure: false });
  const needs = { partner: guarded, clock: systemClock, publicUrl };
  const target = { apiKey: null, signingSecret: SECRET, environment: 'staging' } as const;
  const report = await runConformance({ ...target, url: server.url }, needs);
  expect(verdicts(report)).toMatchObject({ https: 'failed', accepted: 'failed' });
  await guarded.close();
});

test('a certificate is told good, and an expired one to be mended, whoever verifies it', async () => {
  const authority = testAuthority();
  const names = ['localhost'];
  const expired = { names, validTo: new Date(Date.now() - 60_000) };
  for (const [wish, verdict] of [
    [{ names }, 'passed'],
    [expired, 'failed'],
  ] as const) {
    const secure = await startPartnerServer({ tls: authority.issue(wish) });
    const ca = authority.certificate;
    const caller = partnerClient({ timeoutMs: 1_500, allowInsecure: true, ca });
    const target = {
      url: `https://localhost:${secure.port}/`,
      apiKey: null,
      signingSecret: SECRET,
    };
    const report = await runConformance(
      { ...target, environment: 'production' },
      { partner: caller, clock: systemClock, publicUrl },
    );
    expect(verdicts(report).https).toBe(verdict);
    expect(report.passed).toBe(verdict === 'passed');
    await caller.close();
    await secure.close();
  }
});

test('examples have the bytes of the contract and say that they are tests', () => {
  const shape = (value: unknown): unknown =>
    Array.isArray(value)
      ? [shape(value[0])]
      : value !== null && typeof value === 'object'
        ? Object.entries(value).map(([key, it]) => [key, shape(it)])
        : 0;
  const real = orderCreatedBody(paidOrder(), 'FQCA-2026-000001' as never, 'https://x.example/');
  for (const name of ['standard', 'null-fields', 'several-products', 'big'] as const) {
    const { body, orderId } = exampleOrder(name, { now: new Date(), publicUrl });
    expect(shape(JSON.parse(body))).toEqual(shape(JSON.parse(real)));
    expect(body).toContain('[TEST]');
    expect(orderId).toBeLessThan(2 ** 31);
  }
});

describe('the programs of the documentation', () => {
  test.each([
    ['Node', process.execPath, 'receive.mjs'],
    ['Python', 'python3', 'receive.py'],
    ['PHP', 'php', 'receive.php'],
  ])('the one in %s passes the whole table, signatures included', async (_name, program, file) => {
    if (!(await isThere(program))) {
      console.warn(`NOT CHECKED: the documentation’s ${file} needs ${program}, which is not here.`);
      return;
    }
    const url = await started(program, file);
    const report = await tried(careful, { url });
    expect(
      report.checks.filter(({ verdict }) => verdict !== 'passed').map(({ key }) => key),
    ).toEqual(['https']);
    const keyless = await tried(careful, { url, apiKey: null });
    expect(verdicts(keyless)).toMatchObject({ accepted: 'failed' });
  });

  test('the one with curl signs as we do', async () => {
    const url = await started(process.execPath, 'receive.mjs');
    const env = { ...process.env, COMPTAPPART_SECRET: SECRET, COMPTAPPART_API_KEY: KEY };
    const { stdout } = await run('bash', [samples('send.sh'), url], { env });
    expect(stdout).toMatch(/200\s*$/);
    const other = { ...env, COMPTAPPART_SECRET: newSigningSecret() };
    expect((await run('bash', [samples('send.sh'), url], { env: other })).stdout).toMatch(
      /401\s*$/,
    );
  });
});

async function isThere(program: string): Promise<boolean> {
  return run(program, ['--version']).then(
    () => true,
    () => false,
  );
}

/** Starts the program on a free port and waits until it takes calls. */
async function started(program: string, file: string): Promise<string> {
  const port = await freePort();
  const args = program === 'php' ? ['-S', `127.0.0.1:${port}`, samples(file)] : [samples(file)];
  const env = {
    ...process.env,
    PORT: String(port),
    COMPTAPPART_SECRET: SECRET,
    COMPTAPPART_API_KEY: KEY,
  };
  children.push(spawn(program, args, { env, stdio: 'ignore' }));
  const url = `http://127.0.0.1:${port}/`;
  for (const end = Date.now() + 30_000; Date.now() < end; ) {
    if (await fetch(url, { method: 'POST' }).catch(() => null)) return url;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${file} did not start`);
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => probe.once('listening', resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}
