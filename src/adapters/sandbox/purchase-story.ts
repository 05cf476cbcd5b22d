// A purchase told in five steps, and one more for each credit note, from the facts on the books: what
// is done and when, what is under way, what waits and until when, what a person must look at. Pure. Times are counted from the
// click, so that the newcomer's seconds are the customer's seconds.

import { euros, FIXED, NARROW, parisTime } from '#adapters/french.ts';
import type { JourneyNotification, JourneyOrder } from '#adapters/postgres/payment-journey.ts';
import { cents, currency } from '#domain/money.ts';
import { DEMO_PARTNER } from './catalogue.ts';
import { creditNoteSteps } from './credit-note-steps.ts';
import { noOrderSentence, quarantineSentences } from './no-order-words.ts';
import { creditNotesOf, type PurchaseFacts } from './purchase-facts.ts';
import type { Purchase } from './purchases.ts';

export type StepName =
  | 'payment'
  | 'order'
  | 'invoice'
  | 'email'
  | 'webhook'
  | `credit-note-${number}`;
/** `waiting`: time will settle it. `trouble`: a person must look. */
export type Family = 'wait' | 'bad' | 'quarantine';
export type StepState = 'todo' | 'doing' | 'done' | 'waiting' | 'trouble';

export type Step = {
  readonly name: StepName;
  readonly state: StepState;
  readonly title: string;
  /** The word for what is neither done nor under way; the colour's name is the family's. */
  readonly badge: { readonly word: string; readonly family: Family } | null;
  /** One sentence, or null while there is nothing to say. */
  readonly text: string | null;
  readonly link: { readonly href: string; readonly label: string } | null;
  /** A command of the CLI that mends the trouble. */
  readonly command: string | null;
  /** Milliseconds from the click to when this step began and was done; null before. */
  readonly beganMs: number | null;
  readonly doneMs: number | null;
};

export type Story = {
  readonly steps: readonly Step[];
  /** Nothing more will happen by itself, or not before a retry is due. */
  readonly done: boolean;
  /** Every step is done. */
  readonly succeeded: boolean;
  /** From the click to the last step done; null before the first. */
  readonly totalMs: number | null;
};

/** Longer than this and the reader is told what is being waited for. */
const SLOW_MS = 8_000;
const CLI = 'npx comptappart';

export function purchaseStory(purchase: Purchase, facts: PurchaseFacts, now: Date): Story {
  const since = (at: Date | string | null | undefined): number | null =>
    at == null
      ? null
      : Math.max(0, Math.round(new Date(at).getTime() - Date.parse(purchase.boughtAt)));
  const slow = now.getTime() - Date.parse(purchase.boughtAt) > SLOW_MS;
  const order = facts.journey?.orders[0] ?? null;
  const steps = [
    paymentStep(purchase, facts, since, slow),
    orderStep(facts, order, since, slow, purchase.expected?.state === 'none'),
    invoiceStep(facts, order, since, slow),
    notificationStep('email', order, since),
    notificationStep('webhook', order, since),
    ...creditNoteSteps(purchase, facts, since),
  ];
  const succeeded = endsAsExpected(purchase, facts, steps);
  const active = steps.some(({ state }) => state === 'doing');
  const stuck = steps.some(({ state }) => state === 'waiting' || state === 'trouble');
  const times = steps.flatMap(({ doneMs }) => (doneMs === null ? [] : [doneMs]));
  return {
    steps,
    succeeded,
    done: succeeded || (stuck && !active && !isStillToCome(purchase, facts)),
    totalMs: times.length === 0 ? null : Math.max(...times),
  };
}

// A scenario may end without an order, or with two: then that is its success.
function endsAsExpected(
  { expected, eventIds }: Purchase,
  { journey, ignored }: PurchaseFacts,
  steps: readonly Step[],
): boolean {
  if (expected === undefined) return steps.every(({ state }) => state === 'done');
  switch (expected.state) {
    case 'recorded': {
      const orders = journey?.orders ?? [];
      const credits = creditNotesOf(journey);
      const arrived = [...orders, ...credits].every(({ notifications }) =>
        notifications.every(({ state }) => state === 'completed'),
      );
      const all =
        orders.length === expected.orders && credits.length === (expected.creditNotes ?? 0);
      return all && arrived;
    }
    case 'none':
      return journey === null && ignored.length === eventIds.length;
    default:
      return journey?.state === expected.state && journey.reason === expected.reason;
  }
}

/** The bank, or Stripe, has not said its last word. */
function isStillToCome(
  { expected, eventIds }: Purchase,
  { journey, ignored }: PurchaseFacts,
): boolean {
  if (expected?.state === 'none') return journey === null && ignored.length < eventIds.length;
  return expected?.isDelayed === true && journey?.state !== 'quarantined';
}

/** Milliseconds from the click. */
export type Since = (at: Date | string | null | undefined) => number | null;

const NOTHING = {
  ...{ badge: null, text: null, link: null, command: null },
  ...{ beganMs: null, doneMs: null },
} as const;

const IN_QUARANTINE = { word: 'En quarantaine', family: 'quarantine' } as const;
const WAITING = { word: 'En attente', family: 'wait' } as const;
const REFUSED = { word: 'Refusée', family: 'bad' } as const;
const EXHAUSTED = { word: 'Échec définitif', family: 'bad' } as const;
const NO_ORDER = { word: 'Aucune commande' } as const;
const DISMISSED = { word: 'Écarté', family: 'bad' } as const;

function paymentStep(purchase: Purchase, facts: PurchaseFacts, since: Since, slow: boolean): Step {
  const amount = euros(cents(purchase.amountCents), currency(purchase.currency));
  const step = { ...NOTHING, name: 'payment', title: `Paiement de ${amount}`, beganMs: 0 } as const;
  if (facts.receivedAt === null) {
    const text = slow
      ? 'Stripe n’a pas encore pu remettre l’événement. Il réessaie de lui-même quelques fois.'
      : 'Stripe signe l’événement et l’envoie.';
    return { ...step, state: 'doing', text };
  }
  const n = purchase.eventIds.length;
  const events = n === 1 ? 'Un événement signé' : `${n} événements signés pour un seul paiement`;
  const text = `${events}, reçu${n === 1 ? '' : 's'} du Stripe du bac à sable.`;
  return { ...step, state: 'done', text, doneMs: since(facts.receivedAt) };
}

function orderStep(
  { receivedAt, ignored, journey }: PurchaseFacts,
  order: JourneyOrder | null,
  since: Since,
  slow: boolean,
  expected: boolean,
): Step {
  const step = { ...NOTHING, name: 'order', title: 'Commande' } as const;
  if (receivedAt === null) return { ...step, state: 'todo' };
  const beganMs = since(receivedAt);
  if (order) {
    const amount = (value: number) => euros(cents(value), currency(order.currency));
    return {
      ...step,
      state: 'done',
      title: `Commande n°${FIXED}${order.id}`,
      text: `${amount(order.net)} HT et ${amount(order.vat)} de TVA.`,
      beganMs,
      doneMs: since(order.recordedAt),
    };
  }
  switch (journey?.state) {
    case 'quarantined': {
      const text = quarantineSentences(journey.reason, journey.detail);
      const command = `${CLI} payments retry ${journey.key}`;
      return { ...step, state: 'trouble', badge: IN_QUARANTINE, text, command, beganMs };
    }
    case 'dismissed': {
      const text = `Une personne a écarté ce paiement${NARROW}; rien ne partira.`;
      return { ...step, state: 'trouble', badge: DISMISSED, text, beganMs };
    }
    case 'waiting': {
      const text = noOrderSentence(journey.reason);
      return { ...step, state: 'waiting', badge: WAITING, text, beganMs };
    }
    default: {
      if (ignored.length > 0 && !journey) {
        const text = noOrderSentence(ignored[0] ?? null);
        const badge = { word: NO_ORDER.word, family: expected ? 'wait' : 'bad' } as const;
        return { ...step, state: expected ? 'waiting' : 'trouble', badge, text, beganMs };
      }
      const text = slow
        ? 'La lecture des détails tarde. Le journal du programme dit pourquoi.'
        : 'Lecture des détails chez Stripe.';
      return { ...step, state: 'doing', text, beganMs };
    }
  }
}

function invoiceStep(
  { pdfHref }: PurchaseFacts,
  order: JourneyOrder | null,
  since: Since,
  slow: boolean,
): Step {
  const step = { ...NOTHING, name: 'invoice' } as const;
  if (!order) return { ...step, title: 'Facture', state: 'todo' };
  const title = `Facture ${order.invoiceNumber}`;
  const beganMs = since(order.recordedAt);
  if (pdfHref === null || order.pdfStoredAt === null) {
    const text = slow
      ? `Le PDF tarde. Rien n’est parti${NARROW}; le numéro est conservé et l’essai sera refait.`
      : 'Numéro attribué, PDF en préparation.';
    return { ...step, title, state: 'doing', text, beganMs };
  }
  return {
    ...step,
    title,
    state: 'done',
    text: 'PDF aux couleurs du partenaire, marqué TEST.',
    link: { href: pdfHref, label: 'Ouvrir le PDF' },
    beganMs,
    doneMs: since(order.pdfStoredAt),
  };
}

const CHANNELS = {
  email: { todo: 'E-mail au client', done: 'E-mail envoyé' },
  webhook: {
    todo: 'Webhook au partenaire',
    done: 'Webhook reçu par le partenaire de démonstration',
  },
} as const;

function notificationStep(
  name: 'email' | 'webhook',
  order: JourneyOrder | null,
  since: Since,
): Step {
  const words = CHANNELS[name];
  const step = { ...NOTHING, name, title: words.todo, state: 'todo' } as const;
  const found = order?.notifications.find(({ channel }) => channel === name);
  if (!order?.pdfKey || !found) return step;
  const first = found.attempts[0];
  const last = found.attempts.at(-1);
  const beganMs = since(first?.startedAt ?? order.pdfStoredAt);
  const tried = { ...step, beganMs, link: linkOf(found, order) };
  const why = last?.detail ?? '';
  const command = `${CLI} notifications retry ${found.id}`;
  switch (found.state) {
    case 'completed': {
      const isDemo = name === 'email' || order.partner === DEMO_PARTNER;
      const title = isDemo ? words.done : `Webhook reçu par ${order.partner}`;
      const text =
        name === 'email' ? `À${FIXED}${order.customerEmail}.` : answered(last?.statusCode);
      return { ...tried, state: 'done', title, text, doneMs: since(found.completedAt) };
    }
    case 'queued': {
      if (!last) return { ...step, state: 'doing', text: 'Part à l’instant.', beganMs };
      const next = found.nextAttemptAt ? parisTime(new Date(found.nextAttemptAt)) : 'bientôt';
      const text = `${why} Prochaine tentative à ${next}${NARROW}; rien à faire d’ici là.`;
      return { ...tried, state: 'waiting', badge: WAITING, text };
    }
    case 'failed': {
      const text = `${why} Elle ne sera pas retentée d’elle-même.`;
      return { ...tried, state: 'trouble', badge: REFUSED, text, command };
    }
    case 'exhausted': {
      const text = `${found.attempts.length} tentatives ont échoué. ${why}`;
      return { ...tried, state: 'trouble', badge: EXHAUSTED, text, command };
    }
    case 'quarantined': {
      const text = 'Le programme s’est interrompu plusieurs fois à cet endroit.';
      return { ...tried, state: 'trouble', badge: IN_QUARANTINE, text, command };
    }
    default:
      return { ...tried, state: 'doing', text: 'Envoi en cours.' };
  }
}

function answered(status: number | null | undefined): string {
  return status == null ? 'Il a répondu.' : `Réponse ${status}, signature et clé API vérifiées.`;
}

function linkOf(
  { id, channel, state, attempts }: JourneyNotification,
  order: JourneyOrder,
): Step['link'] {
  if (channel === 'email') {
    const href = `/sandbox/mailbox/of/${id}`;
    return state === 'completed' ? { href, label: 'Lire l’e-mail' } : null;
  }
  if (order.partner !== DEMO_PARTNER || attempts.length === 0) return null;
  return { href: `/sandbox/partner?commande=${order.id}`, label: 'Voir la requête' };
}
