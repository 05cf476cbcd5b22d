// What the books say of one purchase: which of its events arrived, and the payment's journey. Read
// anew each time the page asks, so that it shows what is and never what should be.

import type { Database } from '#adapters/postgres/database.ts';
import {
  type JourneyCreditNote,
  journeyOfEvents,
  type PaymentJourney,
} from '#adapters/postgres/payment-journey.ts';
import type { FileStore } from '#application/ports.ts';

export type PurchaseFacts = {
  /** When the first of its events was stored; null before. */
  readonly receivedAt: Date | null;
  /** Events that came to nothing (no payment of ours), by reason. */
  readonly ignored: readonly string[];
  readonly journey: PaymentJourney | null;
  /** A signed link to the first order's invoice, valid for an hour; null until it is stored. */
  readonly pdfUrl: string | null;
  /** The same as a path where this very server serves it: the reader's own way in stays the way. */
  readonly pdfHref: string | null;
  /** The same of the credit notes, by number, as far as their PDFs are stored. */
  readonly creditNoteHrefs: Readonly<Record<string, string>>;
};

export type PurchaseFactsNeeds = {
  readonly db: Database;
  readonly files: Pick<FileStore, 'signedUrl'>;
  readonly publicUrl: string;
};

const LINK_LIVES_MS = 3_600_000;

/** What is known of these events, at least one. Throws when the database is away. */
export async function purchaseFacts(
  { db, files, publicUrl }: PurchaseFactsNeeds,
  eventIds: readonly string[],
  now: Date,
): Promise<PurchaseFacts> {
  const [events, journey] = await Promise.all([
    db
      .selectFrom('stripe_event as event')
      .leftJoin('event_outcome as outcome', 'outcome.event_id', 'event.id')
      .select(['event.received_at', 'outcome.kind', 'outcome.reason', 'outcome.payment_key'])
      .where('event.id', 'in', [...eventIds])
      .orderBy('event.received_at')
      .execute(),
    journeyOfEvents(db, eventIds),
  ]);
  const pdfKey = journey?.orders[0]?.pdfKey ?? null;
  const expiresAt = new Date(now.getTime() + LINK_LIVES_MS);
  const pdfUrl = pdfKey === null ? null : await files.signedUrl(pdfKey, expiresAt);
  const hrefOf = (url: string) =>
    url.startsWith(`${publicUrl}/`) ? url.slice(publicUrl.length) : url;
  const creditNoteHrefs: Record<string, string> = {};
  for (const { number, pdfKey: key } of creditNotesOf(journey)) {
    if (key !== null) creditNoteHrefs[number] = hrefOf(await files.signedUrl(key, expiresAt));
  }
  return {
    receivedAt: events[0]?.received_at ?? null,
    ignored: events
      .filter(({ kind, payment_key }) => kind === 'ignored' && payment_key === null)
      .map(({ reason }) => reason ?? ''),
    journey,
    pdfUrl,
    pdfHref: pdfUrl === null ? null : hrefOf(pdfUrl),
    creditNoteHrefs,
  };
}

/** Of all orders of the payment. */
export function creditNotesOf(journey: PaymentJourney | null): readonly JourneyCreditNote[] {
  return journey?.orders.flatMap(({ creditNotes }) => creditNotes) ?? [];
}
