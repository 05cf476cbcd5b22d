// The pages for people, mounted: dashboard, portal, documentation, and the files they are made with. They
// are loaded when the first is asked for: a worker never needs them, and a start does not wait.

import type { Middleware } from 'koa';
import type { Dashboard } from '#adapters/dashboard/dashboard.ts';
import type { DashboardNeeds } from '#adapters/dashboard/needs.ts';

export type PeoplesPages = {
  readonly middleware: Middleware;
  readonly close: () => Promise<void>;
};

const OURS = /^\/(dashboard|portal|assets|docs|api\/partner)(\/|$)/;

export function peoplesPages(needs: DashboardNeeds): PeoplesPages {
  let loading: Promise<Loaded> | null = null;
  return {
    middleware: async (ctx, next) => {
      if (!OURS.test(ctx.path)) return next();
      loading ??= load(needs);
      loading.catch(() => {
        loading = null; // the next request tries again
      });
      const { dashboard, serveAsset } = await loading;
      if (ctx.path.startsWith('/assets/') && ctx.method === 'GET') return serveAsset(ctx, next);
      return dashboard.routes(ctx, next);
    },
    close: async () => {
      await (await loading)?.dashboard.close();
    },
  };
}

type Loaded = { readonly dashboard: Dashboard; readonly serveAsset: Middleware };

async function load(needs: DashboardNeeds): Promise<Loaded> {
  const { dashboard } = await import('#adapters/dashboard/dashboard.ts');
  const { serveAsset } = await import('./assets.ts');
  return { dashboard: dashboard(needs), serveAsset };
}
