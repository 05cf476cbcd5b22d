// `orders list|show`: what was sold, and the whole way of one order from its payment to the last
// attempt at its partner, as it stands on the books.

import { duration, euros, FIXED, longDate, parisTime } from '#adapters/french.ts';
import {
  listOrders,
  type OrderContents,
  type OrderListing,
  orderContents,
} from '#adapters/postgres/book-lists.ts';
import {
  type JourneyAttempt,
  type JourneyCreditNote,
  type JourneyMailEvent,
  type JourneyNotification,
  type JourneyOrder,
  journeyOfPayment,
} from '#adapters/postgres/payment-journey.ts';
import { exactJson } from '#adapters/sandbox/exact-json.ts';
import {
  attemptWords,
  CAUSE_WORDS,
  MAIL_EVENT_WORDS,
  notificationWord,
} from '#adapters/state-words.ts';
import { systemClock } from '#adapters/system-clock.ts';
import { parisDay } from '#domain/invoice-number.ts';
import { cents, currency } from '#domain/money.ts';
import type { NotificationState } from '#domain/notification.ts';
import { withBooks } from './books.ts';
import type { Answer, Cli } from './cli.ts';
import { Fault } from './faults.ts';
import { facts, fr, indented, moment, momentToTheSecond, table, wrapped } from './layout.ts';
import { slugOf } from './partner-options.ts';

export async function ordersList(
  cli: Cli,
  options: { readonly partner?: string; readonly before?: number; readonly limit: number },
): Promise<Answer> {
  const { config } = cli.configure();
  const { limit, before } = options;
  const partner = options.partner === undefined ? undefined : slugOf(options.partner);
  return withBooks(config, async (db) => {
    const which = { limit, ...(partner && { partner }), ...(before && { before }) };
    const orders = await listOrders(db, which);
    const last = orders.at(-1);
    const nextBefore = last && orders.length === limit ? last.id : null;
    const more = nextBefore === null ? '' : fr`\n\nSuite : orders list --before ${nextBefore}`;
    const text = orders.length === 0 ? emptyText(which) : ordersTable(orders) + more;
    return { json: { orders, nextBefore }, text };
  });
}

function emptyText(which: { readonly partner?: string; readonly before?: number }): string {
  if (which.before !== undefined) return 'Aucune commande plus ancienne.';
  return which.partner === undefined
    ? fr`Aucune commande. La première apparaîtra quelques secondes après un paiement.`
    : fr`Aucune commande pour ${which.partner}.`;
}

function ordersTable(orders: readonly OrderListing[]): string {
  const now = systemClock.now();
  return table(
    [
      { head: 'N°', align: 'right' },
      { head: 'PAYÉE LE' },
      { head: 'PARTENAIRE', shrinkTo: 10 },
      { head: 'MONTANT', align: 'right' },
      { head: 'FACTURE' },
      { head: 'ÉTAT' },
    ],
    orders.map((order) => [
      String(order.id),
      moment(order.paidAt, now),
      order.partner,
      amount(order.gross, order.currency),
      order.invoiceNumber,
      stateWord(order),
    ]),
  );
}

// What most needs a person comes first; an order whose messages both arrived is « Livrée ».
const URGENCY: readonly NotificationState[] = [
  'quarantined',
  'exhausted',
  'failed',
  'sending',
  'queued',
];

function stateWord({ email, webhook, pdfKey }: OrderListing): string {
  if (pdfKey === null) return 'PDF à faire';
  for (const state of URGENCY) {
    if (webhook === state) return notificationWord('webhook', state);
    if (email === state) return notificationWord('email', state);
  }
  return 'Livrée';
}

export async function orderShow(cli: Cli, id: number): Promise<Answer> {
  const { config } = cli.configure();
  return withBooks(config, async (db) => {
    const contents = await orderContents(db, id);
    const payment = contents && (await journeyOfPayment(db, contents.paymentKey));
    const order = payment?.orders.find((it) => it.id === id);
    if (!contents || !payment || !order) throw new Fault(fr`La commande n° ${id} n’existe pas.`);
    const { orders, ...rest } = payment;
    const otherOrders = orders.filter((it) => it.id !== id).map((it) => it.id);
    const { customerName, lines } = contents;
    const json = { order: { ...order, customerName, lines }, payment: { ...rest, otherOrders } };
    return { json, text: orderSheet(order, contents, otherOrders) };
  });
}

function orderSheet(
  order: JourneyOrder,
  contents: OrderContents,
  otherOrders: readonly number[],
): string {
  const money = (value: number) => amount(value, order.currency);
  const paidAt = new Date(order.paidAt);
  const others = otherOrders.length === 0 ? null : otherOrders.map((id) => `n° ${id}`).join(', ');
  const client = contents.isPurged
    ? ['données effacées']
    : [contents.customerName, order.customerEmail].filter((it) => it !== null);
  return [
    fr`Commande n° ${order.id} · ${money(order.gross)} · ${order.partner}`,
    '',
    facts(
      [
        ['Client', client.join(' · ')],
        ['Payée le', `${longDate(parisDay(paidAt))} à ${parisTime(paidAt)} (heure de Paris)`],
        ['Paiement', contents.paymentKey],
        ['Événement', order.eventId],
        ['Même paiement', others],
        ['Facture', order.invoiceNumber],
        ['PDF', order.pdfKey ?? 'en préparation'],
        ['Montants', fr`${money(order.net)} HT + ${money(order.vat)} de TVA`],
      ],
      '  ',
    ),
    '',
    linesTable(contents.lines, order.currency),
    ...order.notifications.map((it) => `\n${notificationSheet(it)}`),
    ...order.creditNotes.map((it) => `\n${creditNoteSheet(it, money)}`),
  ].join('\n');
}

function creditNoteSheet(it: JourneyCreditNote, money: (value: number) => string): string {
  const day = longDate(parisDay(new Date(it.correctedAt)));
  return [
    fr`Avoir ${it.number} : ${money(it.gross)} le ${day} (${CAUSE_WORDS[it.cause]})`,
    facts(
      [
        ['Chez Stripe', it.correctionKey],
        ['PDF', it.pdfKey ?? 'en préparation'],
        ['Montants', fr`${money(it.net)} HT + ${money(it.vat)} de TVA`],
      ],
      '  ',
    ),
    ...it.notifications.map((mail) => notificationSheet(mail)),
  ].join('\n');
}

function linesTable(lines: OrderContents['lines'], of: string): string {
  return table(
    [
      { head: '  DÉSIGNATION', shrinkTo: 20 },
      { head: 'QTÉ', align: 'right' },
      { head: 'HT', align: 'right' },
      { head: 'TTC', align: 'right' },
    ],
    lines.map((line) => [
      `  ${line.productName}`,
      String(line.quantity ?? 1),
      amount(line.net, of),
      amount(line.gross, of),
    ]),
  );
}

const CHANNEL_TITLES = { email: 'E-mail au client', webhook: 'Webhook au partenaire' } as const;

function notificationSheet(it: JourneyNotification): string {
  const word = notificationWord(it.channel, it.state as NotificationState);
  const next = it.nextAttemptAt === null ? null : new Date(it.nextAttemptAt);
  const due = next && it.attempts.length > 0 ? fr`, prochaine tentative à ${parisTime(next)}` : '';
  return [
    fr`${CHANNEL_TITLES[it.channel]} : ${word}${due}`,
    `  ${it.id}`,
    ...it.attempts.map((attempt) => attemptSheet(attempt)),
    ...it.mailEvents.map((event) => mailEventSheet(event)),
  ].join('\n');
}

function mailEventSheet({ kind, at, detail }: JourneyMailEvent): string {
  const when = momentToTheSecond(new Date(at), systemClock.now());
  const words = detail === null ? [] : [wrapped(detail, '      ')];
  return [fr`  ${when} · ${MAIL_EVENT_WORDS[kind]}`, ...words].join('\n');
}

function attemptSheet(attempt: JourneyAttempt): string {
  const took = attempt.durationMs === null ? '' : ` · ${duration(attempt.durationMs)}`;
  const round = attempt.round === 1 ? '' : fr` · série ${attempt.round}`;
  const when = momentToTheSecond(new Date(attempt.startedAt), systemClock.now());
  const head = `  n°${FIXED}${attempt.number} · ${when} · ${attemptWords(attempt)}${took}${round}`;
  const cut = attempt.responseTruncated ? fr` (coupée à 16 Kio)` : '';
  return [
    head,
    ...(attempt.detail === null ? [] : [wrapped(attempt.detail, '      ')]),
    ...(attempt.requestUrl === null ? [] : [`      POST ${attempt.requestUrl}`]),
    ...(attempt.requestBody === null ? [] : [indented(exactJson(attempt.requestBody), '      ')]),
    ...(attempt.responseBody ? [fr`      Réponse${cut} :`] : []),
    ...(attempt.responseBody ? [indented(exactJson(attempt.responseBody), '      ')] : []),
  ].join('\n');
}

function amount(value: number, of: string): string {
  return euros(cents(value), currency(of));
}
