// A believable shop: who bought what from whom and when, as the domain's own orders. Everything follows
// from the order's number and the plan, so the same plan sells the same things; sales grow over the
// years, sleep at night, and one partner has two fifths of them.

import type { Customer } from '#domain/customer.ts';
import { cents, currency } from '#domain/money.ts';
import { type Order, type OrderLine, taxLines, totalsOf } from '#domain/order.ts';
import type { Branding, PartnerSlug } from '#domain/partner.ts';
import type { PaymentKey } from '#domain/payment-key.ts';
import { NORMAL_RATE, vatRate } from '#domain/vat.ts';

export type Plan = {
  readonly orders: number;
  /** Stripe events an order, at least one; all but one or two are of no interest to us. */
  readonly eventsPerOrder: number;
  /** The first and the last sale. */
  readonly from: Date;
  readonly until: Date;
};

export type GrownPartner = { readonly slug: PartnerSlug; readonly branding: Branding };

const TRADES = ['fisc', 'compta', 'bilan', 'loyer', 'patrimoine', 'gestion', 'immo', 'conseil'];
const PLACES = ['nantes', 'lyon', 'brest', 'lille', 'nimes'];
const COLORS = ['#0b7a75', '#1d4ed8', '#b45309', '#7c3aed', '#be123c', null];

/** Forty, the largest first. */
export const PARTNERS: readonly GrownPartner[] = PLACES.flatMap((place, at) =>
  TRADES.map((trade, index) => ({
    slug: `${trade}-${place}` as PartnerSlug,
    branding: {
      name: `${capital(trade)} ${capital(place)}`,
      color: COLORS[(at * TRADES.length + index) % COLORS.length] ?? null,
      contactEmail: `bonjour@${trade}-${place}.example`,
      contactPhone: null,
      website: `https://${trade}-${place}.example`,
    },
  })),
);

/** The largest has 0.4 of all orders, the others share the rest, each less than the one before. */
const SHARES = cumulated(PARTNERS.map((_, at) => (at === 0 ? 0.4 : 0.6 / (at + 2) / 2.803)));

const PRODUCTS = [
  ['prod_Q2irpp', 'Déclaration de revenus fonciers', 8900],
  ['prod_Q2lmnp', 'Liasse LMNP au réel – année complète', 24900],
  ['prod_Q2bail', 'Bail meublé et état des lieux', 3900],
  ['prod_Q2heure', 'Entretien d’une heure avec un fiscaliste', 9900],
  ['prod_Q2ifi', 'Simulation de l’impôt sur la fortune immobilière', 14900],
  ['prod_Q2abo', 'Abonnement Sérénité – un mois', 1990],
  ['prod_Q2guide', 'Guide imprimé de l’investisseur locatif', 2900],
] as const;
const FIRST = ['Marthe', 'Éloi', 'Inès', 'Gaspard', 'Yasmine', 'Noé', 'Solène', 'Karim', 'Ondine'];
const LAST = ['Le Goff', 'Kerbrat', 'Diallo', 'Roussel', 'Nguyen', 'Benali', 'Fabre', 'Moreau'];
const TOWNS = [
  ['35000', 'Rennes'],
  ['44000', 'Nantes'],
  ['69003', 'Lyon'],
  ['59800', 'Lille'],
  ['13006', 'Marseille'],
] as const;
const STREETS = ['rue des Lices', 'quai de la Fosse', 'place du Marché', 'avenue de la Gare'];
const METHODS = ['card', 'card', 'card', 'card', 'card', 'card', 'sepa_debit', 'link', 'paypal'];
const HOUSES = ['courriel.example', 'boite.example', 'poste.example'];

const DAY_MS = 86_400_000;
/** More sales a day at the end than at the beginning. */
const GROWTH = 0.7;

/** The `id`-th order, from 1; ids and instants rise together. */
export function soldOrder(id: number, plan: Plan): Order {
  const chance = chanceOf(id);
  const paidAt = paidAtOf(id, plan);
  const lot = chance();
  const partner = PARTNERS[SHARES.findIndex((share) => lot < share)] ?? PARTNERS[0];
  const stamp = Math.floor(paidAt.getTime() / 1000).toString(36);
  const lines = linesOf(chance);
  const isBilled = lines[0]?.productId === 'prod_Q2abo';
  return {
    id,
    paymentKey: `${isBilled ? 'in_' : 'pi_'}3${stamp}${token(chance, 16)}` as PaymentKey,
    partner: (partner as GrownPartner).slug,
    eventId: `evt_1${stamp}${token(chance, 16)}`,
    eventCreatedAt: new Date(Math.floor(paidAt.getTime() / 1000) * 1000),
    customer: customerOf(chance, plan.orders),
    currency: currency('EUR'),
    paidAt,
    paymentMethod: pick(METHODS, chance),
    lines,
    totals: totalsOf(lines),
  };
}

function paidAtOf(id: number, { orders, from, until }: Plan): Date {
  const span = until.getTime() - from.getTime();
  const even = from.getTime() + span * (id / orders) ** GROWTH;
  const day = Math.floor(even / DAY_MS) * DAY_MS;
  if (day + DAY_MS > until.getTime()) return new Date(Math.floor(even)); // today is not over
  const part = (even - day) / DAY_MS;
  // A tenth of a day's sales before seven (UTC), the rest until the day is over.
  const awake = part < 0.1 ? part * 2.9 : 0.29 + ((part - 0.1) / 0.9) * 0.71;
  return new Date(day + Math.floor(awake * DAY_MS));
}

function linesOf(chance: () => number): OrderLine[] {
  const count = chance() < 0.7 ? 1 : 2 + Math.floor(chance() * 4);
  return taxLines(
    Array.from({ length: count }, () => {
      const [productId, productName, price] = pick(PRODUCTS, chance);
      const quantity = chance() < 0.9 ? 1 : 2;
      const discount = chance() < 0.1 ? Math.floor(price / 10) : 0;
      return {
        productId,
        productName,
        quantity,
        gross: cents(price * quantity - discount),
        discount: cents(discount),
        rate: productId === 'prod_Q2guide' ? vatRate(550) : NORMAL_RATE,
        treatment: 'standard' as const,
        vat: null,
      };
    }),
  );
}

/** Customers come back: there are fewer of them than orders. */
function customerOf(chance: () => number, orders: number): Customer {
  const person = Math.floor(chance() ** 2 * orders * 0.7);
  const who = chanceOf(person + 0x40000000);
  const [first, last] = [pick(FIRST, who), pick(LAST, who)];
  const [postalCode, city] = pick(TOWNS, who);
  const plain = `${first}.${last}`.normalize('NFD').replace(/[^A-Za-z.]/g, '');
  return {
    name: `${first} ${last}`,
    businessName: who() < 0.08 ? `Cabinet ${last} et associés` : null,
    email: `${plain.toLowerCase()}${person}@${pick(HOUSES, who)}`,
    phone: who() < 0.5 ? `06${String(Math.floor(who() * 1e8)).padStart(8, '0')}` : null,
    address: {
      line1: `${1 + Math.floor(who() * 120)} ${pick(STREETS, who)}`,
      line2: null,
      postalCode,
      city,
      state: null,
      country: 'FR',
    },
    vatNumber: null,
  };
}

/** From 0 to below 1, the same ones for the same seed (mulberry32). */
export function chanceOf(seed: number): () => number {
  let state = Math.imul(seed, 0x9e3779b1) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const LETTERS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

function token(chance: () => number, length: number): string {
  let text = '';
  while (text.length < length) text += LETTERS[Math.floor(chance() * LETTERS.length)];
  return text;
}

function pick<T>(from: readonly T[], chance: () => number): T {
  return from[Math.floor(chance() * from.length)] as T;
}

function cumulated(shares: readonly number[]): readonly number[] {
  let sum = 0;
  return shares.map((share) => {
    sum += share;
    return sum;
  });
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
