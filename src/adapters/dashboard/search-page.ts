// /dashboard/search?q=: whatever a person holds in their hand. One exact hit opens its page; else what was
// found is shown by kind, a few of each. What has no index is not searched, and the page says so.

import type Router from '@koa/router';
import { euros } from '#adapters/french.ts';
import { shownTime } from '#adapters/pages/shown-time.ts';
import {
  eventsNamed,
  type FoundEvent,
  type FoundOrder,
  type FoundPartner,
  type FoundPayment,
  orderOfDocument,
  orderOfNotification,
  ordersByEmail,
  ordersById,
  ordersByProduct,
  ordersByStripeId,
  partnersNamed,
  paymentsNamed,
} from '#adapters/postgres/dashboard/search-books.ts';
import { PAYMENT_WORDS } from '#adapters/state-words.ts';
import { fr } from '#adapters/typeset.ts';
import { cents, currency } from '#domain/money.ts';
import { documentNumbersIn } from './document-number-text.ts';
import type { Page } from './frame.ts';
import type { DashboardNeeds } from './needs.ts';
import { type Onward, page, type Visit } from './visit.ts';

type Found = {
  /** The page that it is, when the word names one thing. */
  readonly to?: string;
  readonly orders?: readonly FoundOrder[];
  readonly payments?: readonly FoundPayment[];
  readonly events?: readonly FoundEvent[];
  readonly partners?: readonly FoundPartner[];
};

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const STRIPE_ID = /^(evt|pi|in|cs|ch|re|du|dp|cn|py)_\w{2,250}$/;

export function searchRoutes(router: Router, needs: DashboardNeeds): void {
  router.get(
    '/dashboard/search',
    page(needs, 'reader', async (visit) => {
      const word = visit.query('q').slice(0, 254);
      const found = word === '' ? {} : await find(needs, visit, word);
      return found.to ? { to: found.to } : resultsPage(visit, word, found);
    }),
  );
}

async function find({ db }: DashboardNeeds, visit: Visit, word: string): Promise<Found> {
  for (const number of documentNumbersIn(word, visit.now)) {
    const order = await orderOfDocument(db, number);
    if (order !== null) return { to: `/dashboard/orders/${order}#${number}` };
  }
  if (UUID.test(word)) {
    const id = word.toLowerCase();
    const order = await orderOfNotification(db, id);
    return order === null ? {} : { to: `/dashboard/orders/${order}#n-${id}` };
  }
  const [, digits] = /^(?:n[°ºo]?\s*|#)?(\d{1,15})$/i.exec(word) ?? [];
  if (digits) return oneOrder(await ordersById(db, Number(digits)));
  if (/^prod_\w{2,250}$/.test(word)) return { orders: await ordersByProduct(db, word) };
  if (STRIPE_ID.test(word)) return byStripeId(db, word);
  if (word.includes('@')) return oneOrder(await ordersByEmail(db, word));
  const partners = await partnersNamed(db, word);
  const exact = partners.find(({ slug }) => slug === word.toLowerCase());
  if (exact) return { to: `/dashboard/partners/${exact.slug}` };
  const orders = word.length < 3 ? [] : await ordersByEmail(db, word);
  return { partners, orders };
}

async function byStripeId(db: DashboardNeeds['db'], id: string): Promise<Found> {
  const [orders, payments, events] = await Promise.all([
    ordersByStripeId(db, id),
    paymentsNamed(db, id),
    eventsNamed(db, id),
  ]);
  const [order, ...others] = orders;
  if (order && others.length === 0) return { to: `/dashboard/orders/${order.id}` };
  const [event, ...otherEvents] = events;
  const isOneEvent = event && otherEvents.length === 0 && payments.length === 0;
  if (orders.length === 0 && isOneEvent) return { to: `/dashboard/events/${event.id}` };
  return { orders, payments, events };
}

function oneOrder(orders: readonly FoundOrder[]): Found {
  const [order] = orders;
  return order && orders.length === 1 ? { to: `/dashboard/orders/${order.id}` } : { orders };
}

const NOT_SEARCHED = /^(cus|sub|price|pm|seti|txn)_/;

function resultsPage(visit: Visit, word: string, found: Found): Page | Onward {
  const { orders = [], payments = [], events = [], partners = [] } = found;
  const count = orders.length + payments.length + events.length + partners.length;
  return {
    view: 'search',
    title: word === '' ? 'Recherche' : fr`Recherche : ${word}`,
    place: null,
    model: {
      word,
      heading:
        word === '' ? 'Recherche' : count === 0 ? 'Aucun résultat' : fr`Résultats pour « ${word} »`,
      empty: emptyText(word, count),
      orders: orders.map((it) => orderView(it, visit.now)),
      payments: payments.map(({ key, state }) => ({
        key,
        state: PAYMENT_WORDS[state as keyof typeof PAYMENT_WORDS] ?? state,
      })),
      events: events.map(({ id, type, receivedAt }) => ({
        ...{ id, type, received: shownTime(receivedAt, visit.now) },
      })),
      partners,
    },
  };
}

function emptyText(word: string, count: number): string {
  if (count > 0) return '';
  if (word === '') {
    return 'Un numéro de facture ou de commande, un e-mail, un identifiant Stripe, un partenaire.';
  }
  if (NOT_SEARCHED.test(word)) {
    return fr`Les identifiants de ce genre ne se cherchent pas ici : les livres ne les gardent pas. Essayez le paiement (pi_, in_), la session (cs_) ou l’e-mail du client.`;
  }
  return fr`Aucun résultat pour « ${word} ». Essayez un e-mail, un n° de commande ou un identifiant Stripe. Les noms des clients ne se cherchent pas ici : filtrez la liste des commandes.`;
}

function orderView(it: FoundOrder, now: Date) {
  return {
    id: it.id,
    paid: shownTime(it.paidAt, now),
    customer: it.customerName ?? '',
    email: it.customerEmail ?? '',
    partner: it.partnerName,
    gross: euros(cents(it.gross), currency(it.currency)),
    invoice: it.invoiceNumber,
  };
}
