// The pages for people, mounted: dashboard, portal, documentation, and the files they are made with. They
// are loaded when the first is asked for: a worker never needs them, and a start does not wait.

import type { Middleware } from 'koa';
import type { Dashboard } from '#adapters/dashboard/dashboard.ts';
import type { DashboardNeeds } from '#adapters/dashboard/needs.ts';
import type { Portal } from '#adapters/portal/portal.ts';

export type PeoplesPages = {
  readonly middleware: Middleware;
  readonly close: () => Promise<void>;
};

const OURS = /^\/(dashboard|portal|assets|docs|api\/partner)(\/|$)/;

export function peoplesPages(needs: DashboardNeeds): PeoplesPages {
  const isByTls = needs.publicUrl.startsWith('https:');
  let loading: Promise<Loaded> | null = null;
  return {
    middleware: async (ctx, next) => {
      if (!OURS.test(ctx.path)) return next();
      // RFC 6797: who came by TLS once never comes without it.
      if (isByTls) ctx.set('Strict-Transport-Security', 'max-age=31536000');
      loading ??= load(needs);
      loading.catch(() => {
        loading = null; // the next request tries again
      });
      const { dashboard, portal, serveAsset } = await loading;
      if (ctx.path.startsWith('/assets/') && ctx.method === 'GET') return serveAsset(ctx, next);
      if (!ctx.path.startsWith('/dashboard')) return portal.routes(ctx, next);
      return dashboard.routes(ctx, next);
    },
    close: async () => {
      const loaded = await loading;
      await Promise.all([loaded?.dashboard.close(), loaded?.portal.close()]);
    },
  };
}

type Loaded = {
  readonly dashboard: Dashboard;
  readonly portal: Portal;
  readonly serveAsset: Middleware;
};

async function load(needs: DashboardNeeds): Promise<Loaded> {
  const { dashboard } = await import('#adapters/dashboard/dashboard.ts');
  const { portal } = await import('#adapters/portal/portal.ts');
  const { serveAsset } = await import('./assets.ts');
  return { dashboard: dashboard(needs), portal: portal(needs), serveAsset };
}
