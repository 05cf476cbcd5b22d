// One row of « À traiter », as its parts make it and as the page shows it, and how a number of
// things is said when it was not counted to the end.

import { createHash } from 'node:crypto';
import { count, plural } from '#adapters/french.ts';
import type { ShownTime } from '#adapters/pages/shown-time.ts';
import type { StateView } from '#adapters/pages/state-view.ts';

export type CauseView = {
  /** Stable while the cause lasts: rows are told apart by it. */
  readonly id: string;
  readonly badge: StateView;
  readonly sentence: string;
  readonly since: (ShownTime & { readonly ago: string }) | null;
  readonly many: { readonly text: string; readonly href: string | null } | null;
  /** A link, or a button of a form of its own: one of the two. */
  readonly way: {
    readonly label: string;
    readonly href: string | null;
    readonly post: string | null;
  } | null;
};

export type Draft = Omit<CauseView, 'id' | 'since'> & {
  readonly key: string;
  readonly since: Date | null;
};

/** « 3 paiements », « 1 000 paiements ou plus ». */
export function howMany(n: number, one: string, many: string, isMore = false): string {
  const text = `${count(n)} ${plural(n, one, many)}`;
  return isMore ? `${text} ou plus` : text;
}

export function leadTo(label: string, href: string): NonNullable<CauseView['way']> {
  return { label, href, post: null };
}

export function pressFor(label: string, post: string): NonNullable<CauseView['way']> {
  return { label, href: null, post };
}

/** The id of a cause's row or card in the page, whatever signs are in it. */
export function causeId(key: string): string {
  return `c-${createHash('sha256').update(key).digest('hex').slice(0, 10)}`;
}
