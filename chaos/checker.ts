// Was anything lost, doubled or left undone? A pure judgement over what was read afterwards: the
// books on one side, what the world outside has seen on the other. It trusts no state of the
// program's alone: an order is there when somebody paid for it, a delivery when somebody got it.

import { createHash } from 'node:crypto';
import { type Delivery, deliveryFaults, type Extra } from './delivery-check.ts';

export type Books = {
  readonly events: readonly { readonly id: string; readonly outcome: string | null }[];
  readonly payments: readonly { readonly key: string; readonly state: string }[];
  readonly orders: readonly BookedOrder[];
  readonly invoices: readonly BookedInvoice[];
  readonly pdfs: readonly {
    readonly number: string;
    readonly key: string;
    readonly sha256: string;
  }[];
  readonly notifications: readonly BookedNotification[];
  readonly attempts: readonly BookedAttempt[];
  readonly jobs: readonly { readonly task: string; readonly error: string | null }[];
  /** Digest of each file in the store, by key. */
  readonly files: ReadonlyMap<string, string>;
};

export type BookedOrder = {
  readonly id: number;
  readonly paymentKey: string;
  readonly partner: string;
  readonly grossCents: number;
};

export type BookedInvoice = {
  readonly number: string;
  readonly series: string;
  readonly year: number;
  readonly ordinal: number;
  readonly orderId: number;
  readonly issuedAt: Date;
  readonly content: string;
  readonly previousHash: string;
  readonly hash: string;
};

export type BookedNotification = {
  readonly id: string;
  readonly orderId: number;
  readonly channel: 'email' | 'webhook';
  readonly state: string;
};

export type BookedAttempt = {
  readonly notificationId: string;
  readonly number: number;
  readonly startedAt: Date;
  /** Null while it is open. */
  readonly outcome: string | null;
};

/** What happened outside the program. */
export type World = {
  readonly sold: readonly {
    readonly key: string;
    readonly partners: readonly string[];
    readonly amountCents: number;
  }[];
  /** Events that were answered 200. */
  readonly accepted: ReadonlySet<string>;
  readonly calls: readonly (Delivery & { readonly orderId: number })[];
  readonly mails: readonly (Delivery & { readonly messageId: string })[];
};

export type Rule =
  | 'lost-event'
  | 'lost-order'
  | 'strange-order'
  | 'wrong-amount'
  | 'gap'
  | 'dates'
  | 'chain'
  | 'invoice-missing'
  | 'pdf'
  | 'lost-delivery'
  | 'duplicate'
  | 'message-id'
  | 'undone';

export type Violation = { readonly rule: Rule; readonly what: string };

export type Verdict = {
  readonly violations: readonly Violation[];
  /** Deliveries beyond the first of a notification, each with the attempt that explains it. */
  readonly extraCalls: readonly Extra[];
  readonly extraMails: readonly Extra[];
};

/** Everything that is wrong; nothing when all is well. */
export function check(books: Books, world: World): Verdict {
  const calls = deliveryFaults(books, 'webhook', world.calls);
  const mails = deliveryFaults(books, 'email', world.mails);
  return {
    violations: [
      ...eventFaults(books, world),
      ...orderFaults(books, world),
      ...invoiceFaults(books),
      ...pdfFaults(books),
      ...calls.violations,
      ...mails.violations,
      ...messageIdFaults(world.mails),
      ...undone(books),
    ],
    extraCalls: calls.extra,
    extraMails: mails.extra,
  };
}

function eventFaults(books: Books, { accepted }: World): Violation[] {
  const known = new Set(books.events.map(({ id }) => id));
  return [...accepted]
    .filter((id) => !known.has(id))
    .map((id) => ({ rule: 'lost-event', what: `${id} was answered 200 and is not in the inbox` }));
}

function orderFaults(books: Books, { sold }: World): Violation[] {
  const found: Violation[] = [];
  const byKey = Map.groupBy(books.orders, ({ paymentKey }) => paymentKey);
  for (const { key, partners, amountCents } of sold) {
    const orders = byKey.get(key) ?? [];
    const slugs = orders.map(({ partner }) => partner).toSorted();
    if (slugs.join() !== partners.toSorted().join()) {
      const has = slugs.join(', ') || 'none';
      found.push({
        rule: 'lost-order',
        what: `${key}: orders of ${partners.join(', ')}, has ${has}`,
      });
      continue;
    }
    const sum = orders.reduce((total, { grossCents }) => total + grossCents, 0);
    if (sum !== amountCents) {
      found.push({ rule: 'wrong-amount', what: `${key}: paid ${amountCents}, booked ${sum}` });
    }
  }
  const paid = new Set(sold.map(({ key }) => key));
  for (const key of byKey.keys()) {
    if (!paid.has(key)) found.push({ rule: 'strange-order', what: `${key} was never sold` });
  }
  return found;
}

function invoiceFaults({ orders, invoices }: Books): Violation[] {
  const found: Violation[] = [];
  const invoiced = Map.groupBy(
    invoices.filter(({ series }) => series === 'FQCA'),
    ({ orderId }) => orderId,
  );
  for (const { id } of orders) {
    const count = invoiced.get(id)?.length ?? 0;
    if (count !== 1)
      found.push({ rule: 'invoice-missing', what: `order ${id}: ${count} invoices` });
  }
  for (const series of Map.groupBy(invoices, ({ series }) => series).values()) {
    found.push(...chainFaults(series));
  }
  return found;
}

/** One series over all its years: the chain goes on over New Year, the numbers begin again. */
function chainFaults(series: readonly BookedInvoice[]): Violation[] {
  const found: Violation[] = [];
  const inOrder = series.toSorted((a, b) => a.year - b.year || a.ordinal - b.ordinal);
  let previous: BookedInvoice | null = null;
  for (const invoice of inOrder) {
    const { number, year, ordinal, content, previousHash, hash } = invoice;
    const expected: number = previous !== null && previous.year === year ? previous.ordinal + 1 : 1;
    if (ordinal !== expected) found.push({ rule: 'gap', what: `${number} after ${expected - 1}` });
    if (previous !== null && invoice.issuedAt < previous.issuedAt) {
      found.push({ rule: 'dates', what: `${number} is dated before ${previous.number}` });
    }
    const before: string = previous === null ? '0'.repeat(64) : previous.hash;
    const right = createHash('sha256').update(previousHash).update(content).digest('hex');
    if (previousHash !== before || hash !== right) {
      found.push({ rule: 'chain', what: `${number} breaks the chain` });
    }
    previous = invoice;
  }
  return found;
}

function pdfFaults({ invoices, pdfs, files }: Books): Violation[] {
  const found: Violation[] = [];
  const byNumber = new Map(pdfs.map((pdf) => [pdf.number, pdf]));
  for (const { number } of invoices) {
    const pdf = byNumber.get(number);
    if (!pdf) found.push({ rule: 'pdf', what: `${number} was never printed` });
    else if (files.get(pdf.key) !== pdf.sha256) {
      found.push({ rule: 'pdf', what: `${number}: the file is not the one on record` });
    }
  }
  return found;
}

function messageIdFaults(mails: World['mails']): Violation[] {
  const found: Violation[] = [];
  const owners = new Map<string, string>();
  for (const [id, same] of Map.groupBy(mails, ({ notificationId }) => notificationId)) {
    const messageIds = [...new Set(same.map(({ messageId }) => messageId))];
    const [messageId = ''] = messageIds;
    const isShared = owners.has(messageId);
    if (messageIds.length !== 1 || messageId === '' || isShared) {
      found.push({ rule: 'message-id', what: `mail ${id}: ${messageIds.join(', ')}` });
    }
    owners.set(messageId, id);
  }
  return found;
}

function undone(books: Books): Violation[] {
  const found: string[] = [];
  for (const { id, outcome } of books.events) {
    const isDone = outcome !== null && outcome !== 'pending' && outcome !== 'wait';
    if (!isDone) found.push(`event ${id} is ${outcome ?? 'without outcome'}`);
    if (outcome === 'quarantine') found.push(`event ${id} is in quarantine`);
  }
  for (const { key, state } of books.payments) {
    if (state !== 'recorded') found.push(`payment ${key} is ${state}`);
  }
  for (const { id, channel, state } of books.notifications) {
    if (state !== 'completed') found.push(`${channel} ${id} is ${state}`);
  }
  for (const { notificationId, number, outcome } of books.attempts) {
    if (outcome === null) found.push(`attempt ${number} of ${notificationId} is still open`);
  }
  for (const { task, error } of books.jobs) {
    found.push(`a job ${task} is left${error === null ? '' : ` (${error.slice(0, 120)})`}`);
  }
  return found.map((what) => ({ rule: 'undone', what }));
}
