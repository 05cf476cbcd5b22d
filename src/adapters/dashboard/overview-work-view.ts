// What is wrong with the machines, as rows of « À traiter »: no worker, work that is late, calls
// that pile up, Stripe's webhooks that do not arrive, an audit with findings. Each says what to do;
// none says it twice.

import type { StateView } from '#adapters/pages/state-view.ts';
import { LATE_ROWS_MAX, type WorkNow } from '#adapters/postgres/dashboard/overview-work.ts';
import { fr } from '#adapters/typeset.ts';
import { addressOf } from './list-address.ts';
import { type CauseView, type Draft, howMany, leadTo } from './overview-draft.ts';

const STOPPED: StateView = {
  word: 'À l’arrêt',
  family: 'bad',
  fill: 'solid',
  icon: 'octagon-x',
};
const LATE: StateView = { word: 'En retard', family: 'bad', fill: 'solid', icon: 'timer-off' };
const DOUBT: StateView = {
  word: 'À vérifier',
  family: 'bad',
  fill: 'solid',
  icon: 'triangle-alert',
};
const WORK_LATE_MS = 60_000;
const AUDIT_LATE_MS = 3 * 24 * 3_600_000;

/** Rows of the machines, the gravest first. */
export function workDrafts(work: WorkNow, now: Date): Draft[] {
  const drafts: Draft[] = [];
  const add = (
    key: string,
    badge: StateView,
    sentence: string,
    since: Date | null = null,
    many: CauseView['many'] = null,
    way: CauseView['way'] = null,
  ) => drafts.push({ key, badge, sentence, since, many, way });
  const { lastAudit, oldestDueAt } = work;

  if (lastAudit && lastAudit.findings > 0) {
    const text = howMany(lastAudit.findings, 'faute', 'fautes');
    const sentence =
      fr`L’audit a trouvé des fautes dans les livres. Lancez « comptappart audit » et ne ` +
      fr`corrigez rien à la main.`;
    add('audit', DOUBT, sentence, lastAudit.at, { text, href: null });
  } else if (lastAudit && now.getTime() - lastAudit.at.getTime() > AUDIT_LATE_MS) {
    const sentence = fr`L’audit de chaque nuit ne se fait plus. Vérifiez qu’un worker tourne.`;
    add('audit', LATE, sentence, lastAudit.at);
  }
  if (work.workers === 0) {
    const sentence =
      fr`Aucun worker n’est en marche : rien n’est imprimé ni envoyé. Lancez ` +
      fr`« comptappart serve » ou « worker ».`;
    add('workers', STOPPED, sentence, oldestDueAt);
  }
  const late = lateWork(work);
  const isStuck = oldestDueAt !== null && now.getTime() - oldestDueAt.getTime() > WORK_LATE_MS;
  if (work.workers > 0 && (late || isStuck || work.lostLeases > 0)) {
    const sentence =
      work.lostLeases > 0
        ? fr`Un worker ne répond plus et retient du travail. Redémarrez-le : un autre reprendra.`
        : fr`Du travail attend plus qu’il ne devrait. Voyez le journal des workers, ou ` +
          fr`lancez-en un de plus.`;
    const text = late?.text ?? howMany(work.lostLeases, 'envoi retenu', 'envois retenus');
    const many = late || work.lostLeases > 0 ? { text, href: late?.href ?? null } : null;
    add('late', LATE, sentence, late?.since ?? oldestDueAt, many);
  }
  if (work.deadJobs > 0) {
    const text = howMany(work.deadJobs, 'travail', 'travaux');
    const sentence = 'Du travail a été abandonné après trop d’essais. Voyez le journal.';
    add('dead-jobs', STOPPED, sentence, null, { text, href: null });
  }
  for (const { partner, name, count: n, since } of work.backlogs) {
    const href = addressOf('/dashboard/notifications', { state: 'queued', partner });
    const sentence =
      fr`Les appels à ${name} prennent du retard : ses réponses sont trop lentes. ` +
      fr`Prévenez le partenaire.`;
    const many = { text: howMany(n, 'appel', 'appels', n >= LATE_ROWS_MAX), href };
    add(`backlog ${partner}`, LATE, sentence, since, many, leadTo('Voir la file', href));
  }
  if (work.foundLater > 0) {
    const text = howMany(work.foundLater, 'événement', 'événements');
    const sentence =
      fr`Des événements de Stripe ne sont arrivés que par la réconciliation : l’adresse ` +
      fr`donnée à Stripe ne répond pas toujours. Voyez les webhooks dans Stripe et le ` +
      fr`journal (400, 503).`;
    const href = '/dashboard/events';
    add('found-later', DOUBT, sentence, work.lastEventAt, { text, href });
  }
  return drafts;
}

// One row for all that is late, with the kind of which most waits.
function lateWork({ unresolved, unprinted, unmailed }: WorkNow) {
  const kinds = [
    unresolved && {
      ...unresolved,
      text: howMany(
        unresolved.count,
        'paiement à lire',
        'paiements à lire',
        unresolved.count >= LATE_ROWS_MAX,
      ),
      href: null,
    },
    unprinted && {
      ...unprinted,
      text: howMany(
        unprinted.count,
        'PDF à faire',
        'PDF à faire',
        unprinted.count >= LATE_ROWS_MAX,
      ),
      href: '/dashboard/orders?state=open',
    },
    unmailed && {
      ...unmailed,
      text: howMany(
        unmailed.count,
        'e-mail à envoyer',
        'e-mails à envoyer',
        unmailed.count >= LATE_ROWS_MAX,
      ),
      href: '/dashboard/notifications?state=queued&channel=email',
    },
  ].filter((it) => it !== null);
  return kinds.sort((a, b) => b.count - a.count)[0] ?? null;
}
