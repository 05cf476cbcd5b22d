// Partners on the dashboard, against a partner's real server: whether one receives, the form with its faults
// and its look, the test call, secrets that are shown once, and two people at the same form.

import { createHmac } from 'node:crypto';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { isExampleOrder } from '#adapters/partner/conformance-examples.ts';
import { checkPartnerUrl } from '#adapters/partner/partner-url.ts';
import { newSigningSecret } from '#adapters/partner/standard-webhooks.ts';
import { postgresPartnerRegistry } from '#adapters/postgres/partner-registry.ts';
import type { PartnerSlug } from '#domain/partner.ts';
import { REFUSED, UNAVAILABLE } from '#test/support/books.ts';
import { axeFaults, type SignedIn, type TestPages, testPages } from '#test/support/dashboard.ts';
import { makeDataFolder } from '#test/support/database.ts';
import { svgLogo } from '#test/support/invoices.ts';
import { excessWidth, openBrowser } from '#test/support/newcomer.ts';
import { line } from '#test/support/orders.ts';
import { type PartnerServer, startPartnerServer } from '#test/support/partner-server.ts';
import { REFUSED_SPELLINGS } from '#test/support/refused-urls.ts';

const FISCALIA = 'fiscalia' as PartnerSlug;
const PATIENT = { timeout: 20_000 };
const SPACES = /[\u00A0\u202F]/g;

let pages: TestPages;
let browser: Browser;
let server: PartnerServer;
let operator: SignedIn;
let admin: SignedIn;

beforeAll(async () => {
  pages = await testPages();
  browser = await openBrowser(await makeDataFolder());
  operator = await pages.signIn('operator');
  admin = await pages.signIn('admin');
});
beforeEach(async () => {
  server = await startPartnerServer();
  return () => server.close();
});
afterAll(async () => {
  await browser?.close();
  await pages?.close();
});

const registry = () => postgresPartnerRegistry(pages.books.db, pages.books);
/** Words that could part from their sign at the end of a line, and signs that are no French. */
const TORN = /[\wÀ-ÿ»] [:;!?»%€]|« |[a-zà-ÿ]'[a-zà-ÿ]|undefined|NaN|Invalid Date/;

const stored = async (slug: string) => {
  const found = await registry().get(slug as PartnerSlug);
  if (!found) throw new Error(`no partner ${slug}`);
  return found;
};

/** The page's text as a person reads it: ordinary spaces, no entities. */
async function read(answer: Response): Promise<string> {
  const html = await answer.text();
  const said = html
    .replace(/<[^>]*>/g, ' ')
    .replace(/&#x27;/g, '’')
    .replace(/&#x3D;/g, '=');
  return said
    .replaceAll('&amp;', '&')
    .replace(SPACES, ' ')
    .replace(/&nbsp;/g, ' ')
    .replace(/\s+/g, ' ');
}
const look = async (path: string, who = admin) => read(await who.get(path));

/** A form with files, as browsers send it. */
function upload(who: SignedIn, path: string, fields: Record<string, string | Uint8Array>) {
  const body = new FormData();
  body.set('csrf', who.csrf);
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value === 'string') body.set(name, value);
    else body.set(name, new File([new Uint8Array(value)], 'logo.svg', { type: 'image/svg+xml' }));
  }
  const headers = { cookie: who.cookie, origin: pages.url };
  return fetch(pages.url + path, { method: 'POST', redirect: 'manual', headers, body });
}

/** What the form of that page would send: every input as it stands. */
async function fieldsOf(who: SignedIn, path: string): Promise<Record<string, string>> {
  const html = await (await who.get(path)).text();
  const form = html.slice(html.indexOf('id="partner-form"'), html.indexOf('class="look-side"'));
  const inputs = [...form.matchAll(/<input[^>]*>/g)].map(([tag]) => tag);
  const valued = inputs.filter((tag) => !/type="(file|checkbox)"/.test(tag));
  const attribute = (tag: string, name: string) =>
    new RegExp(` ${name}="([^"]*)"`).exec(tag)?.[1]?.replaceAll('&amp;', '&') ?? '';
  return Object.fromEntries(valued.map((tag) => [attribute(tag, 'name'), attribute(tag, 'value')]));
}

async function addReal(slug: string): Promise<string> {
  const signingSecret = newSigningSecret();
  const apiKey = `clé-${slug}`.replace('é', 'e').padEnd(40, '0');
  const url = server.url;
  await registry().add(slug as PartnerSlug, {
    ...{ name: slug, signingSecret, apiKey, stagingUrl: url },
  });
  return signingSecret;
}

describe('whether a partner receives', () => {
  test('is the first sentence of its page and stands in the list', async () => {
    await pages.books.addPartner('sereina');
    const sell = (answer?: typeof REFUSED) =>
      pages.sell({
        lines: [line({ partner: 'sereina' })],
        ...(answer && { partnerAnswer: answer }),
      });
    expect(await look('/dashboard/partners/sereina')).toContain('n’a encore rien à recevoir');
    await sell();
    await sell();
    expect(await look('/dashboard/partners/sereina')).toContain(
      'Partenaire sereina reçoit tout : 2 livrées sur 2 ces 24 h, réponse en 12 ms (p95 12 ms).',
    );
    pages.books.clock.advance(60_000);
    await sell(UNAVAILABLE);
    const page = await look('/dashboard/partners/sereina');
    expect(page).toMatch(/répond par des erreurs depuis \d\d:\d\d : 1 tentative en échec \(503/);
    expect(page).toMatch(/Prochaine tentative à \d\d:\d\d:\d\d/);
    const list = await look('/dashboard/partners');
    expect(list).toMatch(/besoin de quelqu’un/);
    expect(list).toMatch(
      /Partenaire sereina sereina En erreur depuis .{1,50} 2 livrées sur 3 0 12 ms/,
    );
    pages.books.clock.advance(1_000);
    await sell(REFUSED);
    expect(await look('/dashboard/partners/sereina')).toMatch(
      /refuse nos commandes depuis .* \(422/,
    );
  });

  test('is no without an address here', async () => {
    await registry().add('sansadresse' as PartnerSlug, {
      ...{ name: 'Sans adresse', signingSecret: newSigningSecret() },
    });
    expect(await look('/dashboard/partners/sansadresse')).toContain(
      'Sans adresse n’a pas d’adresse ici : rien ne peut lui être livré',
    );
  });
});

describe('the form of a partner', () => {
  test('adds one, whose secret is shown to an administrator once', async () => {
    const filled = await look('/dashboard/partners/new?slug=fiscalia2');
    expect(filled).toContain('Ajouter un partenaire');
    expect(await fieldsOf(admin, '/dashboard/partners/new?slug=fiscalia2')).toMatchObject({
      slug: 'fiscalia2',
    });
    const typed = { slug: 'fiscalia2', name: 'Fiscalia Deux', stagingUrl: server.url };
    const answer = await admin.post('/dashboard/partners/new', typed);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(await read(answer)).toMatch(/Fiscalia Deux est ajouté .* whsec_[\w+/=]{40,} /);
    expect(await stored('fiscalia2')).toMatchObject({ stagingUrl: server.url });

    const again = await admin.post('/dashboard/partners/new', typed);
    expect(again.status).toBe(422);
    expect(await read(again)).toContain('Le partenaire fiscalia2 existe déjà.');

    const other = await operator.post('/dashboard/partners/new', { ...typed, slug: 'fiscalia3' });
    expect(await read(other)).not.toContain('whsec_');
  });

  test('comes back with each fault beside its field, and nothing typed is lost', async () => {
    const typed = {
      ...{ slug: 'Pas un slug', name: 'Très <b>gras</b>', stagingUrl: 'ftp://x.example' },
      ...{ productionUrl: '', color: 'rouge', contactEmail: 'a@b@c', contactPhone: 'non' },
      website: 'javascript:alert(1)',
    };
    const answer = await upload(admin, '/dashboard/partners/new', {
      ...typed,
      logo: svgLogo.bytes,
    });
    expect(answer.status).toBe(422);
    const html = await answer.text();
    expect(html.match(/aria-invalid="true"/g)).toHaveLength(6);
    expect(html).toContain('value="Très &lt;b&gt;gras&lt;/b&gt;"');
    for (const text of ['Pas un slug', 'ftp://x.example', 'rouge', 'a@b@c', 'non', 'javascript']) {
      expect(html).toContain(`value="${text}`);
    }
    const kept = /name="logoKept" value="([^"]+)"/.exec(html)?.[1] ?? '';
    expect(Buffer.from(kept.replaceAll('&#x3D;', '='), 'base64').equals(svgLogo.bytes)).toBe(true);
    const mended = {
      slug: 'garde-le-logo',
      name: 'Gardé',
      logoKept: kept.replaceAll('&#x3D;', '='),
    };
    expect((await upload(admin, '/dashboard/partners/new', mended)).status).toBe(200);
    expect((await stored('garde-le-logo')).logo?.mediaType).toBe('image/svg+xml');
  });

  test('refuses and warns about logos in the words of the command line', async () => {
    const svg = (inside: string) =>
      Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 3">${inside}</svg>`);
    const path = '/dashboard/partners/fiscalia/edit';
    const seen = await fieldsOf(admin, path);
    const evil = await upload(admin, path, { ...seen, logo: svg('<script>alert(1)</script>') });
    expect(evil.status).toBe(422);
    expect(await read(evil)).toContain('interdit ici');
    const photograph = await upload(admin, path, { ...seen, logo: Buffer.alloc(5_000_000, 7) });
    expect(await read(photograph)).toContain('Le logo pèse 4883 ko : il en faut au plus 512.');
    const text = await upload(admin, path, { ...seen, logo: Buffer.from('GIF89a') });
    expect(await read(text)).toContain('Le logo doit être une image PNG ou SVG.');
    const white = await upload(admin, path, {
      ...{ ...seen, color: '#ffd400' },
      logo: svg('<path fill="#fff" d="M0 0h9v3z"/>'),
    });
    expect(white.status).toBe(303);
    const said = await look('/dashboard/partners/fiscalia');
    expect(said).toContain('Ce logo est presque invisible sur fond blanc.');
    expect(said).toContain('#ffd400 se voit mal sur du blanc (contraste 1,4)');
    const gone = { ...(await fieldsOf(admin, path)), logoGone: '1', color: '' };
    expect((await upload(admin, path, gone)).status).toBe(303);
    expect(await stored('fiscalia')).toMatchObject({ logo: null, branding: { color: null } });
  });

  test('saves no address that a call would refuse', async () => {
    const strict = await testPages({ allowInsecurePartnerUrls: false });
    try {
      const who = await strict.signIn('admin');
      for (const [what, spelling] of REFUSED_SPELLINGS) {
        const url = spelling.replace('PORT', '8443');
        const typed = { slug: 'piege', name: 'Piège', productionUrl: url };
        const answer = await who.post('/dashboard/partners/new', typed);
        expect(answer.status, what).toBe(422);
        const check = checkPartnerUrl(url, { allowInsecure: false });
        const says = check.ok || /[\t\n]/.test(url) ? '' : check.problem.replace(SPACES, ' ');
        expect((await read(answer)).replaceAll('’', "'"), what).toContain(
          says.replaceAll('’', "'"),
        );
      }
      const { n } = await strict.books.db
        .selectFrom('partner')
        .select(({ fn }) => fn.countAll<string>().as('n'))
        .executeTakeFirstOrThrow();
      expect(Number(n)).toBe(1);
    } finally {
      await strict.close();
    }
  });

  test('tells the second of two people what the first has saved, and shows both values', async () => {
    await addReal('deux-mains');
    const path = '/dashboard/partners/deux-mains/edit';
    const [hers, his] = [await fieldsOf(admin, path), await fieldsOf(operator, path)];
    pages.books.clock.advance(1_000);
    const first = { ...hers, name: 'Nom de Nadia', website: 'https://nadia.example' };
    expect((await upload(admin, path, first)).status).toBe(303);
    pages.books.clock.advance(1_000);
    const second = { ...his, name: 'Nom de Paul', contactPhone: '01 02 03 04 05' };
    const told = await upload(operator, path, second);
    expect(told.status).toBe(409);
    const html = await told.text();
    const text = await read(new Response(html));
    expect(text).toMatch(
      /Nadia admin a modifié ce partenaire le \d+ .{2,6} \d\d:\d\d, pendant que vous/,
    );
    expect(text).toContain('Enregistré entre-temps : Nom de Nadia');
    expect(html).toContain('value="Nom de Paul"');
    expect(text).toContain('Changé entre-temps, repris ici');
    expect((await stored('deux-mains')).branding.name).toBe('Nom de Nadia');
    // What he never touched is hers in the form that came back: saving it again wipes out nothing.
    const seen = (await stored('deux-mains')).updatedAt.toISOString();
    expect(html).toContain(`name="seen" value="${seen}"`);
    expect(html).toMatch(/name="website"[^>]*value="https:\/\/nadia.example"/);
  });
});

describe('a test call', () => {
  const KEYS = ['event_type', 'event_id', 'order_id', 'timestamp', 'customer', 'order', 'invoice'];

  test('is the real request, signed, marked as a test, and its result stands on the page', async () => {
    const secret = await addReal('essai');
    server.next({ status: 201, body: `<script>alert(1)</script>${'é'.repeat(5_000)}` });
    const answer = await operator.post('/dashboard/partners/essai/test', { which: 'staging' });
    expect(answer.headers.get('location')).toBe('/dashboard/partners/essai#address-staging');
    const [request] = server.requests;
    if (!request) throw new Error('nothing was called');
    const { headers, body } = request;
    const order = JSON.parse(body);
    expect(Object.keys(order)).toEqual(KEYS);
    expect(isExampleOrder(order.order_id)).toBe(true);
    expect(order.order.products[0]).toMatchObject({ unit_price: 83.32, quantity: 1 });
    expect(order.order.products[0].product_name).toMatch(/TEST/);
    expect(order.invoice.pdf_url).toBe(`${pages.url}/docs/facture-exemple.pdf`);
    expect(headers['x-api-key']).toMatch(/^cle-essai/);
    const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
    const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
    const mac = createHmac('sha256', key).update(signed).digest('base64');
    expect(headers['webhook-signature']).toBe(`v1,${mac}`);

    const html = await (await admin.get('/dashboard/partners/essai')).text();
    expect(html).toContain('201 Succès');
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(html).not.toContain('é'.repeat(2_001));
    expect(html).toContain('****0000');
    expect(html).not.toContain(`cle-essai${'0'.repeat(10)}`);
    const { db } = pages.books;
    const trials = await db.selectFrom('partner_trial').selectAll().execute();
    expect(trials).toMatchObject([
      { kind: 'call', passed: true, requested_by: 'operator@example.fr' },
    ]);
    const sent = db.selectFrom('notification').where('partner_slug', '=', 'essai');
    expect(await sent.selectAll().execute()).toEqual([]);
  });

  test('tells a refusal, a fault and silence as the log of calls does, and tries nothing again', async () => {
    await addReal('revers');
    for (const [given, says] of [
      [{ status: 422, body: '{"error":"champ inconnu"}' }, /422 Refusée.*champ inconnu/],
      [
        { status: 302, headers: { location: 'https://ailleurs.example' } },
        /Redirection non suivie/,
      ],
      ['reset', /Connexion coupée/],
    ] as const) {
      const before = server.requests.length;
      server.next(given);
      await operator.post('/dashboard/partners/revers/test', { which: 'staging' });
      expect(await look('/dashboard/partners/revers')).toMatch(says);
      expect(server.requests.length).toBe(before + 1);
    }
  });

  test('is refused to readers and without an address', async () => {
    await addReal('lecture');
    const reader = await pages.signIn('reader');
    expect((await reader.post('/dashboard/partners/lecture/test', {})).status).toBe(403);
    await operator.post('/dashboard/partners/lecture/test', { which: 'production' });
    expect(server.requests).toEqual([]);
    expect(await look('/dashboard/partners/lecture', operator)).toContain('rien n’a été envoyé');
  });
});

describe('secrets', () => {
  const everywhere = (slug: string) =>
    ['', '/edit', '/secrets', '/look', '/replay'].map((it) => `/dashboard/partners/${slug}${it}`);

  async function shownAnywhere(slug: string, secret: string): Promise<string[]> {
    const paths = ['/dashboard', '/dashboard/partners', ...everywhere(slug)];
    const texts = await Promise.all(paths.map(async (it) => (await admin.get(it)).text()));
    const { db } = pages.books;
    const rows = JSON.stringify([
      await db.selectFrom('operator_action').selectAll().execute(),
      await db.selectFrom('account_session').selectAll().execute(),
      await db.selectFrom('partner_trial').selectAll().execute(),
    ]);
    return [...texts, rows].filter((text) => text.includes(secret.replace(/=+$/, '')));
  }

  test('are shown on the page that answers, and nowhere else ever', async () => {
    const old = await addReal('secrets');
    const path = '/dashboard/partners/secrets/secrets';
    const seen = (await stored('secrets')).updatedAt.toISOString();
    pages.books.clock.advance(1_000);
    const answer = await admin.post(`${path}/rotate`, { seen, kept: '24', why: 'fuite' });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const page = await read(answer);
    const secret = /whsec_[\w+/]{30,}=*/.exec(page)?.[0] ?? '';
    expect(page).toMatch(/L’ancien signe à côté de lui jusqu’au \d+ .* \d\d:\d\d/);
    expect(await shownAnywhere('secrets', secret)).toEqual([]);
    expect(await shownAnywhere('secrets', old)).toEqual([]);
    expect(await look(path)).toContain(`whsec_…${secret.slice(-4)}`);

    const reloaded = await admin.post(`${path}/rotate`, { seen, kept: '24' });
    expect(reloaded.status).toBe(409);
    expect(await reloaded.text()).not.toContain(secret);
    expect((await stored('secrets')).signingSecretEnd).toBe(secret.slice(-4));

    server.next({ status: 200 });
    await admin.post('/dashboard/partners/secrets/test', { which: 'staging' });
    expect(String(server.requests.at(-1)?.headers['webhook-signature']).split(' ')).toHaveLength(2);
    await admin.post(`${path}/drop-old`, {});
    expect((await stored('secrets')).previous).toBeNull();
  });

  test('of the API are taken as typed, made here or cleared; a wrong one is not repeated', async () => {
    await addReal('cle');
    const path = '/dashboard/partners/cle/secrets';
    const send = async (fields: Record<string, string>) => {
      pages.books.clock.advance(1_000);
      const seen = (await stored('cle')).updatedAt.toISOString();
      return admin.post(`${path}/api-key`, { seen, ...fields });
    };
    const short = await send({ wish: 'typed', apiKey: 'trop-courte' });
    expect(short.status).toBe(422);
    const shortPage = await read(short);
    expect(shortPage).toContain('il en faut au moins 32');
    expect(shortPage).not.toContain('trop-courte');
    const own = 'clef-du-partenaire-0123456789-abcdef';
    expect((await send({ wish: 'typed', apiKey: own })).status).toBe(303);
    expect(await look(path)).toContain('finit par …cdef');
    expect(await shownAnywhere('cle', own)).toEqual([]);
    const made = /[\w-]{43}/.exec(await read(await send({ wish: 'make' })))?.[0] ?? '';
    expect((await stored('cle')).apiKeyEnd).toBe(made.slice(-4));
    expect(await shownAnywhere('cle', made)).toEqual([]);
    await send({ wish: 'clear' });
    expect((await stored('cle')).hasApiKey).toBe(false);
  });

  test('are for administrators', async () => {
    await addReal('prive');
    const path = '/dashboard/partners/prive/secrets';
    expect((await operator.get(path)).status).toBe(403);
    const { signingSecretEnd } = await stored('prive');
    for (const act of ['rotate', 'drop-old', 'api-key']) {
      expect((await operator.post(`${path}/${act}`, { kept: '0', wish: 'make' })).status).toBe(403);
    }
    expect((await stored('prive')).signingSecretEnd).toBe(signingSecretEnd);
  });
});

test('a partner goes as long as it has no order, with its own traces', async () => {
  await addReal('vide');
  await operator.post('/dashboard/partners/vide/test', { which: 'staging' });
  expect((await operator.post('/dashboard/partners/vide/remove', {})).status).toBe(303);
  expect(await registry().get('vide' as PartnerSlug)).toBeNull();
  await pages.sell();
  await operator.post('/dashboard/partners/fiscalia/remove', {});
  expect(await look('/dashboard/partners/fiscalia', operator)).toContain('a des commandes');
  expect(await registry().get(FISCALIA)).not.toBeNull();
});

test('the look follows what is typed, in a frame that runs and reaches nothing', async () => {
  const page = await pages.open(browser, operator, '/dashboard/partners/fiscalia/edit');
  const frameSays = async () =>
    page.frameLocator('iframe.look:not([hidden])').locator('ul').innerText();
  expect(await frameSays()).toContain('Sans logo');
  await page.locator('#color').fill('#ffd400');
  await expect.poll(frameSays, PATIENT).toContain('les factures prendront #a68a00');
  const file = { name: 'logo.svg', mimeType: 'image/svg+xml', buffer: Buffer.from(svgLogo.bytes) };
  await page.locator('#logo').setInputFiles(file);
  await expect.poll(frameSays, PATIENT).toContain('Le logo se voit bien sur fond blanc.');
  const mail = page
    .frameLocator('iframe.look:not([hidden])')
    .frameLocator('iframe[title="E-mail sur fond sombre"]');
  expect(await mail.locator('img').getAttribute('src')).toMatch(/^data:image\/svg\+xml;base64,/);
  expect(await page.evaluate('history.length')).toBe(2);
  expect(await stored('fiscalia')).toMatchObject({ logo: null, branding: { color: null } });
  const policy = (await admin.get('/dashboard/partners/fiscalia/look')).headers;
  expect(policy.get('content-security-policy')).toMatch(/default-src 'none'.*; sandbox$/);
});

type Look = readonly [width: number, colorScheme: 'light' | 'dark'];
const TWO_LOOKS: readonly Look[] = [
  [1280, 'light'],
  [390, 'dark'],
];
// The fullest page in all four, the others in two: each look takes a second.
const LOOKS: Readonly<Record<string, readonly Look[]>> = {
  '/dashboard/partners/fiscalia': [...TWO_LOOKS, [1280, 'dark'], [390, 'light']],
};

test.each([
  '/dashboard/partners',
  '/dashboard/partners/fiscalia',
  '/dashboard/partners/new',
  '/dashboard/partners/fiscalia/secrets',
])('%s has no fault of accessibility, light and dark, wide and narrow', async (path) => {
  await registry().set(FISCALIA, {
    name: `<b>${'Très long '.repeat(4)}${'x'.repeat(50)}</b>`,
    stagingUrl: `https://${'a'.repeat(50)}.example/${'chemin'.repeat(40)}`,
  });
  const page = await pages.open(browser, admin, path);
  for (const [width, colorScheme] of LOOKS[path] ?? TWO_LOOKS) {
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme });
    expect(await axeFaults(page), `${colorScheme} ${width}`).toEqual([]);
    expect(await excessWidth(page), `${colorScheme} ${width}`).toBe(0);
  }
});

test('no word of these pages can part from its sign', async () => {
  const html = await Promise.all(
    [...['', '/fiscalia', '/new', '/fiscalia/edit', '/fiscalia/secrets', '/fiscalia/replay']].map(
      async (path) => (await admin.get(`/dashboard/partners${path}`)).text(),
    ),
  );
  for (const page of html) {
    const body = page.slice(page.indexOf('<main'), page.indexOf('</main>'));
    const words = body.replace(/<(code|pre)[\s\S]*?<\/\1>/g, '').replace(/<[^>]*>/g, '|');
    expect(TORN.exec(words.replaceAll('&nbsp;', '\u00A0'))?.[0] ?? null).toBeNull();
  }
});

test('a form that comes back shows the look of what was typed', async () => {
  const page = await pages.open(browser, operator, '/dashboard/partners/new', {
    mayComplain: true, // Chromium notes the answer's status
  });
  await page.locator('#color').fill('#ffd400');
  await page.locator('#stagingUrl').fill('ftp://x.example');
  await page.getByRole('button', { name: 'Enregistrer' }).click();
  await page.getByText('voyez les champs signalés').waitFor();
  const said = () =>
    page.frameLocator('iframe.look:not([hidden])').locator('ul').innerText(PATIENT);
  await expect.poll(said, PATIENT).toContain('les factures prendront #a68a00');
});
