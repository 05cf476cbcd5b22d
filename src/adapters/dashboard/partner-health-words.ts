// A partner's health in one sentence: does it receive, and if not, since when and what comes next. The
// same words head its page and stand in its row of the list.

import { count, duration, FIXED, plural } from '#adapters/french.ts';
import {
  type ShownTime,
  shownDistance,
  shownMoment,
  shownTime,
} from '#adapters/pages/shown-time.ts';
import type { StateView } from '#adapters/pages/state-view.ts';
import type { PartnerHealth, PartnerTrouble } from '#adapters/postgres/dashboard/partner-health.ts';
import { attemptWords } from '#adapters/state-words.ts';
import { fr } from '#adapters/typeset.ts';
import type { AttemptOutcome } from '#application/ports.ts';

export type HealthView = {
  readonly state: StateView;
  /** Goes on after the partner's name: « reçoit tout : 412 livrées sur 412 ces 24 h ». */
  readonly says: string;
  /** « 503 Erreur du serveur », while something is wrong. */
  readonly cause: string | null;
  readonly since: ShownTime | null;
  readonly nextRetry: (ShownTime & { readonly distance: string }) | null;
  readonly delivered: string;
  readonly failed: number;
  readonly answer: { readonly median: string; readonly p95: string } | null;
};

type About = {
  readonly health: PartnerHealth | undefined;
  /** The address of this environment. */
  readonly url: string | null;
  readonly now: Date;
};

/** `health` is absent of a partner that nothing is known of. */
export function healthView({ health, url, now }: About): HealthView {
  const state = stateOf(health, url);
  const { trouble = null, nextRetryAt = null } = health ?? {};
  return {
    state,
    says: saysOf(health, url, now),
    cause: trouble && attemptWords(trouble),
    since: trouble && shownTime(trouble.since, now),
    nextRetry: nextRetryAt && {
      ...shownTime(nextRetryAt, now),
      distance: shownDistance(nextRetryAt, now),
    },
    delivered: health && health.total > 0 ? deliveredOf(health) : '–',
    failed: health?.failed ?? 0,
    answer: answerOf(health),
  };
}

function stateOf(health: PartnerHealth | undefined, url: string | null): StateView {
  if (url === null) return { word: 'Sans adresse', family: 'bad', fill: 'solid', icon: 'ban' };
  if (health?.trouble) {
    const { outcome } = health.trouble;
    const refuses = outcome === 'server-error' ? 'En erreur' : 'Refuse';
    const word = isSilent(outcome) ? 'Ne répond plus' : refuses;
    return { word, family: 'bad', fill: 'solid', icon: 'unplug' };
  }
  if (health && health.failed > 0) {
    return { word: 'Livraisons en échec', family: 'bad', fill: 'tint', icon: 'circle-x' };
  }
  if (!health?.lastAcceptedAt) {
    return { word: 'Rien livré encore', family: 'neutral', fill: 'bare', icon: 'circle-slash' };
  }
  return { word: 'Reçoit', family: 'good', fill: 'bare', icon: 'circle-check' };
}

function saysOf(health: PartnerHealth | undefined, url: string | null, now: Date): string {
  if (url === null) return fr`n’a pas d’adresse ici : rien ne peut lui être livré`;
  if (!health) return fr`n’a encore rien à recevoir`;
  if (health.trouble) return troubleWords(health.trouble, now);
  if (health.total === 0) return quietWords(health, now);
  const answer = answerOf(health);
  const speed = answer === null ? '' : fr`, réponse en ${answer.median} (p95 ${answer.p95})`;
  const all = health.delivered === health.total;
  const waiting = health.total - health.delivered - health.failed;
  const rest = [
    ...(health.failed > 0 ? [`${count(health.failed)} en échec`] : []),
    ...(waiting > 0 ? [`${count(waiting)} en attente`] : []),
  ];
  const others = rest.length === 0 ? '' : `, ${rest.join(', ')}`;
  return fr`reçoit${all ? ' tout' : ''} : ${deliveredOf(health)} ces 24${FIXED}h${others}${speed}`;
}

function deliveredOf({ delivered, total, isCapped }: PartnerHealth): string {
  const word = plural(delivered, 'livrée', 'livrées');
  if (isCapped) return `${count(delivered)} ${word} sur les ${count(total)} dernières`;
  return `${count(delivered)} ${word} sur ${count(total)}`;
}

function quietWords({ lastAcceptedAt }: PartnerHealth, now: Date): string {
  if (!lastAcceptedAt) return fr`n’a encore rien à recevoir`;
  const at = shownMoment(lastAcceptedAt, now).text;
  return fr`n’avait rien à recevoir ces 24${FIXED}h ; dernière livraison le ${at}`;
}

function troubleWords(trouble: PartnerTrouble, now: Date): string {
  const { outcome, attempts } = trouble;
  const since = sinceWords(trouble.since, now);
  const tries = `${count(attempts)} ${plural(attempts, 'tentative', 'tentatives')} en échec`;
  const what = isSilent(outcome)
    ? 'ne répond plus'
    : outcome === 'server-error'
      ? 'répond par des erreurs'
      : 'refuse nos commandes';
  return fr`${what} depuis ${since} : ${tries} (${attemptWords(trouble)})`;
}

/** « 14:32 » of today, « le 22 nov. 14:32 » of another day. */
function sinceWords(at: Date, now: Date): string {
  const today = /^(\d\d:\d\d):\d\d$/.exec(shownTime(at, now).text)?.[1];
  return today ?? `le ${shownMoment(at, now).text}`;
}

const ANSWERED: ReadonlySet<AttemptOutcome> = new Set(['refused', 'redirect', 'server-error']);

function isSilent(outcome: AttemptOutcome): boolean {
  return !ANSWERED.has(outcome);
}

function answerOf(health: PartnerHealth | undefined) {
  const { medianMs = null, p95Ms = null } = health ?? {};
  if (medianMs === null || p95Ms === null) return null;
  return { median: duration(medianMs), p95: duration(p95Ms) };
}
