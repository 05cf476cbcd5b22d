// One walk through everything that an operator does in a first week, in a real browser before the whole
// program: in by a password made on the server, a purchase that arrives while one looks, a partner that
// refuses and is mended, a payment of nobody's, and the partner's own look at its log. Whatever the browser
// complains of on the way (a blocked resource, an error in the console) fails it.

import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { commandLine } from '#test/support/command-line.ts';
import { makeDataFolder, testDatabase } from '#test/support/database.ts';
import { newcomer, openBrowser } from '#test/support/newcomer.ts';
import { type Staging, staging, until } from '#test/support/staging.ts';

const PERSON = { email: 'nadia@example.fr', name: 'Nadia Benali', password: 'trois mots de passe' };
const API_KEY = 'k'.repeat(40);
const DECLARATION = 'prod_SbxDeclComplet';
const OF_NOBODY = 'prod_SbxRetraite001';
const NEW_SLUG = 'cabinet-inconnu';

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser(await makeDataFolder());
});
afterAll(() => browser?.close());

const lineIsLive = (page: Page) => page.locator('#line', { hasText: /^En direct/ }).waitFor();
const heading = (page: Page, name: string | RegExp) =>
  page.getByRole('heading', { level: 1, name }).waitFor();
const situationSays = (page: Page, hasText: string) =>
  page.locator('#situation .lead', { hasText }).waitFor();
const press = (page: Page, name: string | RegExp) => page.getByRole('button', { name }).click();
const follow = (page: Page, name: string | RegExp) =>
  page.getByRole('link', { name }).first().click();
const place = (page: Page, name: RegExp) =>
  page.getByRole('navigation', { name: 'Tableau de bord' }).getByRole('link', { name }).click();

/** As often as nothing was loaded anew, this stays true. */
const stay = (page: Page) => page.evaluate('window.isSamePage = true');
const stayed = async (page: Page) => expect(await page.evaluate('window.isSamePage')).toBe(true);

function buy(world: Staging, email: string, productId = DECLARATION) {
  const items = [{ productId, quantity: 1 }];
  return world.stripe.buy({ mode: 'payment', items, buyer: { name: 'Marie Martin', email } });
}

test('an operator’s first week, from the first password to the partner’s own log', {
  timeout: 240_000,
}, async () => {
  const database = (await testDatabase()).url;
  const world = await staging({ DATABASE_URL: database });
  await world.start();
  const { url } = world.partner;
  await world.cli(
    ...['partner', 'add', 'demo', '--name', 'Fiscalia', '--staging-url', url],
    ...['--production-url', 'https://api.fiscalia.example/orders', '--api-key', API_KEY],
  );
  const page = await newcomer(browser, { viewport: { width: 1280, height: 900 } });
  await firstSignIn(page, world, database);
  const marie = await watchPurchaseArrive(page, world);
  await findByEmail(page, marie);
  await seePartnerRefuse(page, world);
  await retryOne(page, world);
  await replayTheRest(page, world);
  await mendQuarantine(page, world);
  await partnerLooks(page, world);
  await place(page, /^Vue d’ensemble/);
  await heading(page, 'Tout est à jour');
});

async function firstSignIn(page: Page, world: Staging, database: string): Promise<void> {
  await page.goto(`${world.url}/dashboard/orders`);
  await page.getByText('Aucun compte n’existe encore').waitFor();
  const added = await commandLine({ DATABASE_URL: database }).run(
    [
      ...['user', 'add', PERSON.email, '--name', PERSON.name, '--role', 'admin'],
      '--password-stdin',
    ],
    { stdin: `${PERSON.password}\n` },
  );
  expect(added).toMatchObject({ code: 0, stderr: '' });
  await page.reload();
  await page.getByLabel('Adresse e-mail').fill(PERSON.email);
  await page.getByLabel('Mot de passe', { exact: true }).fill(PERSON.password);
  await press(page, 'Se connecter');
  // Where one wanted to go in the first place.
  await page.waitForURL('**/dashboard/orders');
  await place(page, /^Vue d’ensemble/);
  await heading(page, 'Tout est à jour');
  await lineIsLive(page);
}

/** On the overview and on the list at once; returns the order's number. */
async function watchPurchaseArrive(page: Page, world: Staging): Promise<string> {
  const figures = page.locator('#figures dd.figure').first();
  const before = await figures.textContent();
  const list = await page.context().newPage();
  await list.goto(`${world.url}/dashboard/orders`);
  await list.getByText('Aucune commande pour l’instant').waitFor();
  await lineIsLive(list);
  for (const it of [page, list]) await stay(it);
  await buy(world, 'marie@example.fr');
  await list.getByRole('link', { name: '1 nouvelle commande – Afficher' }).waitFor();
  await stayed(list);
  await list.getByRole('link', { name: '1 nouvelle commande – Afficher' }).click();
  const row = list.locator('#orders tr', { hasText: 'marie@example.fr' });
  await row.getByText('Livrée').waitFor();
  await row.getByText('Envoyée').waitFor();
  const id = (await row.getAttribute('id'))?.slice(1) ?? '';
  await list.close();
  await page.locator('#figures dd.figure').first().getByText('1', { exact: true }).waitFor();
  await stayed(page);
  expect(before).toBe('0');
  return id;
}

async function findByEmail(page: Page, order: string): Promise<void> {
  await page.keyboard.press('/');
  await page.keyboard.type('marie@example.fr');
  await page.keyboard.press('Enter');
  await page.waitForURL(`**/dashboard/orders/${order}`);
  await situationSays(page, 'Tout est arrivé');
}

/** Three refused orders; ends on the list of them. */
async function seePartnerRefuse(page: Page, world: Staging): Promise<void> {
  await place(page, /^Vue d’ensemble/);
  await heading(page, 'Tout est à jour');
  await lineIsLive(page);
  await stay(page);
  world.partner.always({ status: 422, body: '{"error":"champ <b>inconnu</b>"}' });
  for (const who of ['zoe', 'ines', 'hugo']) await buy(world, `${who}@example.fr`);
  const cause = page.locator('#causes > li', { hasText: 'Fiscalia a refusé' });
  await cause.getByText('3 notifications').waitFor();
  expect(await cause.textContent()).toContain('422');
  await heading(page, /attend/);
  await stayed(page);
  await cause.getByRole('link', { name: 'Voir et relancer' }).click();
  await page.waitForURL(/\/dashboard\/notifications\?/);
}

/** From the list to the order's page, where the retry turns out well while one looks. */
async function retryOne(page: Page, world: Staging): Promise<void> {
  await page.locator('tbody a[data-row]').first().click();
  await situationSays(page, 'Fiscalia a refusé la commande');
  await page.getByText('Détail de la tentative').first().click();
  await page.getByText('{"error":"champ <b>inconnu</b>"}').waitFor();
  world.partner.always({ status: 200, body: '{"success":true}' });
  await press(page, 'Relancer le webhook');
  await page.locator('#notice', { hasText: 'Relance demandée à' }).waitFor();
  await page.locator('#situation .badges', { hasText: 'Livrée' }).waitFor();
  await situationSays(page, 'Tout est arrivé');
  await page.getByText('Détail de la tentative n°\u00A02').waitFor();
  expect(await page.getByRole('button', { name: 'Relancer le webhook' }).count()).toBe(0);
}

async function replayTheRest(page: Page, world: Staging): Promise<void> {
  const calls = world.partner.requests.length;
  await place(page, /^Partenaires/);
  await follow(page, 'Fiscalia');
  await follow(page, 'Rejouer une période');
  await page.getByLabel('Par seconde, au plus').fill('1');
  await page.getByLabel('Pourquoi').fill('leur serveur est réparé');
  await press(page, 'Compter avant de lancer');
  await heading(page, /^2 notifications repartiraient/);
  await press(page, 'Lancer la relance');
  await page.waitForURL(/\/dashboard\/replays\/\d+$/);
  await page.evaluate(`window.isSamePage = true; window.seen = [];
    const look = () => seen.push(Number(
      document.querySelector('[role=progressbar]').getAttribute('aria-valuenow')));
    look();
    new MutationObserver(look).observe(document.querySelector('#replay'),
      { subtree: true, childList: true, attributes: true, characterData: true })`);
  await heading(page, /terminée/);
  await page.getByText('2 relancées sur').waitFor();
  const seen = (await page.evaluate('seen')) as number[];
  expect(seen.at(-1)).toBe(100);
  expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  await stayed(page);
  await until(() => world.partner.requests.length === calls + 2);
}

/** A payment of an unknown partner: the partner is made from its card, then the payment is read again. */
async function mendQuarantine(page: Page, world: Staging): Promise<void> {
  await place(page, /^Quarantaine/);
  await heading(page, 'Rien en quarantaine');
  await lineIsLive(page);
  await stay(page);
  await buy(world, 'lea@example.fr', OF_NOBODY);
  await page.getByText(`Partenaire inconnu\u00A0: ${NEW_SLUG}`).waitFor();
  await stayed(page);
  await follow(page, /^Créer le partenaire/);
  await heading(page, /partenaire/);
  expect(await page.getByRole('textbox', { name: 'Identifiant' }).inputValue()).toBe(NEW_SLUG);
  await page.getByLabel('Nom', { exact: true }).fill('Cabinet Nouveau');
  await page.locator('#stagingUrl').fill(world.partner.url);
  await press(page, 'Enregistrer');
  await heading(page, 'Cabinet Nouveau est ajouté');
  await follow(page, 'relancez-les en quarantaine');
  await lineIsLive(page);
  await press(page, 'Relancer');
  await page.getByText('par Nadia Benali').waitFor();
  await heading(page, 'Rien en quarantaine');
  await page.locator('.settled a').click();
  await page.waitForURL(/\/dashboard\/orders\/\d+$/);
  await page.locator('#situation .badges', { hasText: 'Livrée' }).waitFor();
}

/** The partner's people come in by a link; its guest sees its own log and nothing of the other's. */
async function partnerLooks(page: Page, world: Staging): Promise<void> {
  const link = await portalLink(page, 'Fiscalia');
  // Neither a program that follows a mail's links nor somebody who looks and goes away spends it.
  await fetch(link);
  // It will be told 410, which its console says, too.
  const onlooker = await newcomer(browser, { mayComplain: true });
  await onlooker.goto(link);
  await onlooker.getByRole('button', { name: 'Ouvrir mon portail' }).waitFor();
  const guest = await enter(link, 4);
  const own = await guest.locator('a[data-row]').first().getAttribute('href');
  const others = await enter(await portalLink(page, 'Cabinet Nouveau'), 1);
  await others.locator('a[data-row]').click();
  await others.getByText('Tentative 1').waitFor();
  const theirs = new URL(others.url()).pathname;
  const status = async (of: Page, path: string) =>
    (await of.request.get(world.url + path, { maxRedirects: 0 })).status();
  expect(await status(guest, own ?? '')).toBe(200);
  expect(await status(guest, theirs)).toBe(404);
  expect(await status(others, own ?? '')).toBe(404);
  expect(await status(others, '/dashboard/orders')).toBe(303);

  await onlooker.getByRole('button', { name: 'Ouvrir mon portail' }).click();
  await onlooker.getByText('Ce lien a déjà servi ou a expiré.').waitFor();
}

async function portalLink(page: Page, partner: string): Promise<string> {
  await place(page, /^Partenaires/);
  await follow(page, partner);
  await press(page, 'Créer un lien du portail');
  await heading(page, 'Lien du portail créé');
  return (await page.locator('#shown-once').textContent()) ?? '';
}

/** Another browser, which holds no session of ours. */
async function enter(link: string, notifications: number): Promise<Page> {
  const guest = await newcomer(browser);
  await guest.goto(link);
  await press(guest, 'Ouvrir mon portail');
  await heading(guest, /notification/);
  expect(await guest.locator('a[data-row]').count()).toBe(notifications);
  expect(await guest.locator('tbody', { hasText: 'Livrée' }).count()).toBe(1);
  return guest;
}
