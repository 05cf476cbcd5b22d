// A whole filter of notifications retried. What a replay can express (one partner, one channel, a period,
// all that ended) becomes one: durable, paced, seen to its end on its own page. Anything narrower is
// retried here and now, one by one, as long as it is few; the page says beforehand which of the two.

import type Router from '@koa/router';
import { FIXED } from '#adapters/french.ts';
import {
  endedIds,
  type NotificationFilter,
  retryReach,
} from '#adapters/postgres/dashboard/notification-list.ts';
import { partnerChoices } from '#adapters/postgres/dashboard/search-books.ts';
import { CHANNEL_WORDS } from '#adapters/state-words.ts';
import { fr } from '#adapters/typeset.ts';
import { startReplay } from '#application/replay.ts';
import { retryNotification } from '#application/retry-notification.ts';
import type { PartnerSlug } from '#domain/partner.ts';
import type { Page } from './frame.ts';
import { addressOf, countText, type Params } from './list-address.ts';
import type { DashboardNeeds } from './needs.ts';
import { NOTIFICATIONS, notificationsAsked } from './notification-list-page.ts';
import { act, type Onward, page, type Visit } from './visit.ts';

/** More are not retried in one request: a replay is what they need. */
const ONE_BY_ONE_MAX = 500;
const RATE = 10;
const RATES = [1, 5, 10, 20, 50, 100];
const PATH = `${NOTIFICATIONS}/retry`;

export function notificationRetryRoutes(router: Router, needs: DashboardNeeds): void {
  router.get(
    PATH,
    page(needs, 'operator', (visit) => confirmPage(needs, visit)),
  );
  // The filter stays in the address, where the list and the confirmation have it.
  router.post(
    PATH,
    act(needs, 'operator', (visit, form) =>
      retryAll(needs, visit, {
        rate: Number(form.text('rate')),
        until: form.text('until'),
        why: form.text('why').slice(0, 500) || null,
      }),
    ),
  );
}

type Way =
  | { readonly kind: 'replay'; readonly partner: string; readonly channel: 'email' | 'webhook' }
  | { readonly kind: 'one-by-one' }
  | { readonly kind: 'too-many' };

function wayOf({ state, partner, channel, of }: NotificationFilter, count: number): Way {
  const isAll = state === null || state === 'attention';
  if (isAll && partner !== null && channel !== null && of === null) {
    return { kind: 'replay', partner, channel };
  }
  return { kind: count <= ONE_BY_ONE_MAX ? 'one-by-one' : 'too-many' };
}

async function confirmPage(needs: DashboardNeeds, visit: Visit): Promise<Page> {
  const { filter, params, period } = notificationsAsked(visit);
  const [{ count }, partners] = await Promise.all([
    retryReach(needs.db, filter),
    partnerChoices(needs.db),
  ]);
  const way = wayOf(filter, count);
  const name = partners.find(({ slug }) => slug === filter.partner)?.name ?? filter.partner;
  const n = countText(count, 10_000);
  return {
    view: 'notification-retry',
    title: 'Relancer des notifications',
    place: 'notifications',
    model: {
      heading:
        count === 0
          ? 'Rien à relancer'
          : count === 1
            ? fr`Relancer 1${FIXED}notification ?`
            : fr`Relancer ${n}${FIXED}notifications ?`,
      facts: [
        { name: 'Partenaire', value: name ?? 'Tous' },
        { name: 'Canal', value: filter.channel ? CHANNEL_WORDS[filter.channel] : 'Tous' },
        { name: 'Période', value: period.words || 'Toujours' },
      ],
      count,
      isReplay: way.kind === 'replay',
      isTooMany: way.kind === 'too-many',
      toMail: filter.channel !== 'webhook',
      toCall: filter.channel !== 'email',
      limit: ONE_BY_ONE_MAX,
      rates: RATES.map((rate) => ({ rate, isHere: rate === RATE })),
      until: visit.now.toISOString(),
      action: addressOf(PATH, params),
      back: addressOf(NOTIFICATIONS, params),
    },
  };
}

async function retryAll(
  needs: DashboardNeeds,
  visit: Visit,
  given: { readonly rate: number; readonly until: string; readonly why: string | null },
): Promise<Onward> {
  const { filter, params } = notificationsAsked(visit);
  const by = { actor: visit.viewer.email, why: given.why };
  const { count, oldestAt } = await retryReach(needs.db, filter);
  if (count === 0 || !oldestAt) return refused(params, 'Il n’y a plus rien à relancer.');
  const way = wayOf(filter, count);
  if (way.kind === 'too-many') {
    return refused(params, fr`Plus de ${ONE_BY_ONE_MAX} notifications : rien n’a été relancé.`);
  }
  if (way.kind === 'one-by-one') return retryOneByOne(needs, filter, params, by);
  const { partner, channel } = way;
  const asked = { partner: partner as PartnerSlug, channel };
  const ratePerSecond = RATES.includes(given.rate) ? given.rate : RATE;
  const until = filter.until ?? untilOf(given.until, visit.now);
  const since = filter.since ?? oldestAt;
  if (since >= until) return refused(params, 'Il n’y a plus rien à relancer.');
  const answer = await startReplay(needs, { ...asked, since, until, ratePerSecond }, by);
  if (answer.kind === 'unknown-partner') {
    return refused(params, 'Ce partenaire n’existe pas : rien n’a été relancé.');
  }
  const { id } = answer.replay;
  const text = fr`Relance n° ${id} commencée : elle continue même si vous quittez cette page.`;
  return { to: `/dashboard/replays/${id}`, notice: { kind: 'done', text } };
}

/** When the confirmation was shown: what was born since is not what the person saw. */
function untilOf(text: string, now: Date): Date {
  const at = new Date(text);
  const isOurs = !Number.isNaN(at.getTime()) && at <= now;
  return isOurs ? new Date(at.getTime() + 1) : now;
}

async function retryOneByOne(
  needs: DashboardNeeds,
  filter: NotificationFilter,
  params: Params,
  by: { readonly actor: string; readonly why: string | null },
): Promise<Onward> {
  const ids = await endedIds(needs.db, filter, ONE_BY_ONE_MAX);
  let retried = 0;
  for (const id of ids) {
    const answer = await retryNotification(needs, id, by);
    if (answer.kind === 'retried') retried += 1;
  }
  const done = `${retried}${FIXED}${retried < 2 ? 'notification relancée' : 'notifications relancées'}`;
  const passed = ids.length - retried;
  const rest =
    passed === 0 ? '' : fr` ; ${passed} passées : déjà relancées, ou données du client effacées`;
  const kind = retried > 0 ? 'done' : 'refused';
  return { to: addressOf(NOTIFICATIONS, params), notice: { kind, text: `${done}${rest}.` } };
}

function refused(params: Params, text: string): Onward {
  return { to: addressOf(NOTIFICATIONS, params), notice: { kind: 'refused', text } };
}
