// The dashboard: every page and act in one list, with the role each asks for. Pages that belong together
// come from one file, which adds its own routes.

import Router from '@koa/router';
import type { Middleware } from 'koa';
import { viewerOf } from '#adapters/postgres/dashboard/account-sessions.ts';
import { liveFeed } from '#adapters/postgres/dashboard/live-feed.ts';
import { accountRoutes } from './account-page.ts';
import { actionsRoutes } from './actions-page.ts';
import { eventListRoutes } from './event-list-page.ts';
import { eventRoutes } from './event-page.ts';
import { invoiceListRoutes } from './invoice-list-page.ts';
import { streamLive } from './live-stream.ts';
import type { DashboardNeeds } from './needs.ts';
import { notificationListRoutes } from './notification-list-page.ts';
import { notificationRetryRoutes } from './notification-retry-page.ts';
import { orderListRoutes } from './order-list-page.ts';
import { orderRoutes } from './order-page.ts';
import { overviewRoutes } from './overview-page.ts';
import { partnerRoutes } from './partner-pages.ts';
import { partnerPortalRoutes } from './partner-portal-access.ts';
import { peopleRoutes } from './people-page.ts';
import { quarantineRoutes } from './quarantine-page.ts';
import { replayRoutes } from './replay-pages.ts';
import { searchRoutes } from './search-page.ts';
import { secondFactorRoutes } from './second-factor-page.ts';
import { signInRoutes } from './sign-in-page.ts';
import { page, problem, sessionCookie } from './visit.ts';
import { welcomeRoutes } from './welcome-page.ts';

export type Dashboard = {
  readonly routes: Middleware;
  readonly close: () => Promise<void>;
};

export function dashboard(needs: DashboardNeeds): Dashboard {
  const feed = liveFeed(needs.db, needs.log);
  const router = new Router();
  router.use((ctx, next) => {
    // Before anything is read: what happens from now on is told to the page that will be shown.
    ctx.state.livePlace = feed.place();
    return next();
  });
  signInRoutes(router, needs);
  welcomeRoutes(router, needs);
  accountRoutes(router, needs);
  secondFactorRoutes(router, needs);
  peopleRoutes(router, needs);
  actionsRoutes(router, needs);
  overviewRoutes(router, needs, feed);
  quarantineRoutes(router, needs);
  orderListRoutes(router, needs);
  orderRoutes(router, needs);
  notificationListRoutes(router, needs);
  notificationRetryRoutes(router, needs);
  invoiceListRoutes(router, needs);
  eventListRoutes(router, needs);
  eventRoutes(router, needs);
  searchRoutes(router, needs);
  partnerRoutes(router, needs);
  partnerPortalRoutes(router, needs);
  replayRoutes(router, needs);
  router.get(
    '/dashboard/live',
    page(needs, 'reader', async ({ ctx }) => {
      const token = ctx.cookies.get(sessionCookie(needs.publicUrl)) ?? '';
      const isAdmitted = async () =>
        (await viewerOf(needs.db, token, needs.clock.now(), { isUse: false })) !== null;
      streamLive(ctx, feed, needs.isStopping, undefined, isAdmitted);
      return null;
    }),
  );
  const text = 'L’adresse est fausse, ou trop ancienne.';
  const unknown = async () => problem(404, 'Cette page n’existe pas', text);
  router.get('/dashboard/{*path}', page(needs, 'reader', unknown));
  return { routes: router.routes() as unknown as Middleware, close: () => feed.close() };
}
