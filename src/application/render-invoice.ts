// Step 5: the document becomes a PDF in the file store; only then may anything be sent. Claim, print,
// record, like a delivery: a print that hangs or a process that dies is seen and repeated, and a
// document that cannot be printed ends as `failed` instead of taking its turn for ever. The stored
// file is the master: once it is there, no later print replaces it.

import type { Channel } from '#domain/notification.ts';
import {
  claimPrinting,
  givePrintingBack,
  interruptPrinting,
  type Printing,
  type PrintingIn,
  printed,
  printingFailed,
  retryPrinting,
} from '#domain/printing.ts';
import { insist } from './insist.ts';
import type {
  Alerts,
  Clock,
  DocumentOf,
  FileStore,
  InvoicePrinter,
  NewId,
  Notes,
  Sha256,
  StoredPdf,
  ToPrint,
  Trace,
  Transact,
  Tx,
} from './ports.ts';
import { untraced } from './unwatched.ts';

export type RenderInvoiceNeeds = {
  readonly transact: Transact;
  readonly printer: InvoicePrinter;
  readonly files: FileStore;
  readonly sha256: Sha256;
  readonly alerts: Alerts;
  readonly notes: Notes;
  readonly clock: Clock;
  readonly newId: NewId;
  /** This process, as it holds its lock of life. */
  readonly workerId: string;
  readonly trace?: Trace;
};

/** Longer than a print may take with its second try and the store's answer. */
const LEASE_MS = 90_000;

export type ClaimedPrint = {
  readonly printing: PrintingIn<'printing'>;
  readonly found: ToPrint;
};
/** A print that is stored; `place` is the step that stored it. */
export type FinishedPrint = {
  readonly claimed: ClaimedPrint;
  readonly stored: StoredPdf;
  readonly place: string | null;
};
/** Puts a finished print on record and has its notifications sent. */
export type RecordPrint = (finished: FinishedPrint) => Promise<'recorded' | 'late'>;
type Alert = Parameters<Alerts['raise']>[0];

/**
 * Prints, stores and records the document's PDF, and releases its deliveries, with a job for each.
 * Does nothing when it is printed or under way elsewhere; when it cannot be printed now, the next try
 * is on record. Throws when the database is away.
 */
export async function renderInvoice(needs: RenderInvoiceNeeds, number: string): Promise<void> {
  const claimed = await needs.transact((tx) => claimPrint(tx, needs, number));
  if (!claimed) return;
  await renderClaimed(needs, claimed, async (finished) => {
    const [outcome] = await needs.transact(async (tx) => {
      const recorded = await recordPrints(tx, needs.clock, [finished]);
      for (const { id, channel } of recorded.released) {
        const payload = { notificationId: id, channel };
        await tx.outbox.add({ task: 'deliver-notification', payload });
      }
      return recorded.outcomes;
    });
    return outcome as 'recorded' | 'late';
  });
}

/** The same for a document that was claimed. */
export async function renderClaimed(
  needs: RenderInvoiceNeeds,
  claimed: ClaimedPrint,
  recordPrint: RecordPrint,
): Promise<void> {
  const { trace = untraced } = needs;
  const { document, trace: from = null } = claimed.found;
  const facts = { invoiceNumber: document.number, orderId: document.orderId };
  await trace.span('render invoice', { facts, from }, async () => {
    const { number } = claimed.printing;
    let stored: StoredPdf;
    try {
      stored = claimed.found.pdf ?? (await print(needs, claimed.found));
    } catch (error) {
      const why = messageOf(error);
      const outcome = await insist(() =>
        needs.transact((tx) => recordFailure(tx, needs.clock, claimed.printing, why)),
      );
      if (outcome === 'late') needs.notes.note(`a late failed print: ${why}`, { number });
      else if (outcome) needs.alerts.raise(outcome);
      return;
    }
    const finished = { claimed, stored, place: trace.place() };
    const outcome = await insist(() => recordPrint(finished));
    if (outcome === 'late') needs.notes.note('a late print changed nothing', { number });
  });
}

/** Claims up to `limit` documents that are due, each with its lease. */
export async function claimPrints(
  { printings, invoices }: Pick<Tx, 'printings' | 'invoices'>,
  { clock, newId, workerId }: RenderInvoiceNeeds,
  limit: number,
): Promise<readonly ClaimedPrint[]> {
  const now = clock.now();
  const due = await printings.takeDue(now, limit);
  const found = await invoices.allForPrinting(due.map(({ number }) => number));
  const claimed = due.map((waiting): ClaimedPrint => {
    const document = found.get(waiting.number);
    const lease = { token: newId(), holder: workerId, now, forMs: LEASE_MS };
    const printing = claimPrinting(waiting, lease);
    if (!document || printing === 'not-yet') throw new Error(`${waiting.number} is not due`);
    return { printing, found: document };
  });
  await printings.begin(claimed.map(({ printing }) => printing));
  return claimed;
}

/**
 * Records finished prints whose lease is still theirs, and releases what waited for them. Whoever holds
 * the others now records the same files.
 */
export async function recordPrints(
  { printings, invoices, notifications }: Pick<Tx, 'printings' | 'invoices' | 'notifications'>,
  clock: Clock,
  finished: readonly FinishedPrint[],
): Promise<{
  readonly outcomes: readonly ('recorded' | 'late')[];
  readonly released: readonly { readonly id: string; readonly channel: Channel }[];
}> {
  const now = clock.now();
  const ended = await printings.endAll(
    finished.map(({ claimed: { printing: held } }) => ({ held, next: printed(held, now) })),
  );
  const isEnded = ({ claimed }: FinishedPrint) => ended.has(claimed.printing.number);
  const recorded = finished.filter(isEnded);
  await invoices.recordPdfs(
    recorded.map(({ claimed, stored }) => ({ number: claimed.printing.number, pdf: stored })),
    now,
  );
  const released = await notifications.releaseAll(
    recorded.map(({ claimed: { found }, place }) => ({ ...documentOf(found), place })),
    now,
  );
  return { outcomes: finished.map((it) => (isEnded(it) ? 'recorded' : 'late')), released };
}

function documentOf({ document }: ToPrint): DocumentOf {
  const creditNoteId = document.kind === 'credit-note' ? document.creditNoteId : null;
  return { orderId: document.orderId, creditNoteId };
}

async function claimPrint(
  { printings, invoices, outbox }: Tx,
  { clock, newId, workerId }: RenderInvoiceNeeds,
  number: string,
): Promise<ClaimedPrint | null> {
  const waiting = await printings.lock(number);
  const found = waiting && (await invoices.forPrinting(number));
  if (!waiting || !found) throw new Error(`no invoice ${number}`);
  if (waiting.state !== 'queued') return null;
  const now = clock.now();
  const lease = { token: newId(), holder: workerId, now, forMs: LEASE_MS };
  const printing = claimPrinting(waiting, lease);
  if (printing === 'not-yet') {
    await outbox.add(
      { task: 'render-invoice', payload: { invoiceNumber: number } },
      waiting.nextAttemptAt,
    );
    return null;
  }
  await printings.save(printing);
  return { printing, found };
}

async function print(
  { printer, files, sha256 }: RenderInvoiceNeeds,
  { document, key, logo }: ToPrint,
): Promise<StoredPdf> {
  const { bytes, ...versions } = await printer.print(document, logo);
  const put = await files.put(key, bytes, 'application/pdf');
  // `exists`: we crashed between storing and recording, or another worker was faster.
  const kept = put === 'stored' ? bytes : await files.get(key);
  return { key, sha256: sha256(kept), sizeBytes: kept.byteLength, ...versions };
}

async function recordFailure(
  { printings, outbox }: Tx,
  clock: Clock,
  printing: PrintingIn<'printing'>,
  error: string,
): Promise<Alert | 'late' | null> {
  const held = await printings.lock(printing.number);
  if (!holdsLease(held, printing)) return 'late';
  const next = printingFailed(held, error, clock.now());
  await printings.save(next);
  if (next.state === 'queued') {
    const payload = { invoiceNumber: next.number };
    await outbox.add({ task: 'render-invoice', payload }, next.nextAttemptAt);
  }
  // Once when it begins to fail, once when it is given up: nothing is sent meanwhile.
  return next.state === 'failed' || next.failures === 1 ? failedAlert(next) : null;
}

function holdsLease(
  found: Printing | null,
  mine: PrintingIn<'printing'>,
): found is PrintingIn<'printing'> {
  return found?.state === 'printing' && found.leaseToken === mine.leaseToken;
}

/**
 * Puts a print that our own crash cut short back in the queue, or aside after too many. The caller
 * holds the row's lock.
 */
export async function interruptPrint(
  { printings, outbox }: Pick<Tx, 'printings' | 'outbox'>,
  printing: PrintingIn<'printing'>,
  now: Date,
): Promise<Alert | null> {
  const next = interruptPrinting(printing, now);
  await printings.save(next);
  if (next.state === 'failed') return failedAlert(next);
  const payload = { invoiceNumber: next.number };
  await outbox.add({ task: 'render-invoice', payload });
  return null;
}

/** Gives back, uncounted, what this process is still printing: it ends in good order. */
export async function giveBackPrints({
  transact,
  clock,
  workerId,
}: Pick<RenderInvoiceNeeds, 'transact' | 'clock' | 'workerId'>): Promise<number> {
  return transact(async ({ printings, outbox }) => {
    const held = await printings.leased({ holders: [workerId], endedBefore: null }, 1_000);
    for (const { number, leaseToken } of held) {
      const found = await printings.lock(number);
      if (found?.state !== 'printing' || found.leaseToken !== leaseToken) continue;
      await printings.save(givePrintingBack(found, clock.now()));
      await outbox.add({ task: 'render-invoice', payload: { invoiceNumber: number } });
    }
    return held.length;
  });
}

export type RetryPrintAnswer =
  | { readonly kind: 'retried' }
  | { readonly kind: 'not-found' }
  | { readonly kind: 'not-failed'; readonly state: Exclude<Printing['state'], 'failed'> };

/** An operator has a document printed again whose printing was given up. */
export function retryPrint(
  { transact, clock }: Pick<RenderInvoiceNeeds, 'transact' | 'clock'>,
  number: string,
  by: { readonly actor: string; readonly why: string | null },
): Promise<RetryPrintAnswer> {
  return transact(async ({ printings, actions, outbox }) => {
    const found = await printings.lock(number);
    if (!found) return { kind: 'not-found' };
    if (found.state !== 'failed') return { kind: 'not-failed', state: found.state };
    const now = clock.now();
    await printings.save(retryPrinting(found, now));
    await outbox.add({ task: 'render-invoice', payload: { invoiceNumber: number } });
    await actions.add({ ...by, at: now, action: 'printing-retried', subject: number });
    return { kind: 'retried' };
  });
}

function failedAlert({ number, state, failures, lastError }: Printing): Alert {
  const what = state === 'failed' ? 'was given up' : 'failed and will be tried again';
  return {
    kind: 'invoice-failed',
    message: `The printing of ${number} ${what} (${failures})`,
    ids: { number },
    detail: lastError,
  };
}

function messageOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? `${message}: ${cause.message}` : message;
}
