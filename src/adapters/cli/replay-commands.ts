// `notifications retry --partner …` and `replays`: a partner's period delivered again. The command
// writes the order to the books and looks on; the running program does the work, and goes on when the
// command is interrupted.

import { setTimeout as pause } from 'node:timers/promises';
import { findReplay, listReplays, type ReplayListing } from '#adapters/postgres/replays.ts';
import { postgresTransact } from '#adapters/postgres/transact.ts';
import { REPLAY_STATE_WORDS, replayCounted, replayShare } from '#adapters/replay-words.ts';
import { systemClock } from '#adapters/system-clock.ts';
import type { Replay } from '#application/ports.ts';
import { changeReplay, startReplay } from '#application/replay.ts';
import { openSecretBox, withBooks } from './books.ts';
import type { Answer, Cli } from './cli.ts';
import { Fault, misuse } from './faults.ts';
import { fr, moment, wrapped } from './layout.ts';
import type { RetryOptions } from './notification-commands.ts';
import { operator } from './operator.ts';
import { slugOf } from './partner-options.ts';
import { pastMoment } from './past-moment.ts';
import { progressBar } from './progress-bar.ts';

const RATE_PER_SECOND = 10;
const LOOK_EVERY_MS = 250;
/** Nobody works the queue: the order is kept, but waiting for its end would be waiting for ever. */
const PATIENCE_MS = 15_000;

export async function replayPeriod(
  cli: Cli,
  options: RetryOptions & { readonly partner: string; readonly since: string },
): Promise<Answer> {
  const { config } = cli.configure();
  const now = systemClock.now();
  const since = pastMoment('--since', options.since, now);
  const until = options.until === undefined ? now : pastMoment('--until', options.until, now);
  if (since >= until) throw misuse(fr`--until doit venir après --since.`);
  const asked = {
    partner: slugOf(options.partner),
    channel: options.channel ?? ('webhook' as const),
    since,
    until,
    ratePerSecond: options.rate ?? RATE_PER_SECOND,
  };
  return withBooks(config, async (db) => {
    const secrets = await openSecretBox(config);
    const transact = postgresTransact(db, { clock: systemClock, secrets });
    const begun = await startReplay({ transact, clock: systemClock }, asked, operator(options.why));
    if (begun.kind === 'unknown-partner') {
      throw new Fault(fr`Aucun partenaire ne s’appelle ${asked.partner}.`);
    }
    const { id } = begun.replay;
    if (!cli.isJson) {
      process.stderr.write(`${fr`Relance n° ${id} : elle continue même si vous partez.`}\n`);
    }
    const bar = progressBar(cli, 'relancées');
    let last = await findReplay(db, id);
    let movedAt = Date.now();
    while (last?.state === 'running' && Date.now() - movedAt < PATIENCE_MS) {
      await pause(LOOK_EVERY_MS);
      const next = await findReplay(db, id);
      if (next && next.looked !== last.looked) movedAt = Date.now();
      last = next;
      if (last) bar.show(replayShare(last), last.retried);
    }
    bar.end();
    if (!last) throw new Error(`replay ${id} has vanished`);
    return { json: { replay: shown(last) }, text: line(last) };
  });
}

export async function replaysList(
  cli: Cli,
  { limit }: { readonly limit: number },
): Promise<Answer> {
  const { config } = cli.configure();
  return withBooks(config, async (db) => {
    const replays = await listReplays(db, limit);
    const text = replays.length === 0 ? 'Aucune relance.' : replays.map(entry).join('\n');
    return { json: { replays: replays.map(shown) }, text };
  });
}

const DONE = { pause: 'suspendue', resume: 'reprise', cancel: 'arrêtée' } as const;

export async function replayChange(
  cli: Cli,
  change: keyof typeof DONE,
  id: number,
  { why }: { readonly why?: string },
): Promise<Answer> {
  const { config } = cli.configure();
  return withBooks(config, async (db) => {
    const secrets = await openSecretBox(config);
    const transact = postgresTransact(db, { clock: systemClock, secrets });
    const answer = await changeReplay({ transact, clock: systemClock }, id, change, operator(why));
    const json = { id, ...answer };
    switch (answer.kind) {
      case 'changed':
        return { json, text: fr`✓ Relance n° ${id} : ${DONE[change]}.` };
      case 'not-found':
        return { json, text: fr`✗ Aucune relance ne porte le n° ${id}.`, isFailure: true };
      case 'not-possible': {
        const text = fr`✗ Relance n° ${id} : elle est ${REPLAY_STATE_WORDS[answer.state]}.`;
        return { json, text, isFailure: true };
      }
      default:
        return answer satisfies never;
    }
  });
}

function entry(it: ReplayListing): string {
  const now = systemClock.now();
  const head = fr`n° ${it.id} · ${it.partner} · ${it.channel} · ${REPLAY_STATE_WORDS[it.state]}`;
  const span = fr`du ${moment(it.since, now)} au ${moment(it.until, now)}, ${it.ratePerSecond}/s`;
  const by = fr`par ${it.requestedBy}${it.why === null ? '' : fr` : ${it.why}`}`;
  return `${head}\n${wrapped(`${replayCounted(it)} · ${span} · ${by}`, '    ')}`;
}

function line(it: Replay): string {
  return fr`Relance n° ${it.id} ${REPLAY_STATE_WORDS[it.state]} : ${replayCounted(it)}.`;
}

function shown({ cursor: _cursor, ...replay }: ReplayListing) {
  return replay;
}
