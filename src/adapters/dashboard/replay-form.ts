// « Rejouer une période »: what is to be sent again, then a page that says how many that would be and that
// the partner may see some twice, and only then the order itself, which the queue works off.

import type Router from '@koa/router';
import { count, plural } from '#adapters/french.ts';
import type { Form } from '#adapters/pages/form.ts';
import { parisField, parisInstant } from '#adapters/pages/paris-input.ts';
import { shownMoment } from '#adapters/pages/shown-time.ts';
import { partnerHealths, WIDE_WINDOW } from '#adapters/postgres/dashboard/partner-health.ts';
import { countReplayable } from '#adapters/postgres/dashboard/partner-notifications.ts';
import { replayPage } from '#adapters/postgres/dashboard/partner-replays.ts';
import type { RegisteredPartner } from '#adapters/postgres/partner-registry.ts';
import { CHANNEL_WORDS } from '#adapters/state-words.ts';
import { fr } from '#adapters/typeset.ts';
import { REPLAY_RATE_MAX, startReplay } from '#application/replay.ts';
import type { Channel } from '#domain/notification.ts';
import type { Page } from './frame.ts';
import type { DashboardNeeds } from './needs.ts';
import { partnerIn, unknownPartner } from './partner-in.ts';
import { act, type Onward, page, type Visit } from './visit.ts';

const DAY_MS = 24 * 3_600_000;
const MINUTE_MS = 60_000;
const RATE_DEFAULT = 10;
const COUNT_CAP = 10_000;
const WHY_CHARACTERS_MAX = 500;

type Typed = {
  readonly channel: string;
  /** As the fields take them: Paris, without a zone. */
  readonly since: string;
  readonly until: string;
  readonly rate: string;
  readonly why: string;
};
type Asked = {
  readonly channel: Channel;
  readonly since: Date;
  readonly until: Date;
  readonly ratePerSecond: number;
};
type Faults = Partial<Record<'since' | 'until' | 'rate', string>>;

export function replayFormRoutes(router: Router, needs: DashboardNeeds): void {
  const path = '/dashboard/partners/:slug/replay';
  router.get(
    path,
    page(needs, 'operator', async (visit) => {
      const partner = await partnerIn(needs, visit);
      if (!partner) return unknownPartner(visit);
      return formPage(partner, await suggested(needs, partner, visit.now), {});
    }),
  );
  router.post(
    path,
    act(needs, 'operator', async (visit, form) => {
      const partner = await partnerIn(needs, visit);
      return partner ? asked(needs, visit, partner, form) : unknownPartner(visit);
    }),
  );
}

/** From the beginning of the trouble, if there is one, else the last day. */
async function suggested(
  { db }: DashboardNeeds,
  { slug }: RegisteredPartner,
  now: Date,
): Promise<Typed> {
  const healths = await partnerHealths(db, [slug], now, WIDE_WINDOW);
  const since = healths.get(slug)?.trouble?.since ?? new Date(now.getTime() - DAY_MS);
  const [from, to] = [parisField(since), parisField(new Date(now.getTime() + MINUTE_MS))];
  return { channel: 'webhook', since: from, until: to, rate: `${RATE_DEFAULT}`, why: '' };
}

function formPage(partner: RegisteredPartner, typed: Typed, faults: Faults): Page {
  const { slug, branding } = partner;
  const heading = `Rejouer une période de ${branding.name}`;
  return {
    view: 'replay-form',
    title: heading,
    place: 'partners',
    status: Object.keys(faults).length > 0 ? 422 : 200,
    model: {
      ...{ heading, typed, name: branding.name, base: `/dashboard/partners/${slug}` },
      isMail: typed.channel === 'email',
      faults: { since: null, until: null, rate: null, ...faults },
      rateMax: REPLAY_RATE_MAX,
    },
  };
}

async function asked(
  needs: DashboardNeeds,
  visit: Visit,
  partner: RegisteredPartner,
  form: Form,
): Promise<Page | Onward> {
  const typed: Typed = {
    channel: form.text('channel'),
    since: form.text('since'),
    until: form.text('until'),
    rate: form.text('rate'),
    why: form.text('why').slice(0, WHY_CHARACTERS_MAX),
  };
  const read = readAsked(typed, visit.now);
  if ('faults' in read || form.text('step') === 'back') {
    return formPage(partner, typed, 'faults' in read ? read.faults : {});
  }
  if (form.text('step') === 'start') return start(needs, visit, partner, { ...read, typed });
  return confirmation(needs, visit, partner, { ...read, typed });
}

function readAsked(typed: Typed, now: Date): Asked | { readonly faults: Faults } {
  const faults: Faults = {};
  const [since, until] = [parisInstant(typed.since), parisInstant(typed.until)];
  const rate = /^\d{1,5}$/.test(typed.rate) ? Number(typed.rate) : 0;
  if (!since || since >= now) faults.since = 'Indiquez un jour et une heure passés.';
  if (!until) faults.until = 'Indiquez un jour et une heure.';
  else if (since && since >= until) faults.until = 'La fin doit venir après le début.';
  if (rate < 1 || rate > REPLAY_RATE_MAX) {
    faults.rate = `Indiquez un nombre entier de 1 à ${count(REPLAY_RATE_MAX)}.`;
  }
  if (!since || !until || Object.keys(faults).length > 0) return { faults };
  const channel = typed.channel === 'email' ? 'email' : 'webhook';
  return { channel, since, until: until > now ? now : until, ratePerSecond: rate };
}

type Wish = Asked & { readonly typed: Typed };

async function confirmation(
  { db }: DashboardNeeds,
  { now }: Visit,
  partner: RegisteredPartner,
  wish: Wish,
): Promise<Page> {
  const { slug, branding } = partner;
  const { typed, channel, since, until, ratePerSecond } = wish;
  const scope = { partner: slug, channel, since, until };
  const reach = await countReplayable(db, scope, { cap: COUNT_CAP, now });
  const open = await replayPage(db, { partner: slug, areOpen: true }, 5);
  const shown = `${count(Math.min(reach, COUNT_CAP))}${reach > COUNT_CAP ? '+' : ''}`;
  const what = plural(reach, 'notification repartirait', 'notifications repartiraient');
  const heading = reach === 0 ? 'Rien à rejouer dans cette période' : `${shown} ${what}`;
  return {
    view: 'replay-confirm',
    title: heading,
    place: 'partners',
    model: {
      ...{ heading, typed, isEmpty: reach === 0, isMail: channel === 'email' },
      ...{ name: branding.name, base: `/dashboard/partners/${slug}`, rate: ratePerSecond },
      channel: CHANNEL_WORDS[channel],
      since: shownMoment(since, now),
      until: shownMoment(until, now),
      atLeast: roughly(Math.min(reach, COUNT_CAP) / ratePerSecond),
      open: open.map(({ id, requestedBy }) => ({ id, by: requestedBy })),
    },
  };
}

function roughly(seconds: number): string {
  if (seconds < 60) return 'moins d’une minute';
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes}\u00A0min` : `${Math.round(minutes / 60)}\u00A0h`;
}

async function start(
  needs: DashboardNeeds,
  { viewer }: Visit,
  { slug }: RegisteredPartner,
  { typed, ...wish }: Wish,
): Promise<Page | Onward> {
  const { since, until, channel } = wish;
  const open = await replayPage(needs.db, { partner: slug, areOpen: true }, 20);
  const same = open.find(
    (it) =>
      it.channel === channel &&
      it.since <= since &&
      until <= new Date(it.until.getTime() + MINUTE_MS),
  );
  if (same) {
    const text = fr`Cette période est déjà rejouée par ${same.requestedBy} : rien de plus n’est lancé.`;
    return { to: `/dashboard/replays/${same.id}`, notice: { kind: 'refused', text } };
  }
  const by = { actor: viewer.email, why: typed.why || null };
  const answer = await startReplay(needs, { partner: slug, ...wish }, by);
  if (answer.kind === 'unknown-partner') return { to: '/dashboard/partners' };
  const text = 'La relance est lancée. Elle continue même si vous fermez cette page.';
  return { to: `/dashboard/replays/${answer.replay.id}`, notice: { kind: 'done', text } };
}
