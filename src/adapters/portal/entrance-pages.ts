// The way in: a link, a page with a button, and only the button spends the link. Mail scanners open
// links, some follow redirections, none presses buttons. The token goes from the address into a short
// cookie at once, so that it stays neither in the address bar nor in the history.

import type Router from '@koa/router';
import type { Context } from 'koa';
import type { DashboardNeeds } from '#adapters/dashboard/needs.ts';
import { refuseCrossSite } from '#adapters/pages/page-guard.ts';
import {
  closePortalSession,
  isLinkOpen,
  PORTAL_SESSION_MS,
  spendLink,
} from '#adapters/postgres/portal/portal-access.ts';
import { showPortalPage } from './portal-frame.ts';
import { portalAct, portalCookie, portalProblem, setPortalCookie } from './portal-visit.ts';

/** Between opening the link and pressing the button. */
const HELD_MS = 15 * 60_000;

export function entranceRoutes(router: Router, needs: DashboardNeeds): void {
  router.get('/portal/open/:token', (ctx) => {
    const value = String(ctx.params.token).slice(0, 200);
    setPortalCookie(needs, ctx, { name: linkCookie(needs), value, maxAgeMs: HELD_MS });
    ctx.set('Cache-Control', 'no-store');
    ctx.set('Referrer-Policy', 'no-referrer');
    ctx.status = 303;
    ctx.redirect('/portal/open');
  });

  router.get('/portal/open', async (ctx) => {
    const token = ctx.cookies.get(linkCookie(needs)) ?? '';
    if (!(await isLinkOpen(needs.db, token, needs.clock.now()))) return showSpent(needs, ctx);
    showPortalPage(needs, ctx, null, {
      ...{ view: 'open', title: 'Ouvrir mon portail', tab: null, model: {} },
    });
    ctx.set('Referrer-Policy', 'no-referrer');
  });

  const ownSiteOnly = refuseCrossSite(needs.publicUrl);
  router.post('/portal/open', (ctx) => {
    // A page that tells no referrer sends « null » for its origin; browsers old enough to send nothing
    // better send no cookie from another site, and without the cookie there is nothing to open.
    const isUnsaid = ctx.get('sec-fetch-site') === '' && ctx.get('origin') === 'null';
    return isUnsaid ? open(needs, ctx) : ownSiteOnly(ctx, () => open(needs, ctx));
  });

  router.post(
    '/portal/sign-out',
    portalAct(needs, async ({ ctx }) => {
      const name = portalCookie(needs.publicUrl);
      await closePortalSession(needs.db, ctx.cookies.get(name) ?? '');
      setPortalCookie(needs, ctx, { name, value: '', maxAgeMs: 0 });
      const text = 'Pour revenir, demandez un nouveau lien à votre contact chez ComptAppart.';
      showPortalPage(needs, ctx, null, portalProblem(200, 'Session fermée', text));
      return null;
    }),
  );
}

async function open(needs: DashboardNeeds, ctx: Context): Promise<void> {
  const token = ctx.cookies.get(linkCookie(needs)) ?? '';
  const session = await spendLink(needs.db, token, needs.clock.now());
  setPortalCookie(needs, ctx, { name: linkCookie(needs), value: '', maxAgeMs: 0 });
  if (session === null) return showSpent(needs, ctx);
  // A new session each time: one planted before is worth nothing.
  const name = portalCookie(needs.publicUrl);
  const planted = ctx.cookies.get(name);
  if (planted) await closePortalSession(needs.db, planted);
  setPortalCookie(needs, ctx, { name, value: session, maxAgeMs: PORTAL_SESSION_MS });
  ctx.set('Cache-Control', 'no-store');
  ctx.status = 303;
  ctx.redirect('/portal');
}

function showSpent(needs: DashboardNeeds, ctx: Context): void {
  const text =
    'Ce lien a déjà servi ou a expiré. Demandez-en un nouveau à votre contact chez ComptAppart.';
  showPortalPage(needs, ctx, null, portalProblem(410, 'Lien expiré', text));
  ctx.set('Referrer-Policy', 'no-referrer');
}

function linkCookie({ publicUrl }: DashboardNeeds): string {
  return publicUrl.startsWith('https:') ? '__Host-portal_link' : 'comptappart_portal_link';
}
