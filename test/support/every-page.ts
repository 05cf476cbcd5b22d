// Every page that people may be shown, as HTML: all routes of the dashboard that answer a look, the pages
// that answer a form, and the portal's. Books are filled with one of each state through the use cases and
// forms, in words of the caller's, so that a page is seen empty, full and with strangers' words in it.

import { newSigningSecret } from '#adapters/partner/standard-webhooks.ts';
import { makeAccountLink } from '#adapters/postgres/account-secrets.ts';
import { postgresPartnerRegistry } from '#adapters/postgres/partner-registry.ts';
import { codeAt } from '#adapters/totp.ts';
import { receiveEvent } from '#application/receive-event.ts';
import { resolvePayment } from '#application/resolve-payment.ts';
import type { PartnerSlug } from '#domain/partner.ts';
import { REFUSED, receivedEvent, UNAVAILABLE } from './books.ts';
import type { SignedIn, TestPages } from './dashboard.ts';
import { addressOf, dashboardRoutes } from './dashboard-routes.ts';
import { line, paidCheckout } from './orders.ts';
import { startPartnerServer } from './partner-server.ts';
import { cookiesOf, enterPortal, type Guest, linkToken } from './portal.ts';
import { addPerson, insider, PASSWORD, stranger } from './stranger.ts';

export type Shown = {
  /** What was asked; `POST …` for what answers a form. */
  readonly address: string;
  readonly html: string;
};

/** What strangers may put into the books. */
export type Words = {
  readonly customer: string;
  readonly email: string;
  readonly product: string;
  readonly partner: string;
  readonly answer: string;
  readonly why: string;
};

const SLUG = 'essai';
const PERIOD = { channel: 'webhook', since: '2026-11-22T08:00', until: '2026-11-22T18:00' };

/** One of each state: sold, refused, given up, unprinted, unmailed, in quarantine, set aside, replayed. */
export async function fillBooks(pages: TestPages, admin: SignedIn, words: Words): Promise<void> {
  const { db, secrets, clock } = pages.books;
  const server = await startPartnerServer();
  server.always({ status: 422, body: words.answer });
  await postgresPartnerRegistry(db, { secrets, clock }).add(SLUG as PartnerSlug, {
    name: words.partner,
    stagingUrl: server.url,
    signingSecret: newSigningSecret(),
    apiKey: 'k'.repeat(40),
  });
  const lines = [line({ partner: SLUG, productName: words.product })];
  const { buyer } = paidCheckout();
  const sold = { lines, buyer: { ...buyer, name: words.customer, email: words.email } };
  const body = words.answer;
  const response = { headers: { 'x-word': body.slice(0, 40) }, body, truncated: false };
  const request = { url: server.url, headers: { 'X-API-KEY': '…' }, body: '{"order_id":1}' };
  const report = { ...REFUSED.report, detail: 'Le partenaire a répondu 422.', request, response };
  const ways = [
    {},
    { partnerAnswer: { result: 'refused', report } },
    { partnerAnswer: UNAVAILABLE, mailAnswer: REFUSED },
    { recordOnly: true },
  ] as const;
  for (const how of ways) {
    await pages.sell({ ...sold, ...how });
    clock.advance(1_000);
  }
  for (const [n, unknown] of ['inconnu', 'inconnu', 'autre'].entries()) {
    await holdPayment(pages, { n, unknown });
  }
  await admin.post('/dashboard/quarantine/dismiss', { key: 'pi_held2', why: words.why });
  await admin.post(`/dashboard/partners/${SLUG}/test`, { which: 'staging' });
  await admin.post(`/dashboard/partners/${SLUG}/portal/tokens`, { label: words.why });
  clock.advance(60_000);
  const asked = { ...PERIOD, rate: '1', why: words.why };
  await admin.post(`/dashboard/partners/${SLUG}/replay`, { ...asked, step: 'start' });
  const guest = await enterPortal(pages, SLUG);
  await guest.post('/portal/trial');
  await server.close();
}

/** A payment of a partner that does not exist, `pi_held<n>`, in quarantine. */
export async function holdPayment(
  { books }: TestPages,
  { n, unknown }: { readonly n: number; readonly unknown: string },
): Promise<void> {
  const [id, objectId] = [`evt_held${n}`, `cs_test_held${n}`];
  const told = { object: { payment_intent: `pi_held${n}`, amount_total: 9999, currency: 'eur' } };
  const event = { id, objectId, body: JSON.stringify({ data: told }) };
  await receiveEvent(books.base, receivedEvent({ ...event, createdAt: books.clock.now() }));
  const lines = [line({ partner: unknown })];
  const facts = paidCheckout({ paymentIntentId: `pi_held${n}`, sessionId: objectId, lines });
  await resolvePayment({ ...books.base, stripe: { read: async () => ({ facts }) } }, id);
}

/** Those of the dashboard that only look, over whatever the books hold. */
export async function dashboardPages(pages: TestPages, admin: SignedIn): Promise<Shown[]> {
  const ids = await idsIn(pages);
  const addresses = dashboardRoutes()
    .filter(({ method, pattern }) => method === 'GET' && !/\/live$|\/look$|\.\w+$/.test(pattern))
    .flatMap(({ pattern }) => addressesOf(pattern, ids));
  const shown = await Promise.all(addresses.map((it) => looked(admin, it)));
  return shown.filter(({ html }) => html !== '');
}

/** Before one is in: the sign-in, its code, a link that holds and one that does not, the second factor. */
export async function doorPages({ url, books }: TestPages): Promise<Shown[]> {
  const { db, clock } = books;
  const now = clock.now();
  const email = await addPerson(db, { email: 'lea@example.fr', role: 'reader' }, now);
  const by = { actor: email, why: null };
  const { token } = await makeAccountLink(db, email, by, now);
  const inside = await insider(url, db, email, now);
  await inside.post('/dashboard/account/second-factor/begin', { present: PASSWORD });
  const factor = await inside.get('/dashboard/account/second-factor');
  const secret = /id="factor-key">([A-Z2-7 ]+)</.exec(factor.html)?.[1]?.replaceAll(' ', '') ?? '';
  const code = codeAt(secret, now);
  const confirmed = await inside.post('/dashboard/account/second-factor/confirm', { code });
  const outside = stranger(url);
  const seen = { 'second-factor': factor.html, 'second-factor/confirm': confirmed.html };
  const doors = ['/dashboard/sign-in', `/dashboard/welcome?token=${token}`];
  for (const address of [...doors, '/dashboard/welcome?token=x']) {
    Object.assign(seen, { [address]: (await outside.get(address)).html });
  }
  const wrong = { email, password: 'faux' };
  Object.assign(seen, { 'wrong password': (await outside.post('/dashboard/sign-in', wrong)).html });
  await outside.post('/dashboard/sign-in', { email, password: PASSWORD });
  Object.assign(seen, { code: (await outside.get('/dashboard/sign-in/code')).html });
  const wrongCode = await outside.post('/dashboard/sign-in/code', { code: '000000' });
  Object.assign(seen, { 'wrong code': wrongCode.html });
  return Object.entries(seen)
    .map(([address, html]) => ({ address, html }))
    .filter(({ html }) => html.startsWith('<!doctype'));
}

type Ids = Awaited<ReturnType<typeof idsIn>>;

async function idsIn({ books: { db } }: TestPages) {
  const [orders, replays] = await Promise.all([
    db.selectFrom('orders').select('id').orderBy('id').execute(),
    db.selectFrom('replay').select('id').execute(),
  ]);
  return { orders, replays };
}

function addressesOf(pattern: string, { orders, replays }: Ids): string[] {
  const parts = { slug: orders.length > 0 ? SLUG : 'fiscalia', email: 'admin@example.fr' };
  const all = (ids: readonly { readonly id: number | string }[]) =>
    [{ id: 404 }, ...ids].map(({ id }) => addressOf(pattern, { id: `${id}` }));
  switch (pattern) {
    case '/dashboard/orders/:id':
      return all(orders);
    case '/dashboard/replays/:id':
      return all(replays);
    case '/dashboard/events/:id':
      return all([{ id: 'evt_sold_1' }, { id: 'evt_held0' }]);
    case '/dashboard/notifications/retry':
      return [pattern, `${pattern}?state=failed`, `${pattern}?state=completed`];
    case '/dashboard/search':
      return ['', '?q=essai', '?q=cus_1', '?q=rien', '?q=pi_held0', '?q=fiscal'].map(
        (it) => pattern + it,
      );
    case '/dashboard':
      return [pattern, `${pattern}?span=7d`, `${pattern}?span=30d`];
    case '/dashboard/partners/new':
      return [pattern, `${pattern}?slug=cabinet-inconnu`];
    default: {
      const plain = addressOf(pattern, parts);
      // Lists, narrowed until nothing is left, and to what is wrong.
      return /\/(orders|notifications|invoices|events)$/.test(pattern)
        ? [plain, `${plain}?text=zzz&partner=nul&period=7d`, `${plain}?state=attention`]
        : [plain];
    }
  }
}

async function looked(who: SignedIn | Guest, address: string): Promise<Shown> {
  const answer = await who.get(address);
  const isPage = answer.headers.get('content-type')?.startsWith('text/html') ?? false;
  const html = await answer.text();
  return { address, html: isPage && answer.status !== 303 ? html : '' };
}

/** Those that answer a form and lead nowhere: what is asked before it is done, faults, what is shown once. */
export async function answeredForms(admin: SignedIn): Promise<Shown[]> {
  const base = `/dashboard/partners/${SLUG}`;
  const asked = { ...PERIOD, rate: '5', why: '' };
  const forms: [string, Record<string, string>][] = [
    [`${base}/replay`, asked],
    [`${base}/replay`, { ...asked, since: '2020-01-01T08:00', until: '2020-01-02T08:00' }],
    [`${base}/replay`, { ...asked, since: 'hier', until: '', rate: 'x' }],
    [`${base}/edit`, { slug: SLUG, name: '', stagingUrl: 'x', color: 'vert', seen: '' }],
    ['/dashboard/partners/new', { slug: 'Non', name: '', website: 'x', contactEmail: '@' }],
    ['/dashboard/partners/new', { slug: 'tout-neuf', name: 'Tout neuf' }],
    [`${base}/portal/link`, {}],
    [`${base}/portal/tokens`, { label: 'ERP' }],
    [`${base}/secrets/rotate`, {}],
    ['/dashboard/people/add', { email: 'x', name: '', role: 'chef' }],
    ['/dashboard/people/add', { email: 'neuf@example.fr', name: 'Neuf', role: 'reader' }],
    ['/dashboard/account/password', { present: 'faux', wanted: 'court' }],
    ['/dashboard/account/second-factor/begin', { present: 'faux' }],
  ];
  const shown: Shown[] = [];
  for (const [path, fields] of forms) {
    const answer = await admin.post(path, fields);
    if (answer.status !== 303) shown.push({ address: `POST ${path}`, html: await answer.text() });
    // The notice that waits is another page's.
    else shown.push(await looked(admin, answer.headers.get('location') ?? '/dashboard'));
  }
  return shown.filter(({ html }) => html !== '');
}

/** The portal of the partner: its doors, its log, each notification, trials and papers. */
export async function portalPages(pages: TestPages, slug = SLUG): Promise<Shown[]> {
  const opened = await fetch(`${pages.url}/portal/open/${await linkToken(pages, slug)}`, {
    redirect: 'manual',
  });
  const door = await fetch(`${pages.url}/portal/open`, { headers: { cookie: cookiesOf(opened) } });
  const guest = await enterPortal(pages, slug);
  const first = await looked(guest, '/portal');
  const trial = await looked(guest, '/portal/trial');
  const links = [...`${first.html}${trial.html}`.matchAll(/href="(\/portal\/\w+\/[\w-]+)"/g)];
  const addresses = new Set([
    ...links.map(([, it = '']) => it),
    ...['/portal?state=failed&order=9', '/portal/conformance', '/portal/documentation'],
    ...['/portal/nowhere', '/portal/notifications/x', '/docs'],
  ]);
  const shown = await Promise.all([...addresses].map((it) => looked(guest, it)));
  return [
    { address: '/portal/open', html: await door.text() },
    {
      address: '/portal/open (spent)',
      html: await (await fetch(`${pages.url}/portal/open`)).text(),
    },
    ...[first, trial, ...shown].filter(({ html }) => html !== ''),
  ];
}
