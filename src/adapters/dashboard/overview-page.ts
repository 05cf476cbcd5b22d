// The overview: is everything all right, and if not, what waits for whom?

import type Router from '@koa/router';
import type { DashboardNeeds } from './needs.ts';
import { page } from './visit.ts';

export function overviewRoutes(router: Router, needs: DashboardNeeds): void {
  router.get(
    '/dashboard',
    page(needs, 'reader', async () => ({
      view: 'overview',
      title: 'Vue d’ensemble',
      place: 'overview',
      live: ['order:*', 'payment:*'],
      model: { heading: 'Tout est à jour' },
    })),
  );
}
