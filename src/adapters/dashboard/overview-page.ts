// The overview: is everything all right, and if not, what waits for whom? What waits comes first,
// by cause; then the figures of a span, what goes on by itself, and the machines. All readers of a
// process share one reading of the tables, which the live feed ends.

import type Router from '@koa/router';
import { count, duration, euros, plural } from '#adapters/french.ts';
import { shownDistance, shownTime } from '#adapters/pages/shown-time.ts';
import type { LiveFeed } from '#adapters/postgres/dashboard/live-feed.ts';
import { openCauses } from '#adapters/postgres/dashboard/overview-causes.ts';
import {
  type OverviewFigures,
  overviewFigures,
} from '#adapters/postgres/dashboard/overview-figures.ts';
import {
  type Underway,
  underway,
  type WorkNow,
  workNow,
} from '#adapters/postgres/dashboard/overview-work.ts';
import { attemptWords, CHANNEL_WORDS } from '#adapters/state-words.ts';
import { fr } from '#adapters/typeset.ts';
import { cents, currency } from '#domain/money.ts';
import type { Page } from './frame.ts';
import { oneOf } from './list-address.ts';
import type { DashboardNeeds } from './needs.ts';
import { overviewActs } from './overview-acts.ts';
import { causeViews, lastOrderSentence } from './overview-causes-view.ts';
import { chartOf } from './overview-chart.ts';
import { boundsOf, SPAN_WORDS, SPANS, type Span, spanAddress } from './overview-period.ts';
import { type SharedReading, sharedReading } from './shared-reading.ts';
import { page } from './visit.ts';

type Figures = OverviewFigures & { readonly bounds: readonly Date[] };

/** A month is read anew once a minute at most; a day whenever something is told. */
const LASTS_MS: Readonly<Record<Exclude<Span, '24h'>, number>> = { '7d': 15_000, '30d': 60_000 };
/** While the feed is awake a reading is true until something is told; only ages move. */
const UNTOLD_MS = 1_000;
const TOLD_MS = 10_000;
const LEAST_MS = 250;
/** The others are counted: a page of two hundred rows helps nobody. */
const CAUSES_SHOWN = 30;

export function overviewRoutes(
  router: Router,
  needs: DashboardNeeds,
  feed: Pick<LiveFeed, 'place'>,
): void {
  const { db, clock } = needs;
  // Who has just pressed a button here must see what came of it.
  let acts = 0;
  const place = () => `${feed.place()}/${acts}`;
  const fresh = {
    lastsMs: () => (feed.place() === '' ? UNTOLD_MS : TOLD_MS),
    leastMs: LEAST_MS,
    place,
  };
  const figuresOf = async (span: Span): Promise<Figures> => {
    const bounds = boundsOf(span, clock.now());
    return { ...(await overviewFigures(db, bounds)), bounds };
  };
  const figures: Readonly<Record<Span, SharedReading<Figures>>> = {
    '24h': sharedReading(() => figuresOf('24h'), fresh),
    '7d': sharedReading(() => figuresOf('7d'), { lastsMs: () => LASTS_MS['7d'], mayBeOld: true }),
    '30d': sharedReading(() => figuresOf('30d'), {
      lastsMs: () => LASTS_MS['30d'],
      mayBeOld: true,
    }),
  };
  const standing = sharedReading(async () => {
    const now = clock.now();
    const [causes, work, going] = await Promise.all([
      openCauses(db, now),
      workNow(db, now),
      underway(db),
    ]);
    return { causes, work, going };
  }, fresh);
  router.get(
    '/dashboard',
    page(needs, 'reader', async (visit) => {
      const span = oneOf(visit.query('span'), SPANS) ?? '24h';
      const [sold, { causes, work, going }] = await Promise.all([figures[span](), standing()]);
      const rows = causeViews(causes, work, visit.now);
      return overview(visit.now, span, sold, { rows, work, going });
    }),
  );
  overviewActs(router, needs, () => {
    acts += 1;
  });
}

function overview(
  now: Date,
  span: Span,
  sold: Figures,
  standing: {
    readonly rows: ReturnType<typeof causeViews>;
    readonly work: WorkNow;
    readonly going: Underway;
  },
): Page {
  const { rows, work, going } = standing;
  const n = rows.length;
  const waits = plural(n, 'situation attend', 'situations attendent');
  return {
    view: 'overview',
    title: 'Vue d’ensemble',
    place: 'overview',
    live: ['order:*', 'payment:*', 'replay:*', 'clock'],
    model: {
      heading: n === 0 ? 'Tout est à jour' : `${count(n)} ${waits} quelqu’un`,
      lead: lastOrderSentence(work, now),
      causes: rows.slice(0, CAUSES_SHOWN),
      moreCauses: n > CAUSES_SHOWN ? `et ${count(n - CAUSES_SHOWN)} autres` : '',
      figures: figureViews(span, sold),
      spans: SPANS.map((it) => ({
        href: it === '24h' ? '/dashboard' : `/dashboard?span=${it}`,
        word: SPAN_WORDS[it],
        isHere: it === span,
      })),
      chart: chartOf(span, sold.bars),
      going: goingView(going, now),
      machines: machineViews(work, now),
    },
  };
}

function figureViews(span: Span, sold: Figures) {
  const { payments, amounts, tried, firstTry, email, webhook, bounds } = sold;
  const [first, ...others] = amounts.map(({ gross, currency: code }) =>
    euros(cents(gross), currency(code)),
  );
  const share = tried === 0 ? '—' : tenths(Math.floor((firstTry * 1000) / tried));
  const href = spanAddress(span, bounds);
  return [
    { name: 'Paiements reçus', value: count(payments), under: '', href },
    {
      name: 'Montant TTC',
      value: first ?? euros(cents(0), currency('EUR')),
      under: others.length === 0 ? '' : `et ${others.join(', ')}`,
      href,
    },
    {
      name: 'Livrés du premier coup',
      value: tried === 0 ? '—' : fr`${share.replace('.', ',')} %`,
      under: tried === 0 ? '' : `${count(firstTry)} messages sur ${count(tried)}`,
      href: spanAddress(span, bounds, firstTry < tried ? { state: 'attention' } : {}),
    },
    {
      name: 'Du paiement à l’e-mail',
      value: email ? duration(email.median) : '—',
      under: email ? `médiane\u00A0; p95 ${duration(email.p95)}` : '',
      href: null,
    },
    {
      name: 'Du paiement au partenaire',
      value: webhook ? duration(webhook.median) : '—',
      under: webhook ? `médiane\u00A0; p99 ${duration(webhook.p99)}` : '',
      href: null,
    },
  ];
}

function goingView(going: Underway, now: Date) {
  const { next, waiting, sending, replays } = going;
  const href = '/dashboard/notifications?state=queued';
  return {
    isQuiet: waiting === 0 && sending === 0 && replays.length === 0,
    sending: sending === 0 ? null : `${count(sending)} ${plural(sending, 'envoi', 'envois')}`,
    waiting:
      waiting === 0
        ? null
        : { text: `${count(waiting)} ${plural(waiting, 'reprise', 'reprises')}`, href },
    next: next.map((it) => ({
      href: `/dashboard/orders/${it.orderId}`,
      order: fr`n° ${it.orderId}`,
      what: `${CHANNEL_WORDS[it.channel]} · ${it.partnerName}`,
      seen: attemptWords(it),
      at: shownTime(it.nextAttemptAt, now),
      ago: shownDistance(it.nextAttemptAt, now),
    })),
    replays: replays.map((it) => ({
      href: `/dashboard/replays/${it.id}`,
      text: fr`Relance n° ${it.id} chez ${it.partnerName}`,
      progress: `${count(it.retried)} relancées sur ${count(it.looked)} vues`,
      isPaused: it.state === 'paused',
    })),
  };
}

function machineViews(work: WorkNow, now: Date) {
  const moment = (at: Date | null, none: string) =>
    at
      ? { text: null, at: shownTime(at, now), ago: shownDistance(at, now) }
      : { text: none, at: null, ago: '' };
  const { workers, oldestDueAt, lastEventAt, lastReconciledAt, lastAudit } = work;
  const alive = workers === 0 ? 'aucun' : `${count(workers)} en marche`;
  const events = '/dashboard/events';
  return [
    { name: 'Workers', text: alive, at: null, ago: '', href: null },
    { name: 'Travail qui attend', ...moment(oldestDueAt, 'rien n’attend'), href: null },
    {
      name: 'Dernier événement de Stripe',
      ...moment(lastEventAt, 'aucun encore'),
      href: lastEventAt ? events : null,
    },
    { name: 'Dernière réconciliation', ...moment(lastReconciledAt, 'pas encore'), href: null },
    { name: 'Dernier audit', ...moment(lastAudit?.at ?? null, 'pas encore'), href: null },
  ];
}

/** « 90,0 », but « 100 »: all is all. */
function tenths(perMille: number): string {
  return perMille === 1000 ? '100' : (perMille / 10).toFixed(1);
}
