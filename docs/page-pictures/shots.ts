// The list of pages that are taken, with what somebody did on each before. Pages of one order or one
// replay are found in the books, since nobody knows their numbers beforehand.

import type { Page } from 'playwright-core';
import { portalCookie } from '#adapters/portal/portal-visit.ts';
import { beginSecondFactor } from '#adapters/postgres/account-second-factor.ts';
import { makePortalLink } from '#adapters/postgres/portal/portal-access.ts';
import { makePortalToken } from '#adapters/postgres/portal/portal-tokens.ts';
import { totpPlace } from '#adapters/postgres/sealed-secrets.ts';
import { newTotpSecret } from '#adapters/totp.ts';
import type { PartnerSlug } from '#domain/partner.ts';
import type { World } from './world.ts';

export type Shot = {
  readonly name: string;
  /** In French, for the index. */
  readonly what: string;
  readonly path: string;
  /** In all four looks, else wide in light and narrow in dark. */
  readonly isFull?: boolean;
  readonly isStranger?: boolean;
  /** Of somebody else's session. */
  readonly cookie?: { readonly name: string; readonly value: string };
  readonly act?: (page: Page) => Promise<unknown>;
};

const BY = { actor: 'nadia@comptappart.example', why: null } as const;

export async function shotsOf(world: World): Promise<readonly Shot[]> {
  const sealed = world.work.secrets.seal(newTotpSecret(), totpPlace(BY.actor));
  await beginSecondFactor(world.db, { email: BY.actor, sealed });
  const { failing, refused, credited } = await ordersToShow(world);
  const { id: replay } = await world.db.selectFrom('replay').select('id').executeTakeFirstOrThrow();
  const shots: Shot[] = [
    { name: 'sign-in', what: 'Connexion', path: '/dashboard/sign-in', isStranger: true },
    { name: 'overview', what: 'Vue d’ensemble', path: '/dashboard', isFull: true },
    { name: 'orders', what: 'Commandes', path: '/dashboard/orders', isFull: true },
    {
      ...{ name: 'order-failing', what: 'Commande en échec', isFull: true },
      path: `/dashboard/orders/${failing}`,
    },
    {
      ...{ name: 'order-refused', what: 'Commande refusée, tentative ouverte' },
      path: `/dashboard/orders/${refused}`,
      act: (page) =>
        page
          .locator('details.attempt, .attempt details, details')
          .first()
          .evaluate('it => { it.open = true }'),
    },
    {
      ...{ name: 'order-credited', what: 'Commande livrée, avec un avoir' },
      path: `/dashboard/orders/${credited}`,
    },
    { name: 'notifications', what: 'Notifications', path: '/dashboard/notifications' },
    { name: 'invoices', what: 'Factures et avoirs', path: '/dashboard/invoices' },
    { name: 'events', what: 'Événements Stripe', path: '/dashboard/events' },
    { name: 'event', what: 'Un événement', path: '/dashboard/events/evt_1RtQ0012' },
    { name: 'search', what: 'Recherche', path: '/dashboard/search?q=solene%40kerbrat.example' },
    { name: 'search-none', what: 'Recherche vaine', path: '/dashboard/search?q=FQCA-2026-9999' },
    { name: 'quarantine', what: 'Quarantaine', path: '/dashboard/quarantine' },
    { name: 'partners', what: 'Partenaires', path: '/dashboard/partners' },
    {
      ...{ name: 'partner', what: 'Un partenaire, son adresse essayée' },
      path: '/dashboard/partners/fiscalia',
      act: (page) =>
        page
          .getByRole('button', { name: /^Tester/ })
          .first()
          .click(),
    },
    { name: 'partner-down', what: 'Un partenaire en panne', path: '/dashboard/partners/tournesol' },
    {
      ...{ name: 'partner-form', what: 'Fiche d’un partenaire, aperçu vivant' },
      path: '/dashboard/partners/cap-patrimoine/edit',
      act: (page) => page.waitForTimeout(2_500),
    },
    { name: 'replay', what: 'Relance d’une période', path: `/dashboard/replays/${replay}` },
    { name: 'replays', what: 'Relances', path: '/dashboard/replays' },
    {
      name: 'replay-form',
      what: 'Demander une relance',
      path: '/dashboard/partners/clair-bail/replay',
    },
    { name: 'people', what: 'Personnes', path: '/dashboard/people' },
    { name: 'account', what: 'Mon compte', path: '/dashboard/account' },
    {
      ...{ name: 'second-factor', what: 'Second facteur' },
      path: '/dashboard/account/second-factor',
    },
    { name: 'actions', what: 'Journal des actions', path: '/dashboard/actions' },
  ];
  return [...shots, ...(await portalShots(world))];
}

/** A partner's own pages: somebody opens the link and tries the address. */
async function portalShots(world: World): Promise<Shot[]> {
  const { db, clock, url } = world;
  const slug = 'tournesol' as PartnerSlug;
  await makePortalToken(db, { slug, label: 'ERP' }, BY, clock.now());
  const { cookie, link } = await enter(world, slug);
  const calm = (await enter(world, 'fiscalia' as PartnerSlug)).cookie;
  const { id } = await db
    .selectFrom('notification')
    .select('id')
    .where('partner_slug', '=', slug)
    .where('channel', '=', 'webhook')
    .where('state', '=', 'queued')
    .executeTakeFirstOrThrow();
  return [
    { name: 'portal-open', what: 'Portail : l’entrée', path: link, isStranger: true },
    { name: 'portal', what: 'Portail : journal', path: '/portal', isFull: true, cookie },
    {
      name: 'portal-attempt',
      what: 'Portail : un envoi',
      path: `/portal/notifications/${id}`,
      cookie,
    },
    {
      ...{ name: 'portal-trial', what: 'Portail : appel d’essai', path: '/portal/trial' },
      cookie: calm,
      act: async (page) => {
        await page.locator('main form button').first().click();
        await page.waitForLoadState();
      },
    },
    {
      ...{ name: 'portal-conformance', what: 'Portail : conformité', path: '/portal/conformance' },
      cookie: calm,
      act: async (page) => {
        await page.locator('main form button').first().click();
        await page.locator('.verdicts').waitFor();
        await page.waitForTimeout(4_000);
        await page.goto(page.url().startsWith(url) ? page.url() : url);
      },
    },
    { name: 'docs', what: 'Documentation', path: '/docs', isStranger: true },
  ];
}

async function enter({ db, clock, url }: World, slug: PartnerSlug) {
  const link = async () => {
    const made = await makePortalLink(db, slug, BY, clock.now());
    if (made === 'not-found') throw new Error(`no partner ${slug}`);
    return `/portal/open/${made.token}`;
  };
  const redirect = 'manual';
  const opened = await fetch(url + (await link()), { redirect });
  const held = opened.headers
    .getSetCookie()
    .map((it) => it.split(';')[0])
    .join('; ');
  const pressed = await fetch(`${url}/portal/open`, {
    ...{ method: 'POST', redirect, headers: { cookie: held, origin: url } },
  });
  const name = portalCookie(url);
  const set = pressed.headers.getSetCookie().find((it) => it.startsWith(`${name}=`)) ?? '';
  const value = set.slice(name.length + 1).split(';')[0] ?? '';
  return { link: await link(), cookie: { name, value } };
}

async function ordersToShow({ db }: World) {
  const ofState = async (state: 'exhausted' | 'failed' | 'queued') => {
    const found = await db
      .selectFrom('notification')
      .select('order_id')
      .where('state', '=', state)
      .where('channel', '=', 'webhook')
      .orderBy('order_id', 'desc')
      .executeTakeFirst();
    return found?.order_id ?? null;
  };
  const { order_id: credited } = await db
    .selectFrom('credit_note')
    .select('order_id')
    .executeTakeFirstOrThrow();
  const failing = (await ofState('exhausted')) ?? (await ofState('queued'));
  return { failing, refused: await ofState('failed'), credited };
}
