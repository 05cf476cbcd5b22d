// Who lets partners in, and how: from the dashboard and from the command line. What opens something is
// shown once and stands in no table; each act is on record with who did it.

import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newSigningSecret } from '#adapters/partner/standard-webhooks.ts';
import { postgresPartnerRegistry } from '#adapters/postgres/partner-registry.ts';
import type { PartnerSlug } from '#domain/partner.ts';
import { commandInProcess } from '#test/support/command-in-process.ts';
import { type SignedIn, type TestPages, testPages } from '#test/support/dashboard.ts';
import { type PartnerServer, startPartnerServer } from '#test/support/partner-server.ts';
import { cookiesOf, linkToken } from '#test/support/portal.ts';

const PORTAL = '/dashboard/partners/fiscalia/portal';

let pages: TestPages;
let server: PartnerServer;
let admin: SignedIn;
let comptappart: ReturnType<typeof commandInProcess>;

beforeAll(async () => {
  [pages, server] = await Promise.all([testPages(), startPartnerServer()]);
  admin = await pages.signIn('admin');
  comptappart = commandInProcess({
    DATABASE_URL: pages.books.url,
    SECRETS_KEY: Buffer.alloc(32, 7).toString('base64'),
    PUBLIC_URL: pages.url,
    ALLOW_INSECURE_PARTNER_URLS: 'true',
  });
  const { db, secrets, clock } = pages.books;
  await postgresPartnerRegistry(db, { secrets, clock }).add('essai' as PartnerSlug, {
    ...{ name: 'Essai', stagingUrl: server.url, apiKey: 'k'.repeat(40) },
    signingSecret: newSigningSecret(),
  });
});
afterAll(async () => {
  await pages.close();
  await server.close();
});

const actions = async () =>
  (await pages.books.db.selectFrom('operator_action').selectAll().orderBy('id').execute()).map(
    ({ actor, action, subject }) => `${actor} ${action} ${subject}`,
  );

/** What the page shows once. */
const shownIn = (html: string) => /<pre id="shown-once"[^>]*>([^<]+)</.exec(html)?.[1] ?? '';

test('an operator makes a link that opens once, and its token is in no table', async () => {
  const operator = await pages.signIn('operator');
  const answer = await operator.post(`${PORTAL}/link`, {});
  expect(answer.status).toBe(200);
  expect(answer.headers.get('cache-control')).toBe('no-store');
  const link = shownIn(await answer.text());
  expect(link).toMatch(new RegExp(`^${pages.url}/portal/open/[\\w-]{43}$`));
  const row = await pages.books.db.selectFrom('portal_link').selectAll().executeTakeFirstOrThrow();
  const token = link.slice(-43);
  expect(row.token_hash).toEqual(createHash('sha256').update(token).digest());
  expect(await actions()).toContain('operator@example.fr portal-link-made fiscalia');
  const opened = await fetch(link, { redirect: 'manual' });
  const shown = await fetch(`${pages.url}/portal/open`, { headers: { cookie: cookiesOf(opened) } });
  expect(shown.status).toBe(200);

  await operator.post(`${PORTAL}/close`, {});
  const shut = await fetch(`${pages.url}/portal/open`, { headers: { cookie: cookiesOf(opened) } });
  expect(shut.status).toBe(410);
});

test('tokens are an admin’s to make and to revoke; readers make nothing', async () => {
  const [reader, operator] = [await pages.signIn('reader'), await pages.signIn('operator')];
  expect((await reader.post(`${PORTAL}/link`, {})).status).toBe(403);
  expect((await operator.post(`${PORTAL}/tokens`, { label: 'x' })).status).toBe(403);
  const made = await admin.post(`${PORTAL}/tokens`, { label: 'ERP <b>' });
  const token = shownIn(await made.text());
  expect(token).toMatch(/^ca_pull_[\w-]{43}$/);
  const headers = { authorization: `Bearer ${token}` };
  const api = `${pages.url}/api/partner/v1/notifications`;
  expect((await fetch(api, { headers })).status).toBe(200);
  const { id } = await pages.books.db
    .selectFrom('portal_token')
    .select('id')
    .executeTakeFirstOrThrow();
  const elsewhere = await admin.post(`/dashboard/partners/essai/portal/tokens/${id}/revoke`, {});
  expect(elsewhere.status).toBe(303);
  expect((await fetch(api, { headers })).status).toBe(200);
  await admin.post(`${PORTAL}/tokens/${id}/revoke`, {});
  expect((await fetch(api, { headers })).status).toBe(401);
  const unknown = await admin.post('/dashboard/partners/nobody/portal/tokens', {});
  expect(unknown.status).toBe(404);
});

test('the command line makes links and tokens, lists them and revokes them', async () => {
  const { json: link } = await comptappart(['partner', 'portal-link', 'fiscalia']);
  const opened = await fetch(link.url, { redirect: 'manual' });
  expect(opened.headers.get('location')).toBe('/portal/open');
  const made = await comptappart(['partner', 'portal-token', 'fiscalia', '--label', 'ERP']);
  expect(made.json).toMatchObject({ slug: 'fiscalia', label: 'ERP' });
  const listed = await comptappart(['partner', 'portal-token', 'fiscalia', '--list']);
  expect(listed.text).toContain(`…${made.json.token.slice(-4)}`);
  expect(listed.text).not.toContain(made.json.token);
  const revoke = ['partner', 'portal-token', 'fiscalia', '--revoke', String(made.json.id)];
  expect((await comptappart(revoke)).code).toBe(0);
  expect((await comptappart(revoke)).code).toBe(1);
  expect((await comptappart(['partner', 'portal-link', 'nobody'])).code).toBe(1);
});

test('the command line tries an endpoint, tells what to mend and keeps the report', async () => {
  server.always(({ headers }) => ({ status: headers['x-api-key'] === 'k'.repeat(40) ? 200 : 401 }));
  const good = await comptappart(['partner', 'test', 'essai']);
  expect(good.code).toBe(0);
  expect(good.text).toContain('✓ Clé fausse\u00A0: 401');
  expect(good.json).toMatchObject({ slug: 'essai', passed: true });
  server.always({ status: 500 });
  const bad = await comptappart(['partner', 'test', 'essai', '--all']);
  expect(bad.code).toBe(1);
  expect(bad.text).toContain('✗ Commande valide\u00A0: réponse 2xx');
  expect(bad.text).toContain('→ Cherchez l’erreur dans le journal de votre serveur');
  expect(
    (await comptappart(['partner', 'test', 'essai', '--environment', 'production'])).text,
  ).toContain('n’a pas d’adresse à éprouver');
  const kept = await pages.books.db.selectFrom('partner_trial').select('passed').execute();
  expect(kept.map(({ passed }) => passed).sort()).toEqual([false, true]);
});

test('a partner that never sold anything is removed with what let it in', async () => {
  await pages.books.addPartner('bref');
  await linkToken(pages, 'bref');
  expect((await comptappart(['partner', 'remove', 'bref'])).code).toBe(0);
});

test('behind TLS the cookies are those that no other host can set', async () => {
  const secure = await testPages({ publicUrl: 'https://comptappart.example' });
  const token = await linkToken(secure, 'fiscalia');
  const opened = await fetch(`${secure.url}/portal/open/${token}`, { redirect: 'manual' });
  expect(opened.headers.getSetCookie().join()).toMatch(/^__Host-portal_link=.*; secure; httponly/i);
  const entered = await fetch(`${secure.url}/portal/open`, {
    ...{ method: 'POST', redirect: 'manual' },
    headers: { cookie: cookiesOf(opened), 'sec-fetch-site': 'same-origin' },
  });
  expect(entered.headers.getSetCookie().join()).toMatch(
    /__Host-portal=[\w-]{43}; path=\/; expires=[^;]+; samesite=lax; secure; httponly/i,
  );
  await secure.close();
});
