// Everything the use cases need from outside, on one page. Two kinds: the stores of one database
// transaction (`Tx`), which exist nowhere but inside `Transact`, and the outside world, which is
// never called while a transaction is open. A port speaks our words and says which failures it
// answers; every other failure is thrown and makes the job run again.

import type { CorrectionFacts } from '#domain/credit-note.ts';
import type { CreditableOrder, OrderCredit } from '#domain/credit-split.ts';
import type { Invoice, LegalDocument } from '#domain/invoice.ts';
import type { InvoiceNumber, ParisDay, Series } from '#domain/invoice-number.ts';
import type { Cents, Currency } from '#domain/money.ts';
import type { AttemptResult, Channel, Notification, NotificationIn } from '#domain/notification.ts';
import type { NewOrder, Order } from '#domain/order.ts';
import type { Branding, Logo, Partner, PartnerSlug } from '#domain/partner.ts';
import type { PaymentDecision, PaymentFacts } from '#domain/payment.ts';
import type { PaymentKey } from '#domain/payment-key.ts';
import type { Printing, PrintingIn } from '#domain/printing.ts';
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
  readonly credits: Credits;
  readonly notifications: Notifications;
  readonly printings: Printings;
  readonly replays: Replays;
  readonly actions: OperatorActions;
  readonly mailEvents: MailEvents;
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

/** As it lies in the inbox, and the step that took it in. */
export type StoredEvent = Omit<ReceivedEvent, 'body'> & { readonly trace?: TracedAt | null };

/** An event on its way in, with the steps that its row and its job go on from (null: no trace). */
export type ArrivingEvent = ReceivedEvent & {
  readonly place?: string | null;
  readonly jobPlace?: string | null;
};

export type Inbox = {
  /**
   * Stores those of the events that are new, each with the job that resolves it, in one statement;
   * returns their ids. `refused` when the database takes one of them for no event, whatever it is
   * told: nothing is stored then, and a transaction around it is of no more use. No id may be given twice.
   */
  store(
    events: readonly ArrivingEvent[],
    receivedAt: Date,
  ): Promise<ReadonlySet<string> | { readonly refused: Error }>;
  /** The payments in quarantine under which these events stopped, by event. */
  quarantined(eventIds: readonly string[]): Promise<ReadonlyMap<string, PaymentKey>>;
  /** Without the body. Null when no such event was received. */
  find(eventId: string): Promise<StoredEvent | null>;
  /** What is known of those events that were received, by id, in one question. */
  open(eventIds: readonly string[]): Promise<ReadonlyMap<string, OpenedEvent>>;
  /** Under which payment each was last put; those without one are left out. */
  paymentKeysOf(eventIds: readonly string[]): Promise<ReadonlyMap<string, PaymentKey>>;
  concludeAll(
    concluded: readonly { readonly eventId: string; readonly outcome: EventOutcome }[],
    at: Date,
  ): Promise<void>;
  /** What came of the event. The last outcome counts; earlier ones are overwritten. */
  conclude(eventId: string, outcome: EventOutcome, at: Date): Promise<void>;
  /** The payment the event was last put under, also while it is looked at again. */
  paymentKeyOf(eventId: string): Promise<PaymentKey | null>;
  /** The last outcome, or null while the event is still to be resolved. */
  outcome(eventId: string): Promise<EventOutcome | null>;
  /**
   * Opens the events again that stopped or waited under this payment; returns their ids. Recorded
   * ones stay as they are, and those that `wake` is for.
   */
  reopen(key: PaymentKey, at: Date): Promise<string[]>;
  /** Opens those again that told of money gone back before one of the payments had orders. */
  wake(keys: PaymentKey | readonly PaymentKey[], at: Date): Promise<string[]>;
  /** Those of the ids that were never received. */
  unknown(ids: readonly string[]): Promise<string[]>;
  /** Open events whose job has failed for the last time, and with what message. */
  givenUp(limit: number): Promise<{ readonly eventId: string; readonly error: string }[]>;
  /** Ids of open events, untouched since that instant, that no job will wake. */
  unresolvedWithoutJob(before: Date, limit: number): Promise<string[]>;
};

/** An event as a worker finds it. */
export type OpenedEvent = {
  readonly event: StoredEvent;
  /** Null while it is still to be resolved. */
  readonly outcome: EventOutcome | null;
  /** The payment it was last put under, also while it is looked at again. */
  readonly paymentKey: PaymentKey | null;
  /** Of the payment whose key is the event's object, as an invoice's is; null for none. */
  readonly objectState: PaymentState | null;
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
  /**
   * `lock` for many, in one statement and in the order of their keys, so that two such batches never
   * wait for each other in a ring. Unknown payments are created as recorded; the caller records their
   * orders in the same transaction.
   */
  lockAll(
    given: readonly { readonly key: PaymentKey; readonly eventId: string }[],
    now: Date,
  ): Promise<ReadonlyMap<PaymentKey, PaymentState | 'new'>>;
  /**
   * Keeps `lock` waiting until commit, whether or not there is a payment, and makes none. Returns the
   * state found, null for none.
   */
  hold(key: PaymentKey, eventId: string, now: Date): Promise<PaymentState | null>;
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
  /** Of those of the slugs that exist. */
  brandings(slugs: readonly PartnerSlug[]): Promise<ReadonlyMap<PartnerSlug, Branding>>;
};

export type Orders = {
  /** Throws on a second order of the same payment and partner. */
  insert(order: NewOrder): Promise<Order>;
  /** The same for many, in their order. */
  insertAll(orders: readonly NewOrder[]): Promise<readonly Order[]>;
};

export type Invoices = {
  /**
   * Takes the next number of the series of the current year in Paris, and builds, chains and
   * stores the document, and queues its printing. The counter's row stays locked until commit, so call this last. The year
   * and instant are read after the lock was granted and never run behind an earlier invoice's.
   */
  issue<D extends LegalDocument>(
    series: Series,
    build: (given: {
      readonly number: InvoiceNumber;
      readonly issuedAt: Date;
      readonly issueDay: ParisDay;
    }) => D,
  ): Promise<D>;
  /** The same for many of one series: numbers in the order of `builds`, one short critical section. */
  issueAll<D extends LegalDocument>(
    series: Series,
    builds: readonly IssuedBy<D>[],
  ): Promise<readonly D[]>;
  /** What printing needs; null when the number was never issued. */
  forPrinting(number: string): Promise<ToPrint | null>;
  /** The same for those of the numbers that were issued. */
  allForPrinting(numbers: readonly string[]): Promise<ReadonlyMap<string, ToPrint>>;
  /** Records stored PDFs; where a file is on record already, that one stays the master. */
  recordPdfs(
    pdfs: readonly { readonly number: InvoiceNumber; readonly pdf: StoredPdf }[],
    at: Date,
  ): Promise<void>;
  /** Records the stored PDF; `already` when a file is on record, which then stays the master. */
  recordPdf(number: InvoiceNumber, pdf: StoredPdf, at: Date): Promise<'recorded' | 'already'>;
};

/** How a document is written once its number is known. */
export type IssuedBy<D extends LegalDocument> = {
  readonly build: (given: {
    readonly number: InvoiceNumber;
    readonly issuedAt: Date;
    readonly issueDay: ParisDay;
  }) => D;
  /** The step that its printing goes on from. Absent: the one under way. */
  readonly place?: string | null;
};

/** `key` is where the file belongs, `pdf` is null until it is stored. */
export type ToPrint = {
  readonly document: LegalDocument;
  readonly key: string;
  readonly pdf: StoredPdf | null;
  readonly logo: Logo | null;
  /** The step that issued the document. */
  readonly trace?: TracedAt | null;
};

/** What went back. The caller holds the payment, so that its corrections pass one by one. */
export type Credits = {
  /** Those of the corrections that are on the books. */
  recorded(keys: readonly PaymentKey[]): Promise<ReadonlySet<string>>;
  /** The payment's orders with their invoices, and what was taken back of each line so far. */
  ordersOf(payment: PaymentKey): Promise<InvoicedOrder[]>;
  insert(correction: Correction): Promise<void>;
  /** Throws on a second one of the same correction and order. */
  insertNote(correction: PaymentKey, credit: OrderCredit): Promise<{ readonly id: number }>;
};

export type InvoicedOrder = CreditableOrder & { readonly invoice: Invoice };

export type Correction = Pick<CorrectionFacts, 'key' | 'cause' | 'at'> & {
  readonly payment: PaymentKey;
  readonly eventId: string;
  /** The sum of its credit notes; more than 0. */
  readonly amount: Cents;
  readonly currency: Currency;
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
  insertAll(notifications: readonly NotificationIn<'queued'>[]): Promise<void>;
  /** Row-locked until commit. Null when there is none. */
  lock(id: string): Promise<Notification | null>;
  /**
   * Due notifications of the channel whose PDF is stored, longest due first, row-locked until
   * commit. No more of one partner's than leave `perPartner` under way in all processes together.
   * `skipped`: another process was claiming for a partner at that moment; look again soon.
   */
  takeDue(
    channel: Channel,
    now: Date,
    room: { readonly limit: number; readonly perPartner: number },
  ): Promise<{ readonly due: NotificationIn<'queued'>[]; readonly skipped: boolean }>;
  save(notification: Notification): Promise<void>;
  /** Whether the customer's data of its order were erased; nothing more is sent then. */
  isPurged(notification: Notification): Promise<boolean>;
  /**
   * Puts attempts' results on record where the lease is still the attempt's, each with its attempt
   * closed, in one statement. Returns the ids of those; the others were too late and change nothing.
   */
  concludeAll(concluded: readonly ConcludedAttempt[], at: Date): Promise<ReadonlySet<string>>;
  /** Whether another one could be claimed: of any mail, or of the same partners' webhooks. */
  isMoreDue(than: Notification | readonly Notification[], now: Date): Promise<boolean>;
  /** The document's PDF is stored: its notifications may be sent. Returns those that wait. */
  release(
    document: DocumentOf,
    at: Date,
  ): Promise<readonly { readonly id: string; readonly channel: Channel }[]>;
  /** The same for many; `place` is the step that releases each. */
  releaseAll(
    documents: readonly (DocumentOf & { readonly place: string | null })[],
    at: Date,
  ): Promise<readonly { readonly id: string; readonly channel: Channel }[]>;
  /** Saves the claims, and the row that stands for each attempt from before anything is sent. */
  begin(sending: readonly NotificationIn<'sending'>[], startedAt: Date): Promise<void>;
  /** Closes an open attempt. One that was closed before (a late result) stays as it is. */
  closeAttempt(
    notificationId: string,
    number: number,
    report: AttemptReport,
    endedAt: Date,
  ): Promise<'closed' | 'already-closed'>;
  /** All that deliveries need beside their notifications, by id. Throws when an order is missing. */
  deliveries(notifications: readonly Notification[]): Promise<ReadonlyMap<string, Delivery>>;
  /** Those in `sending` whose lease has run out or whose holder is one of these. */
  leased(of: LeasesOf, limit: number): Promise<AbandonedLease[]>;
  /**
   * Ended ones of a partner born in the period, row-locked, after the cursor, oldest first; those
   * whose order was purged are passed over.
   */
  ended(which: ReplayScope, after: ReplayCursor | null, limit: number): Promise<EndedPage>;
};

/** `next` is what the attempt's result makes of `sent`. */
export type ConcludedAttempt = {
  readonly sent: NotificationIn<'sending'>;
  readonly next: Exclude<Notification, { state: 'sending' }>;
  readonly report: AttemptReport;
};

/** Which document of an order: the invoice, or one of its credit notes. */
export type DocumentOf = { readonly orderId: number; readonly creditNoteId: number | null };

export type LeasesOf = {
  /** Processes whose leases count as lost whatever their end. */
  readonly holders: readonly string[];
  /** Leases that end before this are lost whoever holds them. Null: none. */
  readonly endedBefore: Date | null;
};

/** The printing of the documents, each with a lease while it is under way. */
export type Printings = {
  /** Row-locked until commit. Null when the number was never issued. */
  lock(number: string): Promise<Printing | null>;
  save(printing: Printing): Promise<void>;
  /** Due ones, longest due first, row-locked until commit; what others are claiming is passed over. */
  takeDue(now: Date, limit: number): Promise<PrintingIn<'queued'>[]>;
  /** Saves the claims. */
  begin(printings: readonly PrintingIn<'printing'>[]): Promise<void>;
  /** Ends those whose lease is still the given one; returns their numbers. */
  endAll(
    ended: readonly {
      readonly held: PrintingIn<'printing'>;
      readonly next: PrintingIn<'printed'>;
    }[],
  ): Promise<ReadonlySet<InvoiceNumber>>;
  leased(
    of: LeasesOf,
    limit: number,
  ): Promise<readonly { readonly number: InvoiceNumber; readonly leaseToken: string }[]>;
  /** Due since before that instant, and no job will wake them. */
  dueWithoutJob(before: Date, limit: number): Promise<InvoiceNumber[]>;
  /** Numbers whose printing has failed for good, oldest first. */
  failed(limit: number): Promise<InvoiceNumber[]>;
};

export type ReplayScope = {
  readonly partner: PartnerSlug;
  readonly channel: Channel;
  readonly since: Date;
  readonly until: Date;
};
export type ReplayCursor = { readonly at: Date; readonly id: string };
/** Of the notifications looked at, those that have ended; `next` is null at the end of the list. */
export type EndedPage = {
  readonly looked: number;
  readonly ended: readonly NotificationIn<'failed' | 'exhausted' | 'quarantined'>[];
  readonly next: ReplayCursor | null;
};

export type ReplayState = 'running' | 'paused' | 'cancelled' | 'done';
/** An operator's order to deliver a period again, at a pace. */
export type Replay = ReplayScope & {
  readonly id: number;
  readonly ratePerSecond: number;
  readonly state: ReplayState;
  readonly requestedBy: string;
  readonly why: string | null;
  readonly cursor: ReplayCursor | null;
  readonly looked: number;
  readonly retried: number;
};

export type Replays = {
  insert(replay: Omit<Replay, 'id'>, at: Date): Promise<Replay>;
  /** Row-locked until commit. */
  lock(id: number): Promise<Replay | null>;
  save(replay: Replay, at: Date): Promise<void>;
  /** Ids of running ones, untouched since that instant, that no job will wake. */
  runningWithoutJob(before: Date): Promise<number[]>;
};

/** What people did by hand: kept for ever. */
export type OperatorActions = {
  add(action: {
    readonly at: Date;
    readonly actor: string;
    /** `notification-retried`, `replay-started`, … */
    readonly action: string;
    /** The id of what it was done to. */
    readonly subject: string;
    readonly why: string | null;
  }): Promise<void>;
};

/** What a mail's server told after it took the mail. Kept for ever. */
export type MailEvent = {
  /** The message that told it; the same one may come twice. */
  readonly snsMessageId: string;
  readonly notificationId: string;
  readonly kind:
    | 'delivered'
    | 'delayed'
    | 'bounced'
    | 'bounced-for-now'
    | 'complained'
    | 'rejected';
  /** The servers' words, without addresses. */
  readonly detail: string | null;
  /** The server's id of the mail. */
  readonly messageId: string;
  readonly at: Date;
};

export type MailEvents = {
  /**
   * The notification whose mail it was, row-locked until commit: by our id where it is given, else
   * by the server's. Null: none of ours.
   */
  whose(mail: {
    readonly notificationId: string | null;
    readonly messageId: string;
    readonly sentAt: Date;
  }): Promise<{ readonly id: string; readonly orderId: number } | null>;
  /** `again`: that kind was told of that mail before, by another message. */
  add(event: MailEvent, receivedAt: Date): Promise<'first' | 'again' | 'duplicate'>;
};

export type AbandonedLease = { readonly id: string; readonly leaseToken: string };

export type Delivery = {
  readonly order: Order;
  readonly document: LegalDocument;
  /** Null until the PDF is stored: then nothing may be sent. */
  readonly pdf: StoredPdf | null;
  readonly partner: Partner;
  readonly logo: Logo | null;
  readonly apiKey: string | null;
  readonly signingSecret: string;
  /** The step that released it. */
  readonly trace?: TracedAt | null;
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

/** What an event says went back, by what Stripe says of it now. */
export type ToldCorrections = {
  readonly corrections: readonly CorrectionFacts[];
  /** The payment as far as these objects name it. */
  readonly payment: PaymentKey;
  /** The payment may be an invoice's, which only `locate` can tell. */
  readonly mayBeBilled: boolean;
  /** Stripe's invoice is known and not paid yet. */
  readonly invoiceIsOpen: boolean;
};

/** Reads what went back. Throws when Stripe is away or limits us. */
export type CorrectionReader = {
  /** Whether events of that type tell of money that went back. */
  tells(type: string): boolean;
  read(
    event: Pick<ReceivedEvent, 'type' | 'objectId' | 'createdAt'>,
  ): Promise<ToldCorrections | { readonly missing: string }>;
  /** The same, with the invoice that was paid and what its credit notes name. */
  locate(told: ToldCorrections): Promise<ToldCorrections>;
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

/**
 * What keeps a document from being written in the electronic format, a sentence a fault; empty when
 * nothing does. Pure.
 */
export type DocumentFaults = (document: LegalDocument) => readonly string[];

export type PrintedPdf = {
  readonly bytes: Uint8Array;
  readonly templateVersion: string;
  readonly chromiumVersion: string;
};
/**
 * Prints an invoice or a credit note as a PDF; the same document gives the same bytes under the same
 * two versions. Throws when Chromium fails; nothing is sent then.
 */
export type InvoicePrinter = {
  print(document: LegalDocument, logo: Logo | null): Promise<PrintedPdf>;
};

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
  readonly document: LegalDocument;
  readonly logo: Logo | null;
  readonly pdf: Uint8Array;
  /** Where the PDF can be fetched once more, for 24 hours from the sending. */
  readonly copyUrl: string;
};
/** Sends the invoice or credit note to the customer. Transient refusals are `unavailable`, the others `refused`. */
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

// ---- Those who watch ------------------------------------------------------------------------

/** Ids and words of ours; never a name, an address or a text from outside. */
export type SpanFacts = {
  readonly eventId?: string | undefined;
  readonly paymentKey?: string | undefined;
  readonly orderId?: number | undefined;
  readonly invoiceNumber?: string | undefined;
  readonly notificationId?: string | undefined;
  readonly partner?: string | undefined;
  readonly channel?: Channel | undefined;
  readonly attempt?: number | undefined;
  readonly outcome?: string | undefined;
};

/** A step on record: W3C's `traceparent`, and when it was. */
export type TracedAt = { readonly place: string; readonly at: Date };

/** Follows one payment through processes and hours. Decides nothing and never throws by itself. */
export type Trace = {
  /**
   * Runs the work as a step of its own. It belongs to the step under way, else to `from`, the step
   * that brought it about; one of more than an hour ago is only pointed to, from a new trace.
   */
  span<T>(
    name: string,
    about: {
      readonly facts?: SpanFacts;
      readonly from?: TracedAt | null;
      /** Absent: now. */
      readonly startedAt?: Date;
      /** Something outside does the work. */
      readonly isCall?: boolean;
    },
    work: (span: { tell(facts: SpanFacts): void }) => Promise<T>,
  ): Promise<T>;
  /** The step under way, for others to go on from; null when nothing is traced. */
  place(): string | null;
  /** Runs work that serves others, too, outside of the step under way. */
  apart<T>(work: () => T): T;
};

/** Counts what only use cases see. Durations in ms. */
export type Measures = {
  /** `afterPaymentMs`: from the payment to a notification's first attempt; null for the others. */
  attempted(attempt: {
    readonly channel: Channel;
    readonly outcome: AttemptOutcome;
    readonly durationMs: number;
    readonly afterPaymentMs: number | null;
  }): void;
  /** Work that we cut short ourselves and that will be done again. */
  interrupted(what: Channel | 'printing'): void;
};

/** For the log: odd, harmless, worth knowing at three in the morning. Ids only. */
export type Notes = {
  note(message: string, ids: Readonly<Record<string, string | number>>): void;
};

/** Tells a person. Once per transition, with ids only. */
export type Alerts = {
  raise(alert: {
    readonly kind:
      | 'payment-quarantined'
      | 'notification-ended'
      | 'invoice-failed'
      | 'livemode'
      | 'books-broken'
      | 'mail-returned';
    /** Our words alone: none of Stripe's, which may name a customer. */
    readonly message: string;
    readonly ids: Readonly<Record<string, string | number>>;
    /** The words of an error, for the log and nothing else. */
    readonly detail?: string | null;
  }): void;
};
