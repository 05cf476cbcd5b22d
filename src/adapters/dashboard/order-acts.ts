// What a person may set going again from an order's page: a message that ended, a PDF that was given up. A
// page that is older than somebody else's act sends nothing more, and says who was faster.

import type Router from '@koa/router';
import { FIXED, parisTime } from '#adapters/french.ts';
import { lastAction } from '#adapters/postgres/dashboard/order-actions.ts';
import { orderOfDocument } from '#adapters/postgres/dashboard/search-books.ts';
import { fr } from '#adapters/typeset.ts';
import { retryPrint } from '#application/render-invoice.ts';
import { retryNotification } from '#application/retry-notification.ts';
import type { DashboardNeeds } from './needs.ts';
import { act, type Onward, problem, type Visit } from './visit.ts';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export function orderActs(router: Router, needs: DashboardNeeds): void {
  router.post(
    '/dashboard/orders/:id/retry',
    act(needs, 'operator', async (visit, form) => {
      const [id, round] = [form.text('notification'), Number(form.text('round'))];
      const known = UUID.test(id) ? await roundOf(needs, visit, id) : null;
      if (known === null) {
        return problem(404, 'Notification inconnue', 'Cette commande n’a pas cette notification.');
      }
      // Seen before somebody's new round: whatever came of that one, this was not about it.
      if (known !== round) return tooLate(needs, visit, id);
      return retry(needs, visit, id);
    }),
  );
  router.post(
    '/dashboard/orders/:id/print',
    act(needs, 'operator', async (visit, form) => {
      const number = form.text('number');
      if ((await orderOfDocument(needs.db, number)) !== Number(visit.param('id'))) {
        return problem(404, 'Document inconnu', 'Cette commande n’a pas ce document.');
      }
      return print(needs, visit, number);
    }),
  );
}

async function roundOf({ db }: DashboardNeeds, visit: Visit, id: string): Promise<number | null> {
  const row = await db
    .selectFrom('notification')
    .select(['round', 'order_id'])
    .where('id', '=', id)
    .executeTakeFirst();
  return row && row.order_id === Number(visit.param('id')) ? row.round : null;
}

async function retry(needs: DashboardNeeds, visit: Visit, id: string): Promise<Onward> {
  const answer = await retryNotification(needs, id, { actor: visit.viewer.email, why: null });
  switch (answer.kind) {
    case 'retried':
      return said(visit, fr`Relance demandée à ${hour(visit.now)}.`);
    case 'not-ended':
    case 'not-found':
      return tooLate(needs, visit, id);
    case 'purged':
      return refused(visit, 'Les données de ce client ont été effacées : rien n’en repart.');
    default:
      return answer satisfies never;
  }
}

async function print(needs: DashboardNeeds, visit: Visit, number: string): Promise<Onward> {
  const answer = await retryPrint(needs, number, { actor: visit.viewer.email, why: null });
  if (answer.kind === 'retried') {
    return said(visit, fr`Nouvelle impression demandée à ${hour(visit.now)}.`);
  }
  const last = await lastAction(needs.db, 'printing-retried', number);
  const who = last && whoOf(last, visit);
  const before = who ? `${who} déjà relancée à ${hour(last.at)}.` : 'Ce PDF n’est pas en échec.';
  return refused(visit, `${before} Rien de plus n’a été demandé.`);
}

async function tooLate(needs: DashboardNeeds, visit: Visit, id: string): Promise<Onward> {
  const last = await lastAction(needs.db, 'notification-retried', id);
  const before = last
    ? `${whoOf(last, visit)} déjà relancée à ${hour(last.at)}.`
    : 'Elle est déjà repartie, ou arrivée.';
  return refused(visit, `${before} Rien de plus n’est parti.`);
}

function whoOf(
  { actor, actorName }: { readonly actor: string; readonly actorName: string },
  { viewer }: Visit,
): string {
  return actor === viewer.email ? 'Vous l’avez' : `${actorName} l’a`;
}

function hour(at: Date): string {
  return parisTime(at).slice(0, 5);
}

function said(visit: Visit, text: string): Onward {
  return { to: orderHref(visit), notice: { kind: 'done', text } };
}

function refused(visit: Visit, text: string): Onward {
  const typeset = text.replaceAll(' :', `${FIXED}:`);
  return { to: orderHref(visit), notice: { kind: 'refused', text: typeset } };
}

function orderHref(visit: Visit): string {
  return `/dashboard/orders/${Number(visit.param('id'))}`;
}
