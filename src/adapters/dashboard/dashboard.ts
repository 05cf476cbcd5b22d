// The dashboard: every page and act in one list, with the role each asks for. Pages that belong together
// come from one file, which adds its own routes.

import Router from '@koa/router';
import type { Middleware } from 'koa';
import { liveFeed } from '#adapters/postgres/dashboard/live-feed.ts';
import { streamLive } from './live-stream.ts';
import type { DashboardNeeds } from './needs.ts';
import { overviewRoutes } from './overview-page.ts';
import { signInRoutes } from './sign-in-page.ts';
import { page, problem } from './visit.ts';

export type Dashboard = {
  readonly routes: Middleware;
  readonly close: () => Promise<void>;
};

export function dashboard(needs: DashboardNeeds): Dashboard {
  const feed = liveFeed(needs.db, needs.databaseUrl, needs.log);
  const router = new Router();
  signInRoutes(router, needs);
  overviewRoutes(router, needs);
  router.get(
    '/dashboard/live',
    page(needs, 'reader', async ({ ctx }) => {
      streamLive(ctx, feed, needs.isStopping);
      return null;
    }),
  );
  const text = 'L’adresse est fausse, ou trop ancienne.';
  const unknown = async () => problem(404, 'Cette page n’existe pas', text);
  router.get('/dashboard/{*path}', page(needs, 'reader', unknown));
  return { routes: router.routes() as unknown as Middleware, close: () => feed.close() };
}
