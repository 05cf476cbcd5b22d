// What a check of `doctor` is: one look at one thing, and what to do about what was seen. A check
// answers and never throws. A fault keeps customers or partners waiting; what wants attention does not
// yet, or waits for a person's decision.

import { reportOf } from './faults.ts';

export type CheckStatus = 'ok' | 'attention' | 'fault';

export type Check = {
  /** camelCase, for machines. */
  readonly name: string;
  readonly title: string;
  readonly status: CheckStatus;
  /** No fault. */
  readonly ok: boolean;
  /** What was seen. */
  readonly detail: string;
  /** What to do about it; null when all is well. */
  readonly action: string | null;
};

/** With an action something is to be done: a fault, unless it says that it is none. */
export type Finding = {
  readonly detail: string;
  readonly action?: string | null;
  readonly isFault?: boolean;
};

/** Runs one look; whatever it throws becomes a fault with that action. */
export async function check(
  [name, title]: readonly [string, string],
  actionIfThrown: string,
  look: () => Promise<Finding>,
): Promise<Check> {
  try {
    const { detail, action = null, isFault = true } = await look();
    const status = action === null ? 'ok' : isFault ? 'fault' : 'attention';
    return { name, title, status, ok: status !== 'fault', detail, action };
  } catch (error) {
    const detail = reportOf(error).sentence;
    return { name, title, status: 'fault', ok: false, detail, action: actionIfThrown };
  }
}

/** Something for a person, when there is time. */
export function attention(detail: string, action: string): Finding {
  return { detail, action, isFault: false };
}
