// The two buttons of the overview that act at once: printings that were given up, and mails that
// came back and that somebody has seen. Each takes a bounded number at a time and says what it did.

import type Router from '@koa/router';
import { count, plural } from '#adapters/french.ts';
import { openBounces } from '#adapters/postgres/dashboard/overview-causes.ts';
import { fr } from '#adapters/typeset.ts';
import { noteReturnedMails } from '#application/note-returned-mails.ts';
import { retryPrint } from '#application/render-invoice.ts';
import type { DashboardNeeds } from './needs.ts';
import { act } from './visit.ts';

const AT_ONCE = 100;
const OVERVIEW = '/dashboard';

/** `acted` is called after something was changed. */
export function overviewActs(router: Router, needs: DashboardNeeds, acted: () => void): void {
  router.post(
    '/dashboard/prints/retry',
    act(needs, 'operator', async ({ viewer }) => {
      const by = { actor: viewer.email, why: null };
      const numbers = await needs.transact(({ printings }) => printings.failed(AT_ONCE));
      let retried = 0;
      for (const number of numbers) {
        const answer = await retryPrint(needs, number, by);
        if (answer.kind === 'retried') retried += 1;
      }
      acted();
      const text =
        retried === 0
          ? 'Plus aucun PDF n’est en échec : rien n’a été relancé.'
          : fr`Impression relancée : ${count(retried)} ` +
            fr`${plural(retried, 'document', 'documents')}.`;
      return { to: OVERVIEW, notice: { kind: retried === 0 ? 'refused' : 'done', text } };
    }),
  );
  router.post(
    '/dashboard/returned-mails/note',
    act(needs, 'operator', async ({ viewer, now }) => {
      const found = (await openBounces(needs.db, now)).slice(0, AT_ONCE);
      const ids = new Set(found.map(({ notificationId }) => notificationId));
      await noteReturnedMails(needs, [...ids], { actor: viewer.email, why: null });
      acted();
      const words = plural(ids.size, 'e-mail marqué comme vu', 'e-mails marqués comme vus');
      return { to: OVERVIEW, notice: { kind: 'done', text: `${count(ids.size)} ${words}.` } };
    }),
  );
}
