// The portal, the pull API and the documentation: every route that partners see, in one list. None of
// them leads into the dashboard, and none of the dashboard's sessions opens them.

import Router from '@koa/router';
import type { Middleware } from 'koa';
import { streamLive } from '#adapters/dashboard/live-stream.ts';
import type { DashboardNeeds } from '#adapters/dashboard/needs.ts';
import { liveFeed } from '#adapters/postgres/dashboard/live-feed.ts';
import { portalGuest } from '#adapters/postgres/portal/portal-access.ts';
import { type Background, conformanceRoutes } from './conformance-pages.ts';
import { docsRoutes } from './docs-pages.ts';
import { entranceRoutes } from './entrance-pages.ts';
import { journalRoutes } from './journal-pages.ts';
import { type PartnerApiOptions, partnerApiRoutes } from './partner-api.ts';
import { notFound, portalCookie, portalPage } from './portal-visit.ts';
import { trialRoutes } from './trial-pages.ts';

export type Portal = {
  readonly routes: Middleware;
  /** Waits for the checks under way; they begin nothing more once the program is stopping. */
  readonly close: () => Promise<void>;
};

export function portal(needs: DashboardNeeds, options: PartnerApiOptions = {}): Portal {
  const feed = liveFeed(needs.db, needs.log);
  const underWay = new Set<Promise<void>>();
  const background: Background = {
    run(work) {
      const done = work()
        .catch((err) => needs.log.error({ err }, 'a conformance check failed on our side'))
        .finally(() => underWay.delete(done));
      underWay.add(done);
    },
  };
  const router = new Router();
  router.use((ctx, next) => {
    ctx.state.livePlace = feed.place();
    return next();
  });
  entranceRoutes(router, needs);
  journalRoutes(router, needs);
  trialRoutes(router, needs);
  conformanceRoutes(router, needs, background);
  docsRoutes(router, needs);
  partnerApiRoutes(router, needs, options);
  router.get(
    '/portal/live',
    portalPage(needs, async ({ ctx, guest }) => {
      const token = ctx.cookies.get(portalCookie(needs.publicUrl)) ?? '';
      const isAdmitted = async () =>
        (await portalGuest(needs.db, token, needs.clock.now())) !== null;
      // Of all that the tables tell, its own trials and nothing else.
      const heard = (told: string) => told === `trial:${guest.slug}`;
      streamLive(ctx, feed, needs.isStopping, heard, isAdmitted);
      return null;
    }),
  );
  router.get(
    '/portal/{*path}',
    portalPage(needs, async () => notFound()),
  );
  return {
    routes: router.routes() as unknown as Middleware,
    async close() {
      await Promise.all([feed.close(), ...underWay]);
    },
  };
}
