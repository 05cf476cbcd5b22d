// The quarantine: what the program refuses to guess about, why, and what to do. An operator has
// payments looked at again once their cause is mended, a card at a time, or sets one aside with a
// reason; both are kept with their name.

import type Router from '@koa/router';
import { count, parisTime, plural } from '#adapters/french.ts';
import type { Notice } from '#adapters/postgres/dashboard/account-sessions.ts';
import { CAUSE_ROWS_MAX } from '#adapters/postgres/dashboard/overview-causes.ts';
import {
  type Quarantined,
  quarantinedPayments,
  quarantineFacts,
  settledSince,
} from '#adapters/postgres/dashboard/quarantine-payments.ts';
import { causeOf } from '#adapters/quarantine-repairs.ts';
import { fr } from '#adapters/typeset.ts';
import { dismissPayment, retryPayment } from '#application/retry-payment.ts';
import type { Page } from './frame.ts';
import type { DashboardNeeds } from './needs.ts';
import { causeId } from './overview-draft.ts';
import { cardView, causesOf, shownKeys } from './quarantine-cards.ts';
import { act, page, type Visit } from './visit.ts';

const PATH = '/dashboard/quarantine';
/** How long a card that was settled is still shown. */
const SETTLED_MS = 3_600_000;
/** Payments of one card that one request has looked at again. */
const AT_ONCE = 100;
const WHY_MAX = 500;

export function quarantineRoutes(router: Router, needs: DashboardNeeds): void {
  router.get(
    PATH,
    page(needs, 'reader', (visit) => quarantinePage(needs, visit)),
  );
  router.post(
    `${PATH}/retry`,
    act(needs, 'operator', async ({ viewer }, form) => {
      const keys = await askedKeys(needs, {
        key: form.text('key'),
        cause: causeOf(form.text('reason'), form.text('detail') || null),
      });
      const by = { actor: viewer.email, why: null };
      const to = `${PATH}#${causeId(causeOf(form.text('reason'), form.text('detail') || null))}`;
      return { to, notice: await retryAll(needs, keys, by) };
    }),
  );
  router.post(
    `${PATH}/dismiss`,
    act(needs, 'operator', async ({ viewer }, form) => {
      const why = form.text('why').slice(0, WHY_MAX);
      const notice = await dismiss(needs, form.text('key'), { by: viewer.email, why });
      return { to: PATH, notice };
    }),
  );
}

async function quarantinePage(needs: DashboardNeeds, { now }: Visit): Promise<Page> {
  const [waiting, settled] = await Promise.all([
    quarantinedPayments(needs.db),
    settledSince(needs.db, new Date(now.getTime() - SETTLED_MS)),
  ]);
  const causes = causesOf(waiting, settled);
  const facts = await quarantineFacts(needs.db, shownKeys(causes));
  const given = { environment: needs.environment, now };
  const n = waiting.length;
  const more = n >= CAUSE_ROWS_MAX ? '+' : '';
  const waits = plural(n, 'paiement attend', 'paiements attendent');
  return {
    view: 'quarantine',
    title: 'Quarantaine',
    place: 'quarantine',
    live: ['payment:*', 'clock'],
    model: {
      heading: n === 0 ? 'Rien en quarantaine' : `${count(n)}${more} ${waits} en quarantaine`,
      lead:
        n === 0
          ? 'Ce que le programme refuse de deviner apparaîtra ici.'
          : 'Ni facture ni envoi tant qu’ils y sont. Réparez la cause, puis relancez.',
      cards: causes.map((cause) => cardView(cause, facts, given)),
    },
  };
}

// One payment, or those of a card, the longest waiting first.
async function askedKeys(
  { db }: DashboardNeeds,
  asked: { readonly key: string; readonly cause: string },
): Promise<readonly string[]> {
  if (asked.key !== '') return [asked.key];
  const waiting: readonly Quarantined[] = await quarantinedPayments(db);
  return waiting
    .filter(({ reason, detail }) => causeOf(reason, detail) === asked.cause)
    .map(({ key }) => key);
}

async function retryAll(
  needs: DashboardNeeds,
  keys: readonly string[],
  by: { readonly actor: string; readonly why: string | null },
): Promise<Notice> {
  let retried = 0;
  let underWay = 0;
  for (const key of keys.slice(0, AT_ONCE)) {
    const answer = await retryPayment(needs, key, by);
    if (answer.kind !== 'retried') continue;
    if (answer.events > 0) retried += 1;
    else underWay += 1;
  }
  if (retried === 0) return { kind: 'refused', text: await nothingDone(needs, keys, underWay) };
  const words = plural(retried, 'paiement est relu', 'paiements sont relus');
  const at = parisTime(needs.clock.now()).slice(0, 5);
  const left = keys.length - AT_ONCE;
  const rest = left > 0 ? fr` Il en reste ${count(left)} : relancez encore.` : '';
  const text = fr`Relance demandée à ${at} : ${count(retried)} ${words} chez Stripe.`;
  return { kind: 'done', text: text + rest };
}

async function nothingDone(
  { db }: DashboardNeeds,
  keys: readonly string[],
  underWay: number,
): Promise<string> {
  if (underWay === 0) return 'Plus rien à relancer ici : rien n’est parti.';
  const facts = await quarantineFacts(db, keys.slice(0, 1));
  const last = facts.get(keys[0] ?? '')?.lastRetry;
  if (!last) return 'La relecture est déjà en cours. Rien de plus n’est parti.';
  const at = parisTime(last.at).slice(0, 5);
  return `${last.by} a déjà relancé à ${at}. Rien de plus n’est parti.`;
}

async function dismiss(
  needs: DashboardNeeds,
  key: string,
  given: { readonly by: string; readonly why: string },
): Promise<Notice> {
  if (given.why === '') {
    const text =
      fr`Dites pourquoi ce paiement est écarté : la raison est gardée. Rien n’a été ` +
      fr`modifié.`;
    return { kind: 'refused', text };
  }
  const answer = await dismissPayment(needs, key, given);
  switch (answer.kind) {
    case 'dismissed':
      return { kind: 'done', text: `Le paiement ${key} est écarté.` };
    case 'not-found':
      return { kind: 'refused', text: `Aucun paiement ne porte la clé ${key}.` };
    case 'not-open': {
      const was = answer.state === 'recorded' ? 'enregistré et facturé' : 'écarté';
      return { kind: 'refused', text: `Ce paiement est déjà ${was}. Rien n’a été modifié.` };
    }
    default:
      return answer satisfies never;
  }
}
