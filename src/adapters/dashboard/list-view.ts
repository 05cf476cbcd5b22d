// What every list shows beside its rows: tabs with their counts, the way to older and newer sheets, how
// far was looked, the way out of a filter that finds nothing. The address is the state: each of them is
// a link.

import { FIXED } from '#adapters/french.ts';
import { shownTime } from '#adapters/pages/shown-time.ts';
import {
  COUNT_MAX,
  type Sheet,
  STRETCH_ROWS,
  type Turn,
} from '#adapters/postgres/dashboard/keyset-list.ts';
import { fr } from '#adapters/typeset.ts';
import { addressOf, countText, type Params, placeText } from './list-address.ts';

export type ListWords = {
  /** « commandes », after a number. */
  readonly many: string;
  /** « Plus anciennes », « Plus récentes ». */
  readonly older: string;
  readonly newer: string;
};

export type Tab = {
  /** As the address says it; empty for all. */
  readonly state: string;
  readonly word: string;
  /** Null: not counted. */
  readonly count: number | null;
};

export function tabsOf(path: string, params: Params, tabs: readonly Tab[]) {
  return tabs.map(({ state, word, count }) => ({
    href: addressOf(path, { ...params, state }),
    word,
    count: countText(count, COUNT_MAX),
    isHere: (params.state ?? '') === state,
  }));
}

/** Links to the sheets around; null where there is nothing to go to. */
export function pagerOf<R>(
  { rows, hasOlder, hasNewer, lookedTo }: Sheet<R>,
  turn: Turn,
  around: {
    readonly path: string;
    readonly params: Params;
    readonly words: ListWords;
    readonly now: Date;
  },
) {
  const { path, params, words, now } = around;
  const [first, last] = [rows.at(0), rows.at(-1)];
  const toOlder = turn.way === 'older' && lookedTo ? lookedTo : hasOlder ? keyOf(last) : null;
  const toNewer = turn.way === 'newer' && lookedTo ? lookedTo : hasNewer ? keyOf(first) : null;
  const isLost = hasNewer && !first;
  return {
    older: toOlder && addressOf(path, { ...params, older: placeText(toOlder) }),
    olderWord: turn.way === 'older' && lookedTo ? 'Chercher plus loin' : words.older,
    newer: toNewer
      ? addressOf(path, { ...params, newer: placeText(toNewer) })
      : isLost
        ? addressOf(path, params)
        : null,
    newerWord: isLost ? 'Revenir au début' : words.newer,
    looked: lookedTo ? lookedWords(words, lookedTo.at, now) : '',
    isFirst: turn.from === null,
  };
}

function keyOf(row: { readonly keyAt: string; readonly keyId: string } | undefined) {
  return row ? { at: row.keyAt, id: row.keyId } : null;
}

function lookedWords({ many }: ListWords, at: string, now: Date): string {
  const n = countText(STRETCH_ROWS, STRETCH_ROWS);
  const { text } = shownTime(new Date(at), now);
  return fr`Ce filtre s’applique à ${n}${FIXED}${many} à la fois : celles-ci vont jusqu’à ${text}.`;
}

/** The choices of a field, the one that is set marked. */
export function choicesOf(
  choices: readonly (readonly [value: string, word: string])[],
  chosen: string | null,
) {
  return choices.map(([value, word]) => ({ value, word, isHere: value === (chosen ?? '') }));
}
