// /dashboard/orders/:id: one page that answers « que s’est-il passé ? ». The situation and the act that is
// due come first, then the story, newest first, and beside it what was sold to whom.

import type Router from '@koa/router';
import { euros, FIXED, longDate, paidBy, parisTime } from '#adapters/french.ts';
import { shownTime } from '#adapters/pages/shown-time.ts';
import { documentView, notificationView } from '#adapters/pages/state-view.ts';
import {
  ATTEMPTS_MAX,
  type OrderStory,
  orderStory,
  type StoryDocument,
} from '#adapters/postgres/dashboard/order-story.ts';
import { fr } from '#adapters/typeset.ts';
import { parisDay } from '#domain/invoice-number.ts';
import { cents, currency } from '#domain/money.ts';
import { PARTNER_RETRY_DELAYS_MS } from '#domain/notification.ts';
import type { Page } from './frame.ts';
import type { DashboardNeeds } from './needs.ts';
import { orderActs } from './order-acts.ts';
import { bytesText } from './order-attempt.ts';
import { documentRoutes } from './order-document.ts';
import { type StripeLink, stripeLink } from './order-stripe-links.ts';
import { comingSteps, pdfHref, timelineOf } from './order-timeline.ts';
import { actsOf, situation } from './order-words.ts';
import { page, problem, type Visit } from './visit.ts';

export function orderRoutes(router: Router, needs: DashboardNeeds): void {
  router.get(
    '/dashboard/orders/:id',
    page(needs, 'reader', (visit) => orderPage(needs, visit)),
  );
  orderActs(router, needs);
  documentRoutes(router, needs);
}

async function orderPage(needs: DashboardNeeds, visit: Visit): Promise<Page> {
  const asked = visit.param('id');
  const story = /^\d{1,15}$/.test(asked) ? await orderStory(needs.db, Number(asked)) : null;
  if (!story) return problem(404, 'Commande inconnue', 'Aucune commande ne porte ce numéro.');
  const { order } = story;
  const { now } = visit;
  const partnerTries = needs.partnerTries ?? PARTNER_RETRY_DELAYS_MS.length + 1;
  const money = moneyIn(order.currency);
  return {
    view: 'order',
    title: fr`Commande n° ${order.id}`,
    place: 'orders',
    live: [`order:${order.id}`, `payment:${order.paymentKey}`],
    frames: true,
    model: {
      id: order.id,
      heading: fr`Commande n° ${order.id} · ${money(order.gross)}`,
      badges: badgesOf(story),
      situation: situation(story, now),
      acts: actsOf(story).map((act, index) => ({
        isPrint: act.kind === 'print',
        number: act.kind === 'print' ? act.number : '',
        notification: act.kind === 'retry' ? act.notification : '',
        round: act.kind === 'retry' ? act.round : '',
        label: act.label,
        isFirst: index === 0,
      })),
      coming: comingSteps(story, now),
      steps: timelineOf(story, now, partnerTries),
      isCut: story.attempts.length === ATTEMPTS_MAX,
      attemptsMax: ATTEMPTS_MAX,
      summary: summaryOf(story, needs, now),
    },
  };
}

function badgesOf({ documents, notifications }: OrderStory) {
  const invoice = documents.find(({ creditNoteId }) => creditNoteId === null);
  const of = (channel: 'email' | 'webhook') =>
    notifications.find((it) => it.channel === channel && it.creditNoteId === null);
  const [mail, call] = [of('email'), of('webhook')];
  return [
    ...(invoice ? [{ of: 'Facture', state: documentView(invoice.printing, 'invoice') }] : []),
    ...(mail
      ? [{ of: 'E-mail', state: notificationView('email', mail.state, mail.interruptions) }]
      : []),
    ...(call
      ? [{ of: 'Webhook', state: notificationView('webhook', call.state, call.interruptions) }]
      : []),
  ];
}

function summaryOf(story: OrderStory, needs: DashboardNeeds, now: Date) {
  const { order, lines, documents, notifications } = story;
  const { customer } = order;
  const money = moneyIn(order.currency);
  const mail = notifications.find((it) => it.channel === 'email' && it.creditNoteId === null);
  const paid = `${longDate(parisDay(order.paidAt))} à ${parisTime(order.paidAt)}`;
  return {
    purged: order.purgedAt && shownTime(order.purgedAt, now),
    business: customer?.businessName ?? '',
    name: customer?.name ?? '',
    email: order.customerEmail ?? '',
    phone: customer?.phone ?? '',
    vatNumber: customer?.vatNumber ?? '',
    partner: { name: order.partnerName, href: `/dashboard/partners/${order.partner}` },
    paid: [paid, paidBy(order.paymentMethod)].filter((it) => it !== null).join(', '),
    net: money(order.net),
    vat: money(order.vat),
    gross: money(order.gross),
    lines: lines.map((line, index) => ({
      name: line.productName,
      quantity: line.quantity === null ? '' : `${line.quantity}${FIXED}×`,
      net: money(line.net),
      gross: money(line.gross),
      product: line.productId && {
        ...stripeLink(line.productId, needs.environment),
        for: `prod-${index}`,
      },
    })),
    documents: documents.map((it) => documentOf(it, money, now)),
    siblings: order.siblings,
    stripe: stripeIds(story, needs.environment),
    notifications: notifications.map(({ id, channel, creditNoteId }) => ({
      id,
      what: `${channel === 'webhook' ? 'Webhook' : 'E-mail'}${creditNoteId === null ? '' : ' (avoir)'}`,
    })),
    sent: mail?.completedAt ? shownTime(mail.completedAt, now) : null,
  };
}

function documentOf(it: StoryDocument, money: (value: number) => string, now: Date) {
  const kind = it.creditNoteId === null ? 'invoice' : 'credit-note';
  return {
    number: it.number,
    name: kind === 'invoice' ? 'Facture' : 'Avoir',
    gross: it.gross === null ? '' : money(-it.gross),
    state: documentView(it.printing, kind),
    issued: shownTime(it.issuedAt, now),
    pdf: it.storedAt ? pdfHref(it.number) : null,
    size: it.sizeBytes === null ? '' : bytesText(it.sizeBytes),
  };
}

// Stripe's things that this order knows by name, each once.
function stripeIds(
  { order, events, documents }: OrderStory,
  environment: DashboardNeeds['environment'],
) {
  const ids = [
    ['Paiement', order.paymentKey],
    ['Événement', order.eventId],
    ...documents.map(({ correctionKey }) => ['Remboursement', correctionKey] as const),
    ...events.map(({ id }) => ['Autre événement', id] as const),
  ] as const;
  const seen = new Set<string>();
  return ids.flatMap(([what, id]): readonly (StripeLink & { what: string; for: string })[] => {
    if (id === null || seen.has(id)) return [];
    seen.add(id);
    return [{ what, for: `stripe-${id}`, ...stripeLink(id, environment) }];
  });
}

function moneyIn(code: string): (value: number) => string {
  return (value) => euros(cents(value), currency(code));
}
