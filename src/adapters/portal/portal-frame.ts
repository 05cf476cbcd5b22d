// The frame of the portal's pages and of the documentation: it looks like the dashboard and leads nowhere
// into it. Nothing of a page is kept by browsers or proxies, and no page tells another site where it was
// opened from.

import type { Context } from 'koa';
import type { DashboardNeeds } from '#adapters/dashboard/needs.ts';
import { parisTime } from '#adapters/french.ts';
import { setPageHeaders } from '#adapters/pages/page-guard.ts';
import { templatesIn } from '#adapters/pages/templates.ts';
import type { PortalGuest } from '#adapters/postgres/portal/portal-access.ts';

export type PortalTab = 'journal' | 'trial' | 'conformance' | 'documentation';

export type PortalPage = {
  /** A template of `views/`, which stands in `{{#> layout}}`. */
  readonly view: string;
  readonly title: string;
  readonly tab: PortalTab | null;
  /** What the template names; `frame` and `csrf` are added. */
  readonly model: object;
  /** Default 200. */
  readonly status?: number;
  /** What makes the parts marked `data-live` look again. */
  readonly live?: readonly string[];
};

const template = templatesIn(new URL('./views/', import.meta.url));

const BANDS = {
  sandbox: {
    name: 'Bac à sable',
    says: 'rien n’est réel\u00A0: ni paiement, ni client, ni facture.',
  },
  staging: {
    name: 'Préproduction',
    says: 'paiements de test\u00A0; les factures sont des spécimens.',
  },
  production: null,
} as const;

const TABS: readonly (readonly [tab: PortalTab, href: string, label: string])[] = [
  ['journal', '/portal', 'Journal'],
  ['trial', '/portal/trial', 'Tester'],
  ['conformance', '/portal/conformance', 'Conformité'],
  ['documentation', '/portal/documentation', 'Documentation'],
];

/** Answers with the page; `guest` null: for anybody, without tabs. */
export function showPortalPage(
  { environment, clock }: DashboardNeeds,
  ctx: Context,
  guest: PortalGuest | null,
  { view, title, tab, model, status = 200, live = [] }: PortalPage,
): void {
  const band = BANDS[environment];
  const frame = {
    title: band ? `[TEST] ${title}` : title,
    band,
    icon: band ? 'icon-test.svg' : 'icon.svg',
    asOf: parisTime(clock.now()),
    guest: guest && { name: guest.name },
    home: guest ? '/portal' : '/docs',
    tabs: guest ? TABS.map(([name, href, label]) => ({ href, label, isHere: name === tab })) : [],
    live: live.join(' '),
    livePlace: String(ctx.state.livePlace ?? ''),
  };
  setPageHeaders(ctx);
  ctx.status = status;
  ctx.type = 'html';
  ctx.body = template(view)({ ...model, frame, csrf: guest?.csrfToken ?? '' });
}
