// Every page held against HTML and against its own language: over books that are empty, full, and full of
// strangers' words meant to hurt. A route that is added is looked at without a line here.

import { afterEach, expect, test } from 'vitest';
import { type TestPages, testPages } from '#test/support/dashboard.ts';
import {
  answeredForms,
  dashboardPages,
  doorPages,
  fillBooks,
  portalPages,
  type Shown,
  type Words,
} from '#test/support/every-page.ts';
import { markupFaults, wordFaults } from '#test/support/page-lint.ts';

const ORDINARY: Words = {
  customer: 'Élodie Martin-Dupré',
  email: 'elodie@example.fr',
  product: 'Déclaration complète',
  partner: 'Cabinet Essai',
  answer: '{"error":"champ inconnu"}',
  why: 'le client est remboursé',
};
const EVIL = `"'><script>alert(1)</script><h1 id="contenu" onclick="x()">&amp;\u202E</main>`;
const HOSTILE: Words = {
  customer: EVIL,
  email: "o'brien@example.fr",
  product: `${'W'.repeat(300)}${EVIL}`,
  partner: `Cabinet ${EVIL}`.slice(0, 100),
  answer: `${EVIL}\u0007${'é'.repeat(500)}`,
  why: EVIL,
};

/** A hundred pages each, held against all of HTML. */
const LONG = { timeout: 240_000 };

let pages: TestPages;
afterEach(() => pages?.close());

async function everyPage(words: Words | null): Promise<Shown[]> {
  pages = await testPages();
  const admin = await pages.signIn('admin');
  if (words) await fillBooks(pages, admin, words);
  const shown = await dashboardPages(pages, admin);
  const portal = await portalPages(pages, words ? 'essai' : 'fiscalia');
  const answered = words ? await answeredForms(admin) : [];
  return [...shown, ...portal, ...answered, ...(await doorPages(pages))];
}

/** One line a fault, said once with how many pages have it. */
function told(faults: readonly [string, string][]): string[] {
  const places = new Map<string, string[]>();
  for (const [fault, address] of faults) places.set(fault, [...(places.get(fault) ?? []), address]);
  return [...places].map(([fault, at]) => `${fault} — ${at[0]} (${at.length})`);
}

async function faultsOf(
  shown: readonly Shown[],
  lint: (html: string) => string[] | Promise<string[]>,
): Promise<string[]> {
  const faults: [string, string][] = [];
  for (const { address, html } of shown) {
    for (const fault of await lint(html)) faults.push([fault, address]);
  }
  return told(faults);
}

test.each([
  ['empty', null, 40],
  ['full', ORDINARY, 60],
] as const)('no page over %s books is faulty HTML or bad French', LONG, async (_, words, least) => {
  const shown = await everyPage(words);
  expect(shown.length).toBeGreaterThan(least);
  expect([
    ...(await faultsOf(shown, markupFaults)),
    ...(await faultsOf(shown, wordFaults)),
  ]).toEqual([]);
});

test('strangers’ words break no page', LONG, async () => {
  const shown = await everyPage(HOSTILE);
  expect(shown.filter(({ html }) => html.includes('&lt;script&gt;')).length).toBeGreaterThan(10);
  expect(await faultsOf(shown, markupFaults)).toEqual([]);
});

test('the lint finds what it is for', async () => {
  const page = (main: string) =>
    `<!doctype html><html lang="fr"><head><title>T</title></head><body><main>${main}</main></body></html>`;
  const faulty = page(`<h1 id="a">A</h1><p id="a" style="color:red" onclick="x()">B`);
  const found = (await markupFaults(faulty)).join('\n');
  for (const rule of ['no-dup-id', 'no-inline-style', 'handler', 'no-implicit-close']) {
    expect(found).toContain(rule);
  }
  const words = wordFaults(
    page(
      '<p>l&#x27;heure <b>a</b> : b</p><p>99 %</p><p>NaN</p><p>queued</p><p title="oui !">x</p>',
    ),
  );
  expect(words.map((it) => it.split(':')[0])).toEqual([
    'ASCII apostrophe',
    'a space that may break',
    'a space that may break',
    'a value that is none',
    'an English state',
    'a space that may break',
  ]);
  expect(
    wordFaults(page('<p>l’heure\u00A0: 99\u00A0% «\u00A0a\u00A0»</p><pre>a ; b</pre>')),
  ).toEqual([]);
});
