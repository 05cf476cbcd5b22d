// The frame of every page of the dashboard: the band that says which money this is, the five places with
// what waits in each, the search, what was just done, and the line's state. A page brings its heading
// and its content; nothing of a page is kept by browsers or proxies.

import type { Context } from 'koa';
import { parisTime } from '#adapters/french.ts';
import { setPageHeaders } from '#adapters/pages/page-guard.ts';
import { templatesIn } from '#adapters/pages/templates.ts';
import {
  type Notice,
  takeNotice,
  type Viewer,
} from '#adapters/postgres/dashboard/account-sessions.ts';
import { type OpenCounts, openCounts } from '#adapters/postgres/dashboard/open-counts.ts';
import type { DashboardNeeds } from './needs.ts';
import { sessionCookie } from './visit.ts';

export type Place = 'overview' | 'orders' | 'notifications' | 'quarantine' | 'partners' | 'people';

export type Page = {
  /** A template of `views/`, which stands in `{{#> layout}}`. */
  readonly view: string;
  /** Before « – ComptAppart » in the window's title. */
  readonly title: string;
  readonly place: Place | null;
  /** What the template names; `frame` and `csrf` are added. */
  readonly model: object;
  /** Default 200. */
  readonly status?: number;
  /**
   * What makes the parts marked `data-live` look again: kinds and ids as the stream tells them
   * (`order:156`, `payment:*`, `replay:3`). Absent: the page stands still.
   */
  readonly live?: readonly string[];
  /** Frames of our own are shown (the PDF). */
  readonly frames?: boolean;
};

const VIEWS = new URL('./views/', import.meta.url);
const template = templatesIn(VIEWS);

const ENVIRONMENTS = {
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

/** Answers with the page. Says the session's notice, if there is one. */
export async function showPage(
  needs: DashboardNeeds,
  ctx: Context,
  viewer: Viewer,
  { view, title, place, model, status = 200, live = [], frames = false }: Page,
): Promise<void> {
  const token = ctx.cookies.get(sessionCookie(needs.publicUrl));
  // A part that is fetched again by the script is not where a person reads the notice.
  const isRefresh = ctx.get('x-live') !== '';
  const [counts, notice] = await Promise.all([
    openCounts(needs.db),
    token && !isRefresh ? takeNotice(needs.db, token) : null,
  ]);
  const frame = {
    ...outerFrame(needs, title),
    theme: viewer.preferences.theme ?? 'auto',
    noShortcuts: viewer.preferences.noShortcuts === true,
    places: placesOf(counts, place),
    viewer: { name: viewer.name, email: viewer.email, isAdmin: viewer.role === 'admin' },
    canAct: viewer.role !== 'reader',
    notice,
    search: typeof ctx.query.q === 'string' ? ctx.query.q.slice(0, 200) : '',
    live: live.join(' '),
    livePlace: String(ctx.state.livePlace ?? ''),
  };
  send(ctx, { view, model: { ...model, frame, csrf: viewer.csrfToken }, status, frames });
}

/** The same frame for who is not signed in: the sign-in page. */
export function showOuterPage(
  needs: DashboardNeeds,
  ctx: Context,
  page: {
    readonly view: string;
    readonly title: string;
    readonly model: object;
    readonly status?: number;
    readonly notice?: Notice | null;
  },
): void {
  const frame = {
    ...outerFrame(needs, page.title),
    theme: 'auto',
    noShortcuts: true,
    places: [],
    viewer: null,
    canAct: false,
    notice: page.notice ?? null,
    search: '',
    live: '',
    livePlace: '',
  };
  const { view, status = 200 } = page;
  send(ctx, { view, model: { ...page.model, frame, csrf: '' }, status, frames: false });
}

function outerFrame({ environment, clock }: DashboardNeeds, title: string) {
  const band = ENVIRONMENTS[environment];
  return {
    title: band ? `[TEST] ${title}` : title,
    band,
    icon: band ? 'icon-test.svg' : 'icon.svg',
    asOf: parisTime(clock.now()),
  };
}

function send(
  ctx: Context,
  { view, model, status, frames }: { view: string; model: object; status: number; frames: boolean },
): void {
  setPageHeaders(ctx, { frames });
  ctx.status = status;
  ctx.type = 'html';
  ctx.body = template(view)(model);
}

function placesOf(counts: OpenCounts, here: Place | null) {
  const place = (name: Place, href: string, label: string, waiting = 0) => ({
    href,
    label,
    isHere: name === here,
    waiting: waiting > 999 ? '999+' : waiting || '',
  });
  return [
    place('overview', '/dashboard', 'Vue d’ensemble'),
    place('orders', '/dashboard/orders', 'Commandes'),
    place('notifications', '/dashboard/notifications', 'Notifications', counts.notifications),
    place('quarantine', '/dashboard/quarantine', 'Quarantaine', counts.quarantine),
    place('partners', '/dashboard/partners', 'Partenaires'),
  ];
}
