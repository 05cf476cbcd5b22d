// Replays as pages: the list, and one with how far it got, who wanted it and why, and what may be done with
// it while it runs. The work itself is the queue's; a page that is closed stops nothing.

import type Router from '@koa/router';
import { FIXED } from '#adapters/french.ts';
import { type ShownTime, shownMoment, shownTime } from '#adapters/pages/shown-time.ts';
import type { StateView } from '#adapters/pages/state-view.ts';
import { replayPage } from '#adapters/postgres/dashboard/partner-replays.ts';
import { findReplay, type ReplayListing } from '#adapters/postgres/replays.ts';
import { REPLAY_STATE_WORDS, replayCounted, replayShare } from '#adapters/replay-words.ts';
import { CHANNEL_WORDS } from '#adapters/state-words.ts';
import { fr } from '#adapters/typeset.ts';
import type { ReplayState } from '#application/ports.ts';
import { changeReplay } from '#application/replay.ts';
import { parsePartnerSlug } from '#domain/partner.ts';
import type { Page } from './frame.ts';
import type { DashboardNeeds } from './needs.ts';
import { replayFormRoutes } from './replay-form.ts';
import { act, type Onward, page, problem, type Visit } from './visit.ts';

const ROWS = 50;

const LOOKS: Readonly<Record<ReplayState, Omit<StateView, 'word'>>> = {
  running: { family: 'active', fill: 'tint', icon: 'play' },
  paused: { family: 'wait', fill: 'tint', icon: 'pause' },
  cancelled: { family: 'neutral', fill: 'bare', icon: 'circle-slash' },
  done: { family: 'good', fill: 'bare', icon: 'circle-check' },
};

export type ReplayLine = {
  readonly id: number;
  readonly href: string;
  readonly partner: string;
  readonly state: StateView;
  readonly channel: string;
  readonly since: ShownTime;
  readonly until: ShownTime;
  readonly rate: number;
  readonly by: string;
  readonly why: string | null;
  readonly counted: string;
  /** Whole percent of the period. */
  readonly percent: number;
  readonly begun: ShownTime;
  readonly moved: ShownTime;
};

export function replayRoutes(router: Router, needs: DashboardNeeds): void {
  replayFormRoutes(router, needs);
  router.get(
    '/dashboard/replays',
    page(needs, 'reader', (visit) => list(needs, visit)),
  );
  router.get(
    '/dashboard/replays/:id',
    page(needs, 'reader', (visit) => one(needs, visit)),
  );
  for (const change of ['pause', 'resume', 'cancel'] as const) {
    router.post(
      `/dashboard/replays/:id/${change}`,
      act(needs, 'operator', (visit) => changed(needs, visit, change)),
    );
  }
}

/** A replay as its row and its page show it. */
export function replayLine(it: ReplayListing, now: Date): ReplayLine {
  const { id, partner, state, channel, ratePerSecond: rate, requestedBy: by, why } = it;
  const word = REPLAY_STATE_WORDS[state];
  return {
    ...{ id, partner, rate, by, why },
    href: `/dashboard/replays/${id}`,
    state: { word: word.charAt(0).toUpperCase() + word.slice(1), ...LOOKS[state] },
    channel: CHANNEL_WORDS[channel],
    since: shownMoment(it.since, now),
    until: shownMoment(it.until, now),
    counted: replayCounted(it),
    percent: Math.floor(replayShare(it) * 100),
    begun: shownMoment(it.createdAt, now),
    moved: shownTime(it.updatedAt, now),
  };
}

async function list(needs: DashboardNeeds, visit: Visit): Promise<Page> {
  const partner = parsePartnerSlug(visit.query('partner'));
  const before = idOf(visit.query('before'));
  const which = { ...(partner && { partner }), ...(before && { before }) };
  const found = await replayPage(needs.db, which, ROWS + 1);
  const rows = found.slice(0, ROWS).map((it) => replayLine(it, visit.now));
  const last = found.length > ROWS ? rows.at(-1) : undefined;
  const of = partner ? `partner=${partner}&` : '';
  return {
    view: 'replays',
    title: 'Relances de période',
    place: 'partners',
    live: ['replay:*'],
    model: {
      ...{ rows, partner },
      heading: partner ? `Relances de période – ${partner}` : 'Relances de période',
      older: last ? `/dashboard/replays?${of}before=${last.id}` : null,
    },
  };
}

async function one(needs: DashboardNeeds, visit: Visit): Promise<Page> {
  const id = idOf(visit.param('id'));
  const found = id && (await findReplay(needs.db, id));
  if (!found) return unknownReplay();
  const replay = replayLine(found, visit.now);
  return {
    view: 'replay',
    title: `Relance n°${FIXED}${replay.id}`,
    place: 'partners',
    live: [`replay:${replay.id}`],
    model: {
      ...{ replay, heading: headingOf(found) },
      isRunning: found.state === 'running',
      isPaused: found.state === 'paused',
      isOpen: found.state === 'running' || found.state === 'paused',
      wasEmpty: found.state === 'done' && found.retried === 0,
    },
  };
}

function headingOf({ id, state, partner }: ReplayListing): string {
  return fr`Relance n° ${id}, ${partner} : ${REPLAY_STATE_WORDS[state]}`.replace(
    'n° ',
    `n°${FIXED}`,
  );
}

const DONE = {
  pause: 'La relance est suspendue. Ce qui était déjà reparti est livré.',
  resume: 'La relance reprend.',
  cancel: 'La relance est arrêtée. Ce qui était déjà reparti est livré.',
} as const;

async function changed(
  needs: DashboardNeeds,
  visit: Visit,
  change: keyof typeof DONE,
): Promise<Page | Onward> {
  const id = idOf(visit.param('id'));
  if (!id) return unknownReplay();
  const by = { actor: visit.viewer.email, why: null };
  const answer = await changeReplay(needs, id, change, by);
  const to = `/dashboard/replays/${id}`;
  switch (answer.kind) {
    case 'changed':
      return { to, notice: { kind: 'done', text: DONE[change] } };
    case 'not-found':
      return unknownReplay();
    case 'not-possible': {
      const text = fr`Elle est déjà ${REPLAY_STATE_WORDS[answer.state]} : rien n’a changé.`;
      return { to, notice: { kind: 'refused', text } };
    }
    default:
      return answer satisfies never;
  }
}

function idOf(text: string): number | null {
  return /^[1-9]\d{0,14}$/.test(text) ? Number(text) : null;
}

function unknownReplay(): Page {
  return problem(404, 'Cette relance n’existe pas', 'L’adresse est fausse, ou trop ancienne.');
}
