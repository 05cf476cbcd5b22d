// What Stripe remembers is compared with what we have: events that never arrived are taken in, and
// payments without orders or orders without payments are told. An endpoint that was down, deleted or
// mis-set for days loses nothing within the 30 days of Stripe's memory. A run goes on where a crash
// left it.

import type { PaymentKey } from '#domain/payment-key.ts';
import type {
  Clock,
  PaymentState,
  ReconciliationRun,
  StripeHistory,
  Trace,
  Transact,
} from './ports.ts';
import { receiveEvent } from './receive-event.ts';
import { untraced } from './unwatched.ts';

export type ReconcileNeeds = {
  readonly transact: Transact;
  readonly clock: Clock;
  readonly history: StripeHistory;
  readonly trace?: Trace;
  /** The key's mode; events of the other are left alone. */
  readonly livemode: boolean;
};

export type Drift = {
  /** Done at Stripe, but not recorded here; `state` is what we have instead, if anything. */
  readonly paymentsWithoutOrder: readonly {
    readonly key: PaymentKey;
    readonly at: Date;
    readonly state: Exclude<PaymentState, 'recorded'> | 'unknown';
  }[];
  /** Recorded here, but not done at Stripe. */
  readonly ordersWithoutPayment: readonly PaymentKey[];
};

export type ReconcileReport = {
  readonly since: Date;
  readonly until: Date;
  /** Events Stripe listed, and how many of them we had not received. */
  readonly looked: number;
  readonly received: number;
};

/** Called after each page. `reachedAt`: how far back the run has come, from `until` to `since`. */
export type OnProgress = (run: ReconciliationRun, reachedAt: Date) => void;

/** Runs overlap by this much: an event may be listed a while after its instant. */
const OVERLAP_MS = 60 * 60 * 1000;

/**
 * Takes in the events of our types that Stripe created in the range and we never received. `since`
 * null, the automatic run: from where the last such run looked, or from now on the first time, since
 * what lies before belonged to another system. A run that was cut short goes on, to its own end. Throws when Stripe or the database is away; call it again.
 */
export async function takeInMissed(
  needs: ReconcileNeeds,
  since: Date | null,
  onProgress: OnProgress = () => {},
): Promise<ReconcileReport> {
  const { trace = untraced } = needs;
  let run = await beginRun(needs, since);
  for (;;) {
    const { events, more } = await needs.history.eventsPage(run, run.cursor);
    const ids = events.map((event) => event.id);
    const unknown = new Set(await needs.transact(({ inbox }) => inbox.unknown(ids)));
    let received = 0;
    for (const event of events) {
      if (!unknown.has(event.id) || event.livemode !== needs.livemode) continue;
      // Each is a payment's trace of its own, as if it had come by its webhook.
      const stored = await trace.apart(() => receiveEvent(needs, event));
      if (stored === 'stored') received += 1;
    }
    const last = events.at(-1);
    run = {
      ...run,
      cursor: last?.id ?? run.cursor,
      looked: run.looked + events.length,
      received: run.received + received,
    };
    const page = run;
    if (more && last) {
      await needs.transact(({ reconciliations }) => reconciliations.save(page));
      onProgress(run, last.createdAt);
    } else {
      const at = needs.clock.now();
      await needs.transact(({ reconciliations }) => reconciliations.finish(page, at));
      onProgress(run, run.since);
      return { since: run.since, until: run.until, looked: run.looked, received: run.received };
    }
  }
}

function beginRun(
  { transact, clock }: ReconcileNeeds,
  since: Date | null,
): Promise<ReconciliationRun> {
  return transact(async ({ reconciliations }) => {
    const unfinished = await reconciliations.unfinished(since);
    if (unfinished) return unfinished;
    const now = clock.now();
    const lookedUntil = await reconciliations.lookedUntil();
    const from = since ?? new Date((lookedUntil ?? now).getTime() - OVERLAP_MS);
    const range = { since: from, until: now, automatic: since === null };
    return reconciliations.start(range, now);
  });
}

/**
 * Compares the payments done at Stripe in the range with the books. What was paid in the last
 * minutes may still be under way: choose `until` accordingly.
 */
export async function findDrift(
  { transact, history }: ReconcileNeeds,
  range: { readonly since: Date; readonly until: Date },
): Promise<Drift> {
  const paid = new Map<PaymentKey, Date>();
  for await (const { key, at } of history.paidBetween(range)) paid.set(key, at);
  const { states, recorded } = await transact(async ({ payments }) => ({
    states: await payments.states([...paid.keys()]),
    recorded: await payments.recordedBetween(range.since, range.until),
  }));
  const paymentsWithoutOrder = [...paid].flatMap(([key, at]): Drift['paymentsWithoutOrder'] => {
    const state = states.get(key) ?? 'unknown';
    return state === 'recorded' ? [] : [{ key, at, state }];
  });
  const ordersWithoutPayment: PaymentKey[] = [];
  for (const key of recorded) {
    // The list goes by another instant than our books do; only Stripe's word on the one decides.
    if (!paid.has(key) && !(await history.isPaid(key))) ordersWithoutPayment.push(key);
  }
  return { paymentsWithoutOrder, ordersWithoutPayment };
}
