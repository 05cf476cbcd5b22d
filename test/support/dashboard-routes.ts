// Every route of the dashboard as its router holds it, with the guard it says it has: tests that ask
// something of all routes cannot forget one that was added yesterday.

import type Router from '@koa/router';
import { dashboard } from '#adapters/dashboard/dashboard.ts';
import type { DashboardNeeds } from '#adapters/dashboard/needs.ts';
import type { Guard } from '#adapters/dashboard/visit.ts';

export type DashboardRoute = {
  readonly method: 'GET' | 'POST';
  /** `/dashboard/orders/:id` */
  readonly pattern: string;
  /** Null: the route has none, which is a fault. */
  readonly guard: Guard | null;
};

/** In the order of the router. Nothing is asked of the database. */
export function dashboardRoutes(): DashboardRoute[] {
  const needs = {
    ...{ environment: 'staging', publicUrl: 'http://localhost', databaseUrl: '' },
    log: { error() {}, warn() {}, info() {} },
  } as unknown as DashboardNeeds;
  const { router } = dashboard(needs).routes as unknown as { router: Router };
  return router.stack
    .filter(({ methods, path }) => methods.length > 0 && String(path).startsWith('/dashboard'))
    .map(({ methods, path, stack }) => ({
      method: methods.includes('POST') ? 'POST' : 'GET',
      pattern: String(path),
      guard: (stack.at(-1) as { guard?: Guard } | undefined)?.guard ?? null,
    }));
}

/** An address that the pattern matches; parts that `parts` does not name are `x`. */
export function addressOf(pattern: string, parts: Readonly<Record<string, string>> = {}): string {
  return pattern
    .replace(/\{\*\w+\}/g, 'nowhere')
    .replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(parts[name] ?? 'x'));
}
