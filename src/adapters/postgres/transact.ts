// The one way to the books: opens a transaction, builds the stores on it, commits or rolls back. The
// stores are made nowhere else, so "forgot the transaction" cannot be written. One that is kept
// after the end throws.

import type { SecretBox } from '#adapters/secret-box.ts';
import type { Clock, Inbox, Transact } from '#application/ports.ts';
import { type BookWatch, UNWATCHED } from './book-watch.ts';
import { postgresCredits } from './credits.ts';
import type { Database } from './database.ts';
import { postgresInbox, storeEvents } from './inbox.ts';
import { postgresInvoices } from './invoices.ts';
import { postgresMailEvents } from './mail-events.ts';
import { postgresNotifications } from './notifications.ts';
import { postgresOperatorActions } from './operator-actions.ts';
import { postgresOrders } from './orders.ts';
import { postgresOutbox } from './outbox.ts';
import { postgresPartners } from './partners.ts';
import { postgresPayments } from './payments.ts';
import { postgresPrintings } from './printings.ts';
import { postgresReconciliations } from './reconciliations.ts';
import { postgresReplays } from './replays.ts';

const SERIALIZATION_FAILURE = '40001';
const DEADLOCK_DETECTED = '40P01';
const TRIES = 3;

/**
 * Stores events by one statement, without a transaction around it: one round trip instead of three.
 * Throws as a transaction does.
 */
export function postgresEventStore(db: Database): Inbox['store'] {
  return (events, receivedAt) => despiteDeadlocks(() => storeEvents(db, events, receivedAt));
}

/** READ COMMITTED transactions on `db`, tried again (3 in all) when Postgres breaks a deadlock. */
export function postgresTransact(
  db: Database,
  needs: { readonly clock: Clock; readonly secrets: SecretBox; readonly watch?: BookWatch },
): Transact {
  const { watch = UNWATCHED } = needs;
  return (work) =>
    despiteDeadlocks(() =>
      watch.transaction(() =>
        db.transaction().execute((trx) =>
          work({
            inbox: postgresInbox(trx),
            payments: postgresPayments(trx),
            partners: postgresPartners(trx),
            orders: postgresOrders(trx, needs.clock),
            invoices: postgresInvoices(trx, needs.clock, watch),
            credits: postgresCredits(trx, needs.clock),
            notifications: postgresNotifications(trx, needs, watch),
            printings: postgresPrintings(trx),
            replays: postgresReplays(trx),
            actions: postgresOperatorActions(trx),
            mailEvents: postgresMailEvents(trx),
            reconciliations: postgresReconciliations(trx),
            outbox: postgresOutbox(trx, watch),
          }),
        ),
      ),
    );
}

async function despiteDeadlocks<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      const { code } = error as { code?: string };
      const again = code === SERIALIZATION_FAILURE || code === DEADLOCK_DETECTED;
      if (!again || attempt === TRIES) throw error;
    }
  }
}
