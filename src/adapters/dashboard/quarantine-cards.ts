// The quarantine as cards: one a reason and what it is about, with the way out of it and the
// payments that wait for it; what was settled within the hour stays, so that one sees that it is. A
// card shows its first payments with all that is known, and says how many more there are.

import { count, euros, parisTime, plural } from '#adapters/french.ts';
import { shownDistance, shownTime } from '#adapters/pages/shown-time.ts';
import { paymentView, type StateView } from '#adapters/pages/state-view.ts';
import type {
  Quarantined,
  QuarantineFacts,
  Settled,
} from '#adapters/postgres/dashboard/quarantine-payments.ts';
import { causeOf, type Repair, type RepairPlace, repairOf } from '#adapters/quarantine-repairs.ts';
import { explainQuarantine } from '#adapters/quarantine-words.ts';
import { fr } from '#adapters/typeset.ts';
import { type Cents, type Currency, cents, currency } from '#domain/money.ts';
import { parsePartnerSlug } from '#domain/partner.ts';
import type { DashboardNeeds } from './needs.ts';
import { stripeLink } from './order-stripe-links.ts';
import { causeId, howMany } from './overview-draft.ts';

type Environment = DashboardNeeds['environment'];

/** Shown of one card; the others are counted. */
export const SHOWN_MAX = 10;
const CARDS_MAX = 40;

export type Cause = {
  readonly key: string;
  readonly payments: readonly Quarantined[];
  readonly settled: readonly Settled[];
};

/** By cause, the longest waiting first; those that were settled whole come last. */
export function causesOf(
  waiting: readonly Quarantined[],
  settled: readonly Settled[],
): readonly Cause[] {
  const causes = new Map<string, { payments: Quarantined[]; settled: Settled[] }>();
  const at = ({ reason, detail }: { reason: string; detail: string | null }) => {
    const key = causeOf(reason, detail);
    const found = causes.get(key) ?? { payments: [], settled: [] };
    causes.set(key, found);
    return found;
  };
  for (const payment of waiting) at(payment).payments.push(payment);
  for (const payment of settled) at(payment).settled.push(payment);
  return [...causes].map(([key, cause]) => ({ key, ...cause })).slice(0, CARDS_MAX);
}

/** The keys whose facts the cards show. */
export function shownKeys(causes: readonly Cause[]): readonly string[] {
  return causes.flatMap(({ payments }) => payments.slice(0, SHOWN_MAX).map(({ key }) => key));
}

const SETTLED: StateView = { word: 'Réglée', family: 'good', fill: 'bare', icon: 'circle-check' };
const SET_ASIDE: StateView = { ...paymentView('dismissed'), word: 'Écartée' };

export type CardView = ReturnType<typeof cardView>;

export function cardView(
  { key, payments, settled }: Cause,
  facts: ReadonlyMap<string, QuarantineFacts>,
  given: { readonly environment: Environment; readonly now: Date },
) {
  const [first] = [...payments, ...settled];
  const { reason = '', detail = null } = first ?? {};
  const repair = repairOf(reason);
  const keyed = repair.isKeyed ? detail : null;
  const shown = payments.slice(0, SHOWN_MAX).map((it) => ({ ...it, facts: facts.get(it.key) }));
  const n = payments.length;
  return {
    id: causeId(key),
    isOpen: n > 0,
    badge: n > 0 ? paymentView('quarantined') : settledView(settled),
    title: keyed === null ? repair.title : fr`${repair.title} : ${keyed}`,
    sentence: explainQuarantine(reason, detail).sentence,
    summary: n > 0 ? summaryOf(payments, facts, given.now) : null,
    steps: repair.steps.map((step) => ({
      text: step.text,
      link: step.place && placeLink(step.place, { keyed, shown, given }),
    })),
    retry: n === 1 ? 'Relancer' : `Relancer les ${count(n)}`,
    ...{ reason, detail: keyed ?? '' },
    payments: shown.map((it) => paymentRow(it, repair, given)),
    more: n > SHOWN_MAX ? `et ${howMany(n - SHOWN_MAX, 'autre', 'autres')}` : '',
    settled: settled.slice(0, SHOWN_MAX).map((it) => settledRow(it, given.now)),
  };
}

function settledView(settled: readonly Settled[]): StateView {
  return settled.some(({ state }) => state === 'recorded') ? SETTLED : SET_ASIDE;
}

type Shown = Quarantined & { readonly facts: QuarantineFacts | undefined };

// « 3 paiements, 149,97 €, depuis 14:32:18, il y a 9 min »: sums only where all of them are known.
function summaryOf(
  payments: readonly Quarantined[],
  facts: ReadonlyMap<string, QuarantineFacts>,
  now: Date,
) {
  const sums = new Map<string, number>();
  const known = payments.every(({ key }) => {
    const it = facts.get(key);
    if (it?.amount == null || it.currency === null) return false;
    sums.set(it.currency, (sums.get(it.currency) ?? 0) + it.amount);
    return true;
  });
  const amounts = known ? [...sums].map(([code, sum]) => amountText(sum, code)) : [];
  const since = payments[0]?.since ?? now;
  const many = howMany(payments.length, 'paiement', 'paiements');
  return {
    many: [many, ...amounts].join(', '),
    since: shownTime(since, now),
    ago: shownDistance(since, now),
  };
}

function paymentRow(
  { key, since, detail, facts }: Shown,
  { object, field, needed }: Repair,
  { environment, now }: { environment: Environment; now: Date },
) {
  const amount = facts?.amount ?? null;
  const code = facts?.currency ?? null;
  const links = [
    { label: 'Paiement', id: facts?.paymentIntentId ?? key },
    { label: 'Client', id: facts?.customerId ?? null },
    { label: 'Événement', id: facts?.eventId ?? null },
  ];
  return {
    id: causeId(key),
    key,
    amount: amount !== null && code !== null ? amountText(amount, code) : '',
    since: shownTime(since, now),
    object: objectText(object, facts),
    field,
    seen: detail ?? 'rien',
    needed,
    isUnderWay: facts?.isUnderWay ?? false,
    retried:
      facts?.lastRetry && !facts.isUnderWay
        ? fr`Relancé à ${parisTime(facts.lastRetry.at)} par ${facts.lastRetry.by} : rien n’a ` +
          fr`changé.`
        : '',
    links: links.flatMap(({ label, id }) => {
      const href = stripeAddress(environment, id);
      return href ? [{ label, href }] : [];
    }),
  };
}

function objectText(object: string, facts: QuarantineFacts | undefined): string {
  if (object === 'Client' && facts?.customerId) return `${object} ${facts.customerId}`;
  return facts?.objectId ? `${object}, lu par ${facts.objectId}` : object;
}

function settledRow({ key, state, why, done, orderIds }: Settled, now: Date) {
  const word = state === 'recorded' ? 'Réglée' : 'Écartée';
  const at = shownTime(done.at, now);
  return {
    key,
    said: `${word} à ${at.text.slice(0, 5)} par ${done.by}`,
    why: why ?? '',
    orders: orderIds.map((id) => ({ href: `/dashboard/orders/${id}`, text: fr`n° ${id}` })),
    ordersWord: plural(orderIds.length, 'commande', 'commandes'),
  };
}

function placeLink(
  place: RepairPlace,
  {
    keyed,
    shown,
    given: { environment },
  }: {
    readonly keyed: string | null;
    readonly shown: readonly Shown[];
    readonly given: { readonly environment: Environment };
  },
): { readonly label: string; readonly href: string } | null {
  const only = shown.length === 1 ? shown[0] : undefined;
  const link = (label: string, href: string | null) => (href ? { label, href } : null);
  switch (place) {
    case 'new-partner': {
      const slug = parsePartnerSlug(keyed ?? '');
      return link(fr`Créer le partenaire ${slug}`, slug && `/dashboard/partners/new?slug=${slug}`);
    }
    case 'product': {
      const id = /\bprod_\w+/.exec(keyed ?? '')?.[0] ?? null;
      return link('Ouvrir le produit', stripeAddress(environment, id));
    }
    case 'customer':
      return link('Ouvrir le client', stripeAddress(environment, only?.facts?.customerId ?? null));
    case 'payment':
      return link(
        'Ouvrir le paiement',
        stripeAddress(environment, only ? (only.facts?.paymentIntentId ?? only.key) : null),
      );
    case 'event':
      return link('Ouvrir l’événement', stripeAddress(environment, only?.facts?.eventId ?? null));
    case 'webhooks':
      return link('Ouvrir les webhooks', webhooksAddress(environment));
    default:
      return place satisfies never;
  }
}

function amountText(amount: number, code: string): string {
  try {
    const value: Cents = cents(amount);
    const of: Currency = currency(code);
    return euros(value, of);
  } catch {
    return `${amount} ${code}`;
  }
}

function stripeAddress(environment: Environment, id: string | null): string | null {
  return id === null ? null : stripeLink(id, environment).href;
}

// The endpoints, with what each answered.
function webhooksAddress(environment: Environment): string | null {
  if (environment === 'sandbox') return null;
  const mode = environment === 'staging' ? 'test/' : '';
  return `https://dashboard.stripe.com/${mode}webhooks`;
}
