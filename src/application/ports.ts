// Everything the use cases need from outside, on one page. Two kinds: the stores of one database
// transaction (`Tx`), which exist nowhere but inside `Transact`, and the outside world, which is
// never called while a transaction is open. A port speaks our words and says which failures it
// answers; every other failure is thrown and makes the job run again.

import type { Invoice } from '#domain/invoice.ts';
import type { InvoiceNumber, ParisDay, Series } from '#domain/invoice-number.ts';
import type { AttemptResult, Notification, NotificationIn } from '#domain/notification.ts';
import type { NewOrder, Order } from '#domain/order.ts';
import type { Branding, Logo, Partner, PartnerSlug } from '#domain/partner.ts';
import type { PaymentDecision, PaymentFacts } from '#domain/payment.ts';
import type { PaymentKey } from '#domain/payment-key.ts';
import type { Job } from './jobs.ts';

// ---- Time and chance -----------------------------------------------------------------------

export type Clock = { now(): Date };
/** Random identifiers (UUID) for notifications and leases. */
export type NewId = () => string;
/** Lower-case hex. */
export type Sha256 = (bytes: Uint8Array) => string;

// ---- The transaction -----------------------------------------------------------------------

/**
 * Runs `work` in one database transaction: commits when it resolves, rolls back when it throws.
 * No network inside, ever. May run `work` again after a serialisation failure or deadlock.
 */
export type Transact = <T>(work: (tx: Tx) => Promise<T>) => Promise<T>;

/** All that a use case may touch inside one transaction. Unusable after it has ended. */
export type Tx = {
  readonly inbox: Inbox;
  readonly payments: Payments;
  readonly partners: Partners;
  readonly orders: Orders;
  readonly invoices: Invoices;
  readonly notifications: Notifications;
  readonly reconciliations: Reconciliations;
  readonly outbox: Outbox;
};

/** A Stripe event as received. The program trusts it for these ids; the body is kept for audit. */
export type ReceivedEvent = {
  readonly id: string;
  readonly type: string;
  readonly apiVersion: string | null;
  readonly livemode: boolean;
  readonly account: string | null;
  readonly objectId: string | null;
  readonly createdAt: Date;
  readonly body: string;
};

export type Inbox = {
  /** Stores the event; `duplicate` when its id is known, and nothing changes. */
  store(event: ReceivedEvent, receivedAt: Date): Promise<'stored' | 'duplicate'>;
  /** Without the body. Null when no such event was received. */
  find(eventId: string): Promise<Omit<ReceivedEvent, 'body'> | null>;
  /** What came of the event. The last outcome counts; earlier ones are overwritten. */
  conclude(eventId: string, outcome: EventOutcome, at: Date): Promise<void>;
  /** The payment the event was last put under, also while it is looked at again. */
  paymentKeyOf(eventId: string): Promise<PaymentKey | null>;
  /** The last outcome, or null while the event is still to be resolved. */
  outcome(eventId: string): Promise<EventOutcome | null>;
  /**
   * Opens the events again that stopped or waited under this payment; returns their ids. Recorded
   * ones stay as they are.
   */
  reopen(key: PaymentKey, at: Date): Promise<string[]>;
  /** Those of the ids that were never received. */
  unknown(ids: readonly string[]): Promise<string[]>;
  /** Open events whose job has failed for the last time, and with what message. */
  givenUp(limit: number): Promise<{ readonly eventId: string; readonly error: string }[]>;
  /** Ids of open events, untouched since that instant, that no job will wake. */
  unresolvedWithoutJob(before: Date, limit: number): Promise<string[]>;
};

export type EventOutcome = {
  readonly kind: Exclude<PaymentDecision['kind'], 'orders'> | 'recorded' | 'already-recorded';
  readonly reason: string | null;
  readonly paymentKey: PaymentKey | null;
  /** How often a `wait` for Stripe's invoice has been looked at again. */
  readonly tries: number;
};

/** One pass over Stripe's history, resumable by its cursor. */
export type ReconciliationRun = {
  readonly id: number;
  readonly since: Date;
  readonly until: Date;
  /** Stripe's list goes on after this event; null before the first page. */
  readonly cursor: string | null;
  readonly looked: number;
  readonly received: number;
};

export type Reconciliations = {
  /**
   * The newest unfinished run, else null: of the automatic ones when `since` is null, else of those
   * that were asked for and begin at `since` or less than an hour before (`24h` means another
   * instant each time it is typed).
   */
  unfinished(since: Date | null): Promise<ReconciliationRun | null>;
  /** Until when the finished automatic runs have looked without a gap; null before the first. */
  lookedUntil(): Promise<Date | null>;
  start(
    range: { readonly since: Date; readonly until: Date; readonly automatic: boolean },
    at: Date,
  ): Promise<ReconciliationRun>;
  save(run: ReconciliationRun): Promise<void>;
  finish(run: ReconciliationRun, at: Date): Promise<void>;
};

export type PaymentState = 'waiting' | 'quarantined' | 'recorded' | 'dismissed';

export type Payments = {
  /** Without a lock: a hint, to be asked again by `lock` before anything is decided on it. */
  state(key: string): Promise<PaymentState | null>;
  /**
   * Creates the payment or takes its row lock, held until commit; concurrent events of one payment
   * pass here one by one. Returns the state found.
   */
  lock(key: PaymentKey, eventId: string, now: Date): Promise<PaymentState | 'new'>;
  /** The payment under its row lock, held until commit; null when there is none. */
  lockExisting(key: string): Promise<{
    readonly key: PaymentKey;
    readonly state: PaymentState;
    readonly reason: string | null;
    readonly detail: string | null;
    readonly eventId: string;
  } | null>;
  /** The states of those of the keys that are on the books. */
  states(keys: readonly string[]): Promise<ReadonlyMap<string, PaymentState>>;
  /** Keys that are quarantined, oldest first. */
  quarantined(limit: number): Promise<PaymentKey[]>;
  /** Keys of recorded payments that were paid in the range. */
  recordedBetween(since: Date, until: Date): Promise<PaymentKey[]>;
  /** Sets a payment aside for good; the reason of its quarantine stays beside. */
  dismiss(key: PaymentKey, by: string, why: string, now: Date): Promise<void>;
  /** `reason` and `detail` are null for `recorded`. */
  setState(
    key: PaymentKey,
    state: Exclude<PaymentState, 'dismissed'>,
    why: {
      readonly reason: string | null;
      readonly detail: string | null;
      readonly eventId: string;
    },
    now: Date,
  ): Promise<void>;
};

export type Partners = {
  /** The slugs among these that exist. */
  known(slugs: readonly string[]): Promise<ReadonlySet<string>>;
  /** Throws when the partner does not exist: an order's partner always does. */
  branding(slug: PartnerSlug): Promise<Branding>;
};

export type Orders = {
  /** Throws on a second order of the same payment and partner. */
  insert(order: NewOrder): Promise<Order>;
};

export type Invoices = {
  /**
   * Takes the next number of the series of the current year in Paris, and builds, chains and
   * stores the invoice. The counter's row stays locked until commit, so call this last. The year
   * and instant are read after the lock was granted and never run behind an earlier invoice's.
   */
  issue(
    series: Series,
    build: (given: {
      readonly number: InvoiceNumber;
      readonly issuedAt: Date;
      readonly issueDay: ParisDay;
    }) => Invoice,
  ): Promise<Invoice>;
  /**
   * What printing needs; null when the number was never issued. `key` is where the file belongs,
   * `pdf` is null until it is stored.
   */
  forPrinting(number: string): Promise<{
    readonly invoice: Invoice;
    readonly key: string;
    readonly pdf: StoredPdf | null;
    readonly logo: Logo | null;
  } | null>;
  /** Records the stored PDF; `already` when a file is on record, which then stays the master. */
  recordPdf(number: InvoiceNumber, pdf: StoredPdf, at: Date): Promise<'recorded' | 'already'>;
  /** Numbers without a PDF whose deliveries are due since that instant and that no job will wake. */
  unprintedWithoutJob(dueBefore: Date, limit: number): Promise<InvoiceNumber[]>;
};

export type StoredPdf = {
  /** Key in the file store. */
  readonly key: string;
  /** Lower-case hex. */
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly templateVersion: string;
  readonly chromiumVersion: string;
};

export type Notifications = {
  insert(notification: NotificationIn<'queued'>): Promise<void>;
  /** Row-locked until commit. Null when there is none. */
  lock(id: string): Promise<Notification | null>;
  idsOfOrder(orderId: number): Promise<string[]>;
  save(notification: Notification): Promise<void>;
  /** The row that stands for the attempt from before anything is sent. */
  openAttempt(attempt: OpenAttempt): Promise<void>;
  /** Closes an open attempt. One that was closed before (a late result) stays as it is. */
  closeAttempt(
    notificationId: string,
    number: number,
    report: AttemptReport,
    endedAt: Date,
  ): Promise<'closed' | 'already-closed'>;
  /** Everything a delivery needs beside the notification. Throws when the order is missing. */
  delivery(notification: Notification): Promise<Delivery>;
  /** Leases of notifications in `sending` that have run out or whose holder has died. */
  abandoned(now: Date, limit: number): Promise<AbandonedLease[]>;
  /** Ids of deliverable notifications due since before that instant that no job will wake. */
  dueWithoutJob(before: Date, limit: number): Promise<string[]>;
};

export type AbandonedLease = { readonly id: string; readonly leaseToken: string };

export type Delivery = {
  readonly order: Order;
  readonly invoice: Invoice;
  /** Null until the PDF is stored: then nothing may be sent. */
  readonly pdf: StoredPdf | null;
  readonly partner: Partner;
  readonly logo: Logo | null;
  readonly apiKey: string | null;
  readonly signingSecret: string;
};

export type OpenAttempt = {
  readonly notificationId: string;
  readonly number: number;
  readonly round: number;
  readonly leaseToken: string;
  readonly startedAt: Date;
};

/**
 * What an attempt came to, in the words of the attempt log. `timeout` to `unreachable` are the
 * ways of not answering; `interrupted` is our own crash.
 */
export type AttemptOutcome =
  | 'accepted'
  | 'refused'
  | 'redirect'
  | 'server-error'
  | 'timeout'
  | 'dns'
  | 'connection-refused'
  | 'connection-lost'
  | 'tls'
  | 'blocked-address'
  | 'bad-answer'
  | 'deferred'
  | 'not-configured'
  | 'interrupted'
  | 'unreachable';

export type AttemptReport = {
  readonly outcome: AttemptOutcome;
  /** HTTP status or SMTP code; null without an answer. */
  readonly statusCode: number | null;
  /** One sentence for the log, without secrets or personal data of the customer. */
  readonly detail: string | null;
  readonly durationMs: number;
  /** As sent, secrets masked. Null for e-mail. */
  readonly request: {
    readonly url: string;
    readonly headers: Headers;
    readonly body: string;
  } | null;
  /** As received, cut to 16 KiB. */
  readonly response: {
    readonly headers: Headers;
    readonly body: string;
    readonly truncated: boolean;
  } | null;
  /** The mail server's or SES's id of the message. */
  readonly messageId: string | null;
};
export type Headers = Readonly<Record<string, string>>;

export type Outbox = {
  /** Adds the job in this transaction. `runAt` absent: at once. */
  add(job: Job, runAt?: Date): Promise<void>;
};

// ---- The outside world ---------------------------------------------------------------------

/** Reads the live objects behind an event. Throws when Stripe is away or limits us. */
export type StripeReader = {
  read(event: {
    readonly type: string;
    readonly objectId: string | null;
  }): Promise<{ readonly facts: PaymentFacts } | { readonly missing: string }>;
};

/** A payment that Stripe counts as done, by its key. */
export type PaidAtStripe = { readonly key: PaymentKey; readonly at: Date };

/** Stripe's memory. All instants are UTC; throws when Stripe is away or limits us. */
export type StripeHistory = {
  /**
   * One page (up to 100) of events of our types created in the range, newest first, after the
   * event `cursor`. Stripe remembers 30 days.
   */
  eventsPage(
    range: { readonly since: Date; readonly until: Date },
    cursor: string | null,
  ): Promise<{ readonly events: readonly ReceivedEvent[]; readonly more: boolean }>;
  /** The payments done in the range, in no order, perhaps twice. */
  paidBetween(range: { readonly since: Date; readonly until: Date }): AsyncIterable<PaidAtStripe>;
  /** Whether Stripe knows the payment and counts it as done. */
  isPaid(key: PaymentKey): Promise<boolean>;
};

export type PrintedPdf = {
  readonly bytes: Uint8Array;
  readonly templateVersion: string;
  readonly chromiumVersion: string;
};
/** Prints an invoice as a PDF. Throws when Chromium fails; nothing is sent then. */
export type InvoicePrinter = { print(invoice: Invoice, logo: Logo | null): Promise<PrintedPdf> };

export type FileStore = {
  /**
   * Stores the bytes under the key for good: durable and whole when it resolves. A key that is taken
   * keeps what it holds (`exists`); nothing is ever overwritten.
   */
  put(key: string, bytes: Uint8Array, contentType: string): Promise<'stored' | 'exists'>;
  /** Throws when there is no such file. */
  get(key: string): Promise<Uint8Array>;
  /** A link anyone can open until `expiresAt` (to the second). */
  signedUrl(key: string, expiresAt: Date): Promise<string>;
};

/** An answer that was received, or the way in which none was. Never throws for the network. */
export type DeliveryAnswer = {
  readonly result: AttemptResult;
  readonly report: AttemptReport;
};

export type InvoiceMail = {
  readonly notificationId: string;
  readonly order: Order;
  readonly invoice: Invoice;
  readonly logo: Logo | null;
  readonly pdf: Uint8Array;
};
/** Sends the invoice to the customer. Transient refusals are `unavailable`, the others `refused`. */
export type Mailer = { send(mail: InvoiceMail): Promise<DeliveryAnswer> };

export type PartnerRequest = {
  readonly notificationId: string;
  readonly url: string;
  readonly body: string;
  readonly apiKey: string | null;
  /** Standard Webhooks secret, `whsec_` + base64. */
  readonly signingSecret: string;
  readonly sentAt: Date;
};
/** Posts to the partner's endpoint. 2xx accepted; 3xx, 4xx, blocked refused; else unavailable. */
export type PartnerCaller = { post(request: PartnerRequest): Promise<DeliveryAnswer> };

/** Tells a person. Once per transition, with ids only. */
export type Alerts = {
  raise(alert: {
    readonly kind: 'payment-quarantined' | 'notification-ended' | 'invoice-failed' | 'livemode';
    readonly message: string;
    readonly ids: Readonly<Record<string, string | number>>;
  }): void;
};
