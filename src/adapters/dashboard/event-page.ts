// /dashboard/events/:id: one of Stripe's events, what was decided on it, and its body as it was received.

import type Router from '@koa/router';
import { shownTime } from '#adapters/pages/shown-time.ts';
import { eventBody, eventSheet } from '#adapters/postgres/dashboard/event-list.ts';
import { exactJson } from '#adapters/sandbox/exact-json.ts';
import { decisionSentence, decisionView } from './event-words.ts';
import type { DashboardNeeds } from './needs.ts';
import { stripeLink } from './order-stripe-links.ts';
import { page, problem } from './visit.ts';

export function eventRoutes(router: Router, needs: DashboardNeeds): void {
  router.get(
    '/dashboard/events/:id',
    page(needs, 'reader', async (visit) => {
      const id = visit.param('id');
      const filter = { kind: null, type: null, since: null, until: null, text: id };
      const { rows } = await eventSheet(needs.db, filter, { way: 'older', from: null });
      const event = rows.find((row) => row.id === id);
      if (!event) {
        const text = 'Aucun événement de Stripe ne porte cet identifiant.';
        return problem(404, 'Événement inconnu', text);
      }
      const { body, purgedAt } = await eventBody(needs.db, id);
      const { orderIds, paymentDetail: detail } = event;
      return {
        view: 'event',
        title: event.type,
        place: null,
        live: event.paymentKey === null ? [] : [`payment:${event.paymentKey}`],
        model: {
          heading: event.type,
          state: decisionView(event),
          sentence: decisionSentence(event, { detail, orders: orderIds.length }),
          received: shownTime(event.receivedAt, visit.now),
          created: shownTime(event.createdAt, visit.now),
          event: stripeLink(event.id, needs.environment),
          object: event.objectId && stripeLink(event.objectId, needs.environment),
          payment: event.paymentKey && stripeLink(event.paymentKey, needs.environment),
          isHeld: event.kind === 'quarantine' && event.paymentState === 'quarantined',
          orders: orderIds,
          body: body && exactJson(body),
          purged: purgedAt && shownTime(purgedAt, visit.now),
        },
      };
    }),
  );
}
