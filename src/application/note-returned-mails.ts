// Somebody has seen that mails came back, and does what a program cannot: asks the customer for
// another address. What the mail's server told stays as it is; that it was seen, by whom and when,
// is kept beside.

import type { Clock, Transact } from './ports.ts';

/** One action for each of the notifications. */
export async function noteReturnedMails(
  { transact, clock }: { readonly transact: Transact; readonly clock: Clock },
  notificationIds: readonly string[],
  by: { readonly actor: string; readonly why: string | null },
): Promise<void> {
  await transact(async ({ actions }) => {
    const at = clock.now();
    for (const subject of new Set(notificationIds)) {
      await actions.add({ ...by, at, action: 'mail-return-noted', subject });
    }
  });
}
