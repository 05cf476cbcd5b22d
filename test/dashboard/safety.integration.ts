// The attacks that a page for people must expect, each tried on every route that the router holds: without
// a session, with too small a role, with another's form, from another site, in a frame. A route that is
// added without a guard fails here by name.

import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type SignedIn, type TestPages, testPages } from '#test/support/dashboard.ts';
import { addressOf, type DashboardRoute, dashboardRoutes } from '#test/support/dashboard-routes.ts';
import { paidCheckout } from '#test/support/orders.ts';

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; " +
  "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
/** Without a session on purpose. One more is a decision. */
const OPEN = [
  'GET /dashboard/sign-in',
  'POST /dashboard/sign-in',
  'GET /dashboard/sign-in/code',
  'POST /dashboard/sign-in/code',
  'POST /dashboard/sign-in/visitor',
  'GET /dashboard/welcome',
  'POST /dashboard/welcome',
];

const routes = dashboardRoutes();
const named = ({ method, pattern }: DashboardRoute) => `${method} ${pattern}`;
const acts = routes.filter(({ guard }) => guard?.kind === 'act');
const gets = routes.filter(({ method }) => method === 'GET');
const guarded = routes.filter(({ guard }) => guard?.role != null);

let pages: TestPages;
let parts: Record<string, string>;
let reader: SignedIn;
let operator: SignedIn;
let admin: SignedIn;
beforeAll(async () => {
  pages = await testPages();
  const { db } = pages.books;
  const name = '=HYPERLINK("https://evil.example";"Facture")<script>alert(1)</script>';
  const email = '+33612345678@cmd.example';
  const { buyer } = paidCheckout();
  const orderId = await pages.sell({ buyer: { ...buyer, name, email } });
  const {
    number,
    payment_key: key,
    id,
  } = await db
    .selectFrom('orders as o')
    .innerJoin('invoice as i', 'i.order_id', 'o.id')
    .innerJoin('notification as n', 'n.order_id', 'o.id')
    .select(['i.number', 'o.payment_key', 'n.id'])
    .where('o.id', '=', orderId)
    .executeTakeFirstOrThrow();
  reader = await pages.signIn('reader');
  operator = await pages.signIn('operator');
  admin = await pages.signIn('admin');
  parts = { slug: 'fiscalia', email: 'reader@example.fr', number, key, notification: id };
  parts = { ...parts, order: `${orderId}`, id: `${orderId}` };
});
afterAll(() => pages?.close());

const ask = (path: string, init: RequestInit = {}) =>
  fetch(pages.url + path, { redirect: 'manual', ...init });
const send = (path: string, fields: Record<string, string>, headers: Record<string, string>) =>
  ask(path, { method: 'POST', headers, body: new URLSearchParams(fields) });
const ownForm = (who: SignedIn) => ({ cookie: who.cookie, origin: pages.url });

/** What is wrong, one line a route; a test wants none. */
async function faultsOf(
  those: readonly DashboardRoute[],
  fault: (route: DashboardRoute, path: string) => Promise<string | null>,
): Promise<string[]> {
  const faults: string[] = [];
  for (const route of those) {
    const found = await fault(route, addressOf(route.pattern, parts));
    if (found !== null) faults.push(`${named(route)}: ${found}`);
  }
  return faults;
}

/** All that the tables hold, but for what looking may touch: when a session was seen, and by whom. */
async function contents(): Promise<Record<string, string>> {
  const { db } = pages.books;
  const { rows: tables } = await sql<{ name: string }>`
    select quote_ident(table_schema) || '.' || quote_ident(table_name) as name
    from information_schema.tables
    where table_schema in ('public', 'graphile_worker') and table_type = 'BASE TABLE'
      and table_name not in ('account_session', 'live_watch')`.execute(db);
  const found: Record<string, string> = {};
  for (const { name } of tables) {
    const { rows } = await sql<{ digest: string }>`
      select md5(coalesce(string_agg(t::text, '|' order by t::text), '')) as digest
      from ${sql.raw(name)} t`.execute(db);
    found[name] = rows[0]?.digest ?? '';
  }
  return found;
}

describe('every route', () => {
  test('says whom it lets in; those open to everybody are on a list', () => {
    expect(routes.length).toBeGreaterThan(25);
    expect(routes.filter(({ guard }) => guard === null).map(named)).toEqual([]);
    const open = routes.filter(({ guard }) => guard?.role === null);
    expect(open.map(named).sort()).toEqual([...OPEN].sort());
    const posts = routes.filter(({ method }) => method === 'POST');
    expect(posts.filter(({ guard }) => !guard?.kind.endsWith('act')).map(named)).toEqual([]);
    expect(gets.filter(({ guard }) => !guard?.kind.endsWith('page')).map(named)).toEqual([]);
  });

  test('leads who has no session to the sign-in page, whatever the cookie says', async () => {
    const cookies = ['', 'comptappart_session=', `comptappart_session=${'A'.repeat(43)}`];
    for (const cookie of cookies) {
      const faults = await faultsOf(guarded, async ({ method }, path) => {
        const body = method === 'POST' ? new URLSearchParams({ csrf: '' }) : null;
        const { status, headers } = await ask(path, { method, body, headers: { cookie } });
        const isSent = headers.get('location')?.startsWith('/dashboard/sign-in?next=');
        return status === 303 && isSent ? null : `${status}`;
      });
      expect(faults).toEqual([]);
    }
  });

  test.each(['reader', 'operator'] as const)(
    'refuses a %s what is above that role',
    async (role) => {
      const who = role === 'reader' ? reader : operator;
      const above = guarded.filter(({ guard }) =>
        role === 'reader' ? guard?.role !== 'reader' : guard?.role === 'admin',
      );
      expect(above.length).toBeGreaterThan(5);
      const before = await contents();
      const faults = await faultsOf(above, async ({ method }, path) => {
        const answer = method === 'POST' ? await who.post(path, {}) : await who.get(path);
        await answer.text();
        return answer.status === 403 ? null : `${answer.status}`;
      });
      expect(faults).toEqual([]);
      expect(await contents()).toEqual(before);
    },
  );

  test('that acts refuses a form without this session’s token', async () => {
    const before = await contents();
    const tokens: [string, Record<string, string>][] = [
      ['none', {}],
      ['empty', { csrf: '' }],
      ['another session’s', { csrf: operator.csrf }],
      ['cut', { csrf: admin.csrf.slice(0, -1) }],
    ];
    for (const [what, fields] of tokens) {
      const faults = await faultsOf(acts, async (_, path) => {
        const { status } = await send(path, fields, ownForm(admin));
        return status === 403 ? null : `${what}: ${status}`;
      });
      expect(faults).toEqual([]);
    }
    // In the address it would be in logs and in Referer: it does not count there.
    const faults = await faultsOf(acts, async (_, path) => {
      const { status } = await send(`${path}?csrf=${admin.csrf}`, {}, ownForm(admin));
      return status === 403 ? null : `in the address: ${status}`;
    });
    expect(faults).toEqual([]);
    expect(await contents()).toEqual(before);
  });

  test('that takes a form refuses one that another site’s page sends, token or not', async () => {
    const before = await contents();
    const from: Record<string, string>[] = [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site', origin: pages.url },
      { 'sec-fetch-site': 'same-site' },
    ];
    const posts = routes.filter(({ method }) => method === 'POST');
    for (const headers of from) {
      const faults = await faultsOf(posts, async (_, path) => {
        const sent = { cookie: admin.cookie, ...headers };
        const { status } = await send(path, { csrf: admin.csrf }, sent);
        return status === 403 ? null : `${status}`;
      });
      expect(faults, JSON.stringify(headers)).toEqual([]);
    }
    expect(await contents()).toEqual(before);
  });

  test('that is only looked at changes nothing, and acts are no addresses to look at', async () => {
    const looked = gets.filter(({ pattern }) => pattern !== '/dashboard/live');
    const before = await contents();
    const faults = await faultsOf(looked, async (_, path) => {
      const answer = await admin.get(path);
      await answer.arrayBuffer();
      return answer.status < 500 ? null : `${answer.status}`;
    });
    expect(faults).toEqual([]);
    const asPages = await faultsOf(acts, async ({ pattern }, path) => {
      const { status } = await admin.get(`${path}?csrf=${admin.csrf}`);
      const isPage = gets.some((it) => it.pattern === pattern || addressOf(it.pattern) === path);
      return isPage || status === 404 || status === 200 ? null : `${status}`;
    });
    expect(asPages).toEqual([]);
    expect(await contents()).toEqual(before);
  });
});

describe('every page', () => {
  test('comes with the headers that keep it out of frames, caches and other sites', async () => {
    const looked = gets.filter(({ pattern }) => pattern !== '/dashboard/live');
    const faults = await faultsOf(looked, async (_, path) => {
      const { headers, status } = await admin.get(path);
      const policy = headers.get('content-security-policy') ?? '';
      // What a page of ours frames (a look at a mail) runs nothing, and sends nothing anywhere.
      if (/(^|; )sandbox$/.test(policy)) {
        return /script-src|connect-src/.test(policy) || !policy.startsWith("default-src 'none'; ")
          ? policy
          : null;
      }
      const isPage = status !== 303 && headers.get('content-type')?.startsWith('text/html');
      const wanted: Record<string, string> = {
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'same-origin',
        ...(isPage && {
          'content-security-policy': POLICY,
          'x-frame-options': 'DENY',
          'cross-origin-opener-policy': 'same-origin',
          'cross-origin-resource-policy': 'same-origin',
          'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=()',
        }),
      };
      const wrong = Object.entries(wanted).flatMap(([name, value]) => {
        // A page that shows the PDF frames files of our own, and nothing else.
        const given = headers.get(name)?.replace("; frame-src 'self'", '') ?? '';
        const isPrivate = name === 'cache-control' && given.startsWith('private');
        return given === value || isPrivate ? [] : [`${name}: ${given}`];
      });
      return wrong.length === 0 ? null : `${status} ${wrong.join(', ')}`;
    });
    expect(faults).toEqual([]);
  });

  test('of refusal has them, too', async () => {
    const refusals = [
      await ask('/dashboard/sign-in'),
      await reader.get('/dashboard/people'),
      await admin.get('/dashboard/nowhere'),
      await send('/dashboard/sign-out', {}, ownForm(reader)),
      await ask('/dashboard/welcome?token=x'),
    ];
    expect(refusals.map(({ status }) => status)).toEqual([200, 403, 404, 403, 410]);
    for (const { headers } of refusals) {
      expect(headers.get('content-security-policy')).toBe(POLICY);
      expect(headers.get('x-frame-options')).toBe('DENY');
    }
  });

  test('shows a customer’s hostile name as text', async () => {
    const faults = await faultsOf(gets, async ({ pattern }, path) => {
      if (pattern === '/dashboard/live' || pattern.endsWith('.csv')) return null;
      const answer = await admin.get(path);
      const isPage = answer.headers.get('content-type')?.startsWith('text/html');
      return isPage && (await answer.text()).includes('<script>alert') ? 'runs it' : null;
    });
    expect(faults).toEqual([]);
    const orders = await (await admin.get('/dashboard/orders')).text();
    expect(orders).toContain('&lt;script&gt;alert');
  });

  test('holds no secret: no token, no hash, no key of a partner', async () => {
    const { db } = pages.books;
    const [, token = ''] = admin.cookie.split('=');
    const { rows } = await sql<{ secret: string }>`
      select encode(token_hash, 'hex') as secret from account_session
      union all select encode(api_key, 'hex') from partner where api_key is not null
      union all select encode(signing_secret, 'hex') from partner`.execute(db);
    const secrets = [
      ...rows.map(({ secret }) => secret),
      ...[token, '$scrypt$', 'k'.repeat(32), 'c2VjcmV0', reader.csrf],
    ];
    const faults = await faultsOf(gets, async ({ pattern }, path) => {
      if (pattern === '/dashboard/live') return null;
      const shown = await (await admin.get(path)).text();
      const found = secrets.find((secret) => shown.includes(secret));
      return found ? `shows ${found.slice(0, 12)}…` : null;
    });
    expect(faults).toEqual([]);
  });
});

test('no file for a spreadsheet holds a cell that it would run', async () => {
  const files = gets.filter(({ pattern }) => pattern.endsWith('.csv'));
  expect(files.length).toBeGreaterThan(2);
  const faults = await faultsOf(files, async (_, path) => {
    const answer = await admin.get(path);
    expect(answer.headers.get('content-type')).toContain('text/csv');
    const cells = (await answer.text()).replace('\uFEFF', '').match(/"(?:[^"]|"")*"|[^;\r\n]+/g);
    // Sums begin with a minus, and are no formulas.
    const run = cells?.find((cell) => /^"?\s*(?:[=+@|]|-(?!\d+(?:,\d+)?$))/.test(cell));
    return run ?? ((cells?.length ?? 0) > 5 ? null : 'empty');
  });
  expect(faults).toEqual([]);
});

describe('files of the pages', () => {
  test.each([
    '/assets/../../needs.ts',
    '/assets/..%2f..%2fpassword.ts',
    '/assets/%2e%2e%2f%2e%2e%2fpassword.ts',
    '/assets/..%5c..%5cpassword.ts',
    '/assets/app.css/../../../package.json',
    '/assets//etc/passwd',
    '/assets/app.css%00.js',
    '/assets/__proto__',
    '/assets/constructor',
  ])('%s is none', async (path) => {
    // By hand: fetch would tidy the address before it is sent.
    const { request } = await import('node:http');
    const { hostname, port } = new URL(pages.url);
    const status = await new Promise((resolve, reject) => {
      const asked = request({ hostname, port, path }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      });
      asked.on('error', reject).end();
    });
    expect(status).toBe(404);
  });

  test('are what their type says, and nothing else', async () => {
    for (const name of ['app.css', 'app.js', 'icon.svg', 'inter-latin-wght-normal.woff2']) {
      const { status, headers } = await ask(`/assets/${name}`);
      expect([status, headers.get('x-content-type-options')]).toEqual([200, 'nosniff']);
    }
  });
});
