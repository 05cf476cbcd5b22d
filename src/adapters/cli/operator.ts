// Who sits at the keyboard: kept with whatever is done by hand.

import { userInfo } from 'node:os';

/** The machine's name for the person, and the reason given, if any. */
export function operator(why: string | undefined): {
  readonly actor: string;
  readonly why: string | null;
} {
  return { actor: userInfo().username, why: why?.trim() || null };
}
