// `notifications list|retry`: what was sent to whom, why it stopped, and an operator's new round.

import { parisTime } from '#adapters/french.ts';
import {
  listNotifications,
  type NotificationListing,
} from '#adapters/postgres/notification-lists.ts';
import { postgresTransact } from '#adapters/postgres/transact.ts';
import {
  attemptCount,
  attemptWords,
  CHANNEL_WORDS,
  MAIL_EVENT_WORDS,
  notificationWord,
} from '#adapters/state-words.ts';
import { systemClock } from '#adapters/system-clock.ts';
import { type RetryAnswer, retryNotification } from '#application/retry-notification.ts';
import type { Channel, NotificationState } from '#domain/notification.ts';
import { openSecretBox, withBooks } from './books.ts';
import type { Answer, Cli } from './cli.ts';
import { misuse } from './faults.ts';
import { fr, moment, momentToTheSecond, wrapped } from './layout.ts';
import { operator } from './operator.ts';
import { slugOf } from './partner-options.ts';

export async function notificationsList(
  cli: Cli,
  options: {
    readonly state?: NotificationState;
    readonly partner?: string;
    readonly limit: number;
  },
): Promise<Answer> {
  const { config } = cli.configure();
  const { state, limit } = options;
  const partner = options.partner === undefined ? undefined : slugOf(options.partner);
  return withBooks(config, async (db) => {
    const which = { limit, ...(state && { state }), ...(partner && { partner }) };
    const notifications = await listNotifications(db, which);
    const text =
      notifications.length === 0 ? 'Aucune notification.' : notifications.map(entry).join('\n');
    return { json: { notifications }, text };
  });
}

function entry(it: NotificationListing): string {
  const { channel, state, attempts } = it;
  const head = fr`${it.id} · ${CHANNEL_WORDS[channel]} · commande n° ${it.orderId} · ${it.partner}`;
  const at = it.completedAt ?? it.endedAt;
  const since = at === null ? '' : ` le ${moment(at, systemClock.now())}`;
  const tried = attempts === 0 ? [] : [attemptCount(attempts)];
  const last = it.lastOutcome === null || it.lastOutcome === 'accepted' ? [] : [lastWords(it)];
  const next = it.nextAttemptAt !== null && attempts > 0 ? [nextWords(it.nextAttemptAt)] : [];
  const held = it.leaseUntil === null ? [] : [leaseWords(it.leaseHolder, it.leaseUntil)];
  const waits = state === 'queued' && it.releasedAt === null ? [fr`attend sa facture PDF`] : [];
  const parts = [`${notificationWord(channel, state)}${since}`, ...waits, ...tried, ...last];
  parts.push(...next, ...held, ...(it.mailEvent ? [MAIL_EVENT_WORDS[it.mailEvent.kind]] : []));
  return `${head}\n${wrapped(parts.join(' · '), '    ')}`;
}

function lastWords({ lastOutcome, lastStatusCode }: NotificationListing): string {
  return fr`dernière : ${attemptWords({ outcome: lastOutcome, statusCode: lastStatusCode })}`;
}

function nextWords(at: Date): string {
  return fr`prochaine à ${parisTime(at)}`;
}

function leaseWords(holder: string | null, until: Date): string {
  return fr`tenue par ${holder ?? '?'} jusqu’à ${momentToTheSecond(until, systemClock.now())}`;
}

type Result = { readonly id: string; readonly answer: RetryAnswer };

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export type RetryOptions = {
  readonly partner?: string;
  readonly since?: string;
  readonly until?: string;
  readonly rate?: number;
  readonly channel?: Channel;
  readonly why?: string;
};

/** Retries those named, or starts a replay of a partner's period and follows it to its end. */
export async function notificationsRetry(
  cli: Cli,
  ids: readonly string[],
  options: RetryOptions,
): Promise<Answer> {
  const { partner, since } = options;
  if (ids.length > 0 && partner === undefined && since === undefined) {
    return retryNamed(cli, ids, options.why);
  }
  if (ids.length > 0 || partner === undefined || since === undefined) {
    throw misuse(fr`Indiquez des identifiants, ou --partner avec --since.`);
  }
  const { replayPeriod } = await import('./replay-commands.ts');
  return replayPeriod(cli, { ...options, partner, since });
}

async function retryNamed(
  cli: Cli,
  ids: readonly string[],
  why: string | undefined,
): Promise<Answer> {
  const { config } = cli.configure();
  return withBooks(config, async (db) => {
    const secrets = await openSecretBox(config);
    const needs = { transact: postgresTransact(db, { clock: systemClock, secrets }) };
    const results: Result[] = [];
    // One after the other: each is its own transaction, and the order of the answers is theirs.
    for (const id of new Set(ids.map((it) => it.toLowerCase()))) {
      const answer: RetryAnswer = UUID.test(id)
        ? await retryNotification({ ...needs, clock: systemClock }, id, operator(why))
        : { kind: 'not-found' };
      results.push({ id, answer });
    }
    return {
      json: { results: results.map(({ id, answer }) => ({ id, ...answer })) },
      text: results.map(resultText).join('\n'),
      isFailure: results.some(({ answer }) => answer.kind !== 'retried'),
    };
  });
}

const STATES = {
  queued: 'elle attend déjà sa prochaine tentative',
  sending: 'elle est en cours d’envoi',
  completed: 'elle est arrivée',
} as const;

function resultText({ id, answer }: Result): string {
  switch (answer.kind) {
    case 'retried':
      return fr`✓ ${id} : relancée (série ${answer.round}).`;
    case 'not-found':
      return fr`✗ ${id} : aucune notification ne porte cet identifiant.`;
    case 'purged':
      return fr`✗ ${id} : les données de ce client ont été effacées, il n’y a plus rien à envoyer.`;
    case 'not-ended':
      return fr`✗ ${id} : rien à relancer, ${STATES[answer.state]}.`;
    default:
      return answer satisfies never;
  }
}
