// A replay in words and as a share, for the command line and for pages. How far it got is told by time and
// not by count: how many notifications there are is not known before they were looked at.

import { plural } from '#adapters/french.ts';
import { fr } from '#adapters/typeset.ts';
import type { Replay, ReplayState } from '#application/ports.ts';

export const REPLAY_STATE_WORDS: Readonly<Record<ReplayState, string>> = {
  running: 'en cours',
  paused: 'suspendue',
  cancelled: 'arrêtée',
  done: 'terminée',
};

/** « 12 relancées sur 340 examinées »; the others had arrived, or wait for their turn. */
export function replayCounted({ retried, looked }: Replay): string {
  const word = plural(retried, 'relancée', 'relancées');
  return fr`${retried} ${word} sur ${looked} ${plural(looked, 'examinée', 'examinées')}`;
}

/** 0 to 1. */
export function replayShare({ since, until, cursor, state }: Replay): number {
  if (state === 'done') return 1;
  if (!cursor) return 0;
  const share = (cursor.at.getTime() - since.getTime()) / (until.getTime() - since.getTime());
  return Math.min(1, Math.max(0, share));
}
