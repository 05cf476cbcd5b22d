// A partner's period delivered again from the dashboard: counted before it is begun, watched while it is
// worked off, paused, taken up and stopped, with the name of whoever wanted it.

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parisField } from '#adapters/pages/paris-input.ts';
import { workReplay } from '#application/replay.ts';
import { REFUSED } from '#test/support/books.ts';
import { axeFaults, type SignedIn, type TestPages, testPages } from '#test/support/dashboard.ts';
import { makeDataFolder } from '#test/support/database.ts';
import { excessWidth, openBrowser } from '#test/support/newcomer.ts';
import { line } from '#test/support/orders.ts';

const FORM = '/dashboard/partners/fiscalia/replay';

let pages: TestPages;
let browser: Browser;
let operator: SignedIn;

beforeAll(async () => {
  pages = await testPages();
  browser = await openBrowser(await makeDataFolder());
  operator = await pages.signIn('operator');
});
afterAll(async () => {
  await browser?.close();
  await pages?.close();
});

const minutes = (n: number) => pages.books.clock.advance(n * 60_000);

/** Refused orders of the partner, one a minute; the period that holds them, as people type it. */
async function refused(count: number, partner = 'fiscalia') {
  minutes(2);
  const since = parisField(pages.books.clock.now());
  for (let n = 0; n < count; n += 1) {
    await pages.sell({ lines: [line({ partner })], partnerAnswer: REFUSED });
    minutes(1);
  }
  minutes(1);
  return { channel: 'webhook', since, until: parisField(pages.books.clock.now()), rate: '1' };
}

async function read(answer: Response): Promise<string> {
  const said = (await answer.text()).replace(/<[^>]*>/g, ' ').replaceAll('&nbsp;', ' ');
  return said.replace(/[\s\u00A0\u202F]+/g, ' ').replaceAll('&#x27;', '’');
}

async function begin(asked: Record<string, string>): Promise<string> {
  const answer = await operator.post(FORM, { ...asked, step: 'start' });
  expect(answer.status).toBe(303);
  return answer.headers.get('location') ?? '';
}
const work = (path: string) => workReplay(pages.books, path.split('/').at(-1) ?? '');

test('a replay is counted and confirmed before it begins', async () => {
  expect(await read(await operator.get(FORM))).toContain('Heures de Paris');
  const asked = await refused(3);
  const confirm = await operator.post(FORM, { ...asked, why: 'serveur <réparé>' });
  expect(confirm.status).toBe(200);
  const html = await confirm.clone().text();
  expect(html).toContain('value="serveur &lt;réparé&gt;"');
  const said = await read(confirm);
  expect(said).toContain('3 notifications repartiraient');
  expect(said).toContain('Des doublons sont possibles : le partenaire reconnaît order_id');
  const { db } = pages.books;
  expect(await db.selectFrom('replay').selectAll().execute()).toEqual([]);

  const path = await begin({ ...asked, why: 'serveur <réparé>' });
  expect(path).toMatch(/^\/dashboard\/replays\/\d+$/);
  const [replay] = await db.selectFrom('replay').selectAll().execute();
  expect(replay).toMatchObject({ requested_by: 'operator@example.fr', why: 'serveur <réparé>' });
  const actions = await db.selectFrom('operator_action').selectAll().execute();
  expect(actions.at(-1)).toMatchObject({ action: 'replay-started', actor: 'operator@example.fr' });
  const shown = await read(await operator.get(path));
  expect(shown).toContain('La relance est lancée.');
  expect(shown).toContain('operator@example.fr');

  const second = await operator.post(FORM, { ...asked, step: 'start' });
  expect(second.headers.get('location')).toBe(path);
  expect(await db.selectFrom('replay').selectAll().execute()).toHaveLength(1);
  expect(await read(await operator.get(path))).toContain('Cette période est déjà rejouée');
  await operator.post(`${path}/cancel`, {});
});

test.each([
  ['from no instant', { since: 'hier' }, 'Indiquez un jour et une heure passés.'],
  ['from tomorrow', { since: '2098-01-01T10:00' }, 'Indiquez un jour et une heure passés.'],
  ['to before its beginning', { until: '2026-01-01T00:00' }, 'La fin doit venir après le début.'],
  ['at no rate', { rate: '0' }, 'Indiquez un nombre entier de 1 à 1 000.'],
])('a replay %s comes back with its fault and what was typed', async (_, wrong, says) => {
  const asked = {
    channel: 'email',
    since: '2026-11-01T08:00',
    until: '2026-11-02T08:00',
    rate: '5',
  };
  for (const step of ['', 'start']) {
    const answer = await operator.post(FORM, { ...asked, ...wrong, why: 'panne', step });
    expect(answer.status).toBe(422);
    const html = await answer.clone().text();
    expect(html).toContain('value="panne"');
    expect(html).toMatch(/value="email" checked/);
    expect(await read(answer)).toContain(says);
  }
});

test('a period in which all arrived cannot be begun, and says so', async () => {
  const asked = await refused(0);
  const said = await read(await operator.post(FORM, asked));
  expect(said).toContain('Rien à rejouer dans cette période');
  expect(said).not.toContain('Lancer la relance');
});

test('a replay is watched while it goes, and paused, taken up and stopped', async () => {
  const path = await begin(await refused(3));
  // A look that is under way when the page is left is broken off, which is no fault.
  const page = await pages.open(browser, operator, path, { mayComplain: true });
  const bar = page.getByRole('progressbar');
  expect(await bar.getAttribute('aria-valuenow')).toBe('0');
  await page.getByText('En direct').waitFor();
  await work(path);
  await page.getByText('1 relancée sur 1 examinée').waitFor();
  const [far] = [Number(await bar.getAttribute('aria-valuenow'))];
  expect(far).toBeGreaterThan(0);
  expect(far).toBeLessThan(100);

  await page.getByRole('button', { name: 'Suspendre la relance' }).click();
  await page.getByText('La relance est suspendue.').waitFor();
  await work(path);
  expect(await page.getByText('1 relancée sur 1 examinée').count()).toBe(1);
  await page.getByRole('button', { name: 'Reprendre la relance' }).click();
  await page.getByText('La relance reprend.').waitFor();
  await page.getByText('En direct').waitFor();
  await work(path);
  await page.getByText('2 relancées sur 2 examinées').waitFor();
  await page.getByRole('button', { name: 'Arrêter la relance' }).click();
  await page.getByRole('heading', { name: /arrêtée/ }).waitFor();
  await work(path);
  const { db } = pages.books;
  const rows = await db.selectFrom('replay').select(['state', 'retried']).orderBy('id').execute();
  expect(rows.at(-1)).toEqual({ state: 'cancelled', retried: 2 });
  const again = await operator.post(`${path}/resume`, {});
  expect(again.status).toBe(303);
  expect(await read(await operator.get(path))).toContain(
    'Elle est déjà arrêtée : rien n’a changé.',
  );
});

test('a replay that has ended stands whole in the lists', async () => {
  const path = await begin({ ...(await refused(2)), rate: '100' });
  await work(path);
  expect(await read(await operator.get(path))).toContain('100 % de la période, 2 relancées sur 2');
  expect(await read(await operator.get('/dashboard/replays'))).toContain('Terminée');
  expect(await read(await operator.get('/dashboard/partners/fiscalia'))).toContain('Terminée');
  const others = await read(await operator.get('/dashboard/replays?partner=notaria'));
  expect(others).toContain('Aucune relance de période pour notaria');
});

test('readers look, and change nothing', async () => {
  const reader = await pages.signIn('reader');
  const asked = await refused(1);
  expect((await reader.get(FORM)).status).toBe(403);
  expect((await reader.post(FORM, { ...asked, step: 'start' })).status).toBe(403);
  const path = await begin(asked);
  expect((await reader.get(path)).status).toBe(200);
  for (const change of ['pause', 'resume', 'cancel']) {
    expect((await reader.post(`${path}/${change}`, {})).status).toBe(403);
  }
  expect((await reader.get('/dashboard/replays/999999')).status).toBe(404);
  expect((await reader.get('/dashboard/replays/1;drop')).status).toBe(404);
});

test.each([['/dashboard/replays'], ['/dashboard/replays/1'], [FORM]])(
  '%s has no fault of accessibility, wide and light, narrow and dark',
  async (path) => {
    const page = await pages.open(browser, operator, path);
    for (const [width, colorScheme] of [
      [1280, 'light'],
      [390, 'dark'],
    ] as const) {
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ colorScheme });
      expect(await axeFaults(page), colorScheme).toEqual([]);
      expect(await excessWidth(page), colorScheme).toBe(0);
    }
  },
);
