// What Stripe says of one payment, in our words, and what we make of it: a pure decision. The
// adapter reads the live objects and fills in the facts; nothing here knows Stripe's shapes, and
// nothing there decides. Whatever the table below does not name is quarantined, never guessed.

import { type Customer, isSingleEmail } from './customer.ts';
import { type Cents, type Currency, cents, sum } from './money.ts';
import { type NewOrder, type PricedLine, shareByGross, taxLines, totalsOf } from './order.ts';
import { type PartnerSlug, parsePartnerSlug } from './partner.ts';
import { invoicePaymentKey, type PaymentKey, paymentKey } from './payment-key.ts';
import { plainLine, plainLineOrNull } from './text.ts';
import { NORMAL_RATE, type VatRate, type VatTreatment } from './vat.ts';

export type BuyerFacts = Omit<Customer, 'email'> & { readonly email: string | null };

export type StatedTax = {
  readonly vat: Cents;
  readonly rate: VatRate;
  readonly treatment: VatTreatment;
};

export type LineFacts = {
  readonly productId: string | null;
  readonly productName: string;
  /** The product's `metadata.partner` as typed, or null when it has none. */
  readonly partner: string | null;
  readonly quantity: number | null;
  /** What the customer pays for the line: tax in, discounts off. */
  readonly gross: Cents;
  readonly discount: Cents;
  /** `silent`: Stripe worked out no tax. `unclear`: it did, in a way we cannot explain. */
  readonly tax: StatedTax | 'silent' | 'unclear';
};

type Priced = {
  readonly total: Cents | null;
  readonly currency: Currency | null;
  readonly lines: readonly LineFacts[];
  /** Tax in; 0 for none. */
  readonly shipping: Cents;
  readonly buyer: BuyerFacts;
  readonly paidAt: Date;
  readonly paymentMethod: string | null;
  /** Someone else is the seller in law: Stripe (managed payments) or a connected account. */
  readonly otherSeller: boolean;
};

export type CheckoutFacts = Priced & {
  readonly kind: 'checkout';
  readonly sessionId: string;
  readonly mode: string;
  readonly status: string | null;
  readonly paymentStatus: string;
  /** A subscription, or a payment with `invoice_creation`: the invoice is the payment. */
  readonly invoiceExpected: boolean;
  readonly paymentIntentId: string | null;
};

export type BilledFacts = Priced & {
  readonly kind: 'billed';
  readonly invoiceId: string;
  readonly status: string | null;
  readonly billingReason: string | null;
};

/** `unrelated`: an event about something that is no payment of ours, in whatever state. */
export type PaymentFacts = CheckoutFacts | BilledFacts | { readonly kind: 'unrelated' };

export type IgnoredReason = 'unrelated-event' | 'setup-only' | 'free-subscription' | 'not-paid';
export type WaitReason = 'awaiting-payment' | 'awaiting-invoice';
export type QuarantineReason =
  | 'unknown-mode'
  | 'unknown-status'
  | 'session-not-complete'
  | 'invoice-not-paid'
  | 'invoice-missing'
  | 'other-seller'
  | 'no-amount'
  | 'no-lines'
  | 'negative-total'
  | 'lines-do-not-add-up'
  | 'unclear-tax'
  | 'no-partner'
  | 'unknown-partner'
  | 'no-email'
  | 'bad-email'
  | 'missing-at-stripe';

export type PaymentDecision =
  | { readonly kind: 'ignored'; readonly reason: IgnoredReason }
  | { readonly kind: 'wait'; readonly reason: WaitReason; readonly key: PaymentKey }
  | {
      readonly kind: 'quarantine';
      readonly reason: QuarantineReason;
      /** The value that stopped us: a slug, a status, two sums. Never personal data. */
      readonly detail: string;
      readonly key: PaymentKey;
    }
  | { readonly kind: 'orders'; readonly key: PaymentKey; readonly orders: readonly OrderDraft[] };

/** An order but for the event that made it, which the decision does not know. */
export type OrderDraft = Omit<NewOrder, 'eventId' | 'eventCreatedAt'>;

export type KnownPartners = {
  readonly slugs: ReadonlySet<string>;
  /** Takes products that name no partner; null quarantines them. */
  readonly house: PartnerSlug | null;
};

/** The decision table of design.md §5 and stripe.md §3. Never throws on facts, however odd. */
export function decidePayment(facts: PaymentFacts, partners: KnownPartners): PaymentDecision {
  switch (facts.kind) {
    case 'unrelated':
      return { kind: 'ignored', reason: 'unrelated-event' };
    case 'checkout':
      return decideCheckout(facts, partners);
    case 'billed':
      return decideBilled(facts, partners);
    default:
      return facts satisfies never;
  }
}

function decideCheckout(facts: CheckoutFacts, partners: KnownPartners): PaymentDecision {
  const key = paymentKey({ ...facts, invoiceId: null });
  const quarantine = quarantineOf(key);
  if (facts.mode === 'setup') return { kind: 'ignored', reason: 'setup-only' }; // table, M
  if (facts.mode !== 'payment' && facts.mode !== 'subscription') {
    return quarantine('unknown-mode', facts.mode);
  }
  if (facts.status !== 'complete') return quarantine('session-not-complete', `${facts.status}`);
  switch (facts.paymentStatus) {
    case 'unpaid': // table, H: a delayed method; the async event tells the end of it
      return { kind: 'wait', reason: 'awaiting-payment', key };
    case 'no_payment_required': // table, F: a trial starts; table, G: a coupon made it free
      if (facts.mode === 'subscription') return { kind: 'ignored', reason: 'free-subscription' };
      break;
    case 'paid':
      break;
    default:
      return quarantine('unknown-status', facts.paymentStatus);
  }
  // Falling back to the payment intent here would make a second order when the invoice arrives.
  if (facts.invoiceExpected) return { kind: 'wait', reason: 'awaiting-invoice', key };
  return decideOrders(key, facts, partners);
}

function decideBilled(facts: BilledFacts, partners: KnownPartners): PaymentDecision {
  const key = invoicePaymentKey(facts.invoiceId);
  switch (facts.status) {
    case 'paid':
      break;
    case 'draft':
    case 'open': // part of it is paid, or none: the event that completes it will come
      return { kind: 'wait', reason: 'awaiting-payment', key };
    case 'void':
    case 'uncollectible': // paid by the event, undone since
      return quarantineOf(key)('invoice-not-paid', facts.status);
    default:
      return quarantineOf(key)('unknown-status', `${facts.status}`);
  }
  // A trial's first invoice, a free plan, a proration that ends in a credit: nothing was sold.
  if (facts.total !== null && facts.total <= 0 && facts.billingReason !== 'manual') {
    return { kind: 'ignored', reason: 'free-subscription' };
  }
  return decideOrders(key, facts, partners);
}

function decideOrders(key: PaymentKey, facts: Priced, partners: KnownPartners): PaymentDecision {
  const quarantine = quarantineOf(key);
  const { total, currency, lines, shipping } = facts;
  if (facts.otherSeller) return quarantine('other-seller', '');
  if (total === null || currency === null) return quarantine('no-amount', '');
  if (total < 0) return quarantine('negative-total', `${total}`);
  if (lines.length === 0) return quarantine('no-lines', '');
  const ofLines = sum([...lines.map((line) => line.gross), shipping]);
  if (ofLines !== total) return quarantine('lines-do-not-add-up', `${ofLines} ≠ ${total}`);
  const unclear = lines.find((line) => line.tax === 'unclear');
  if (unclear) return quarantine('unclear-tax', unclear.productId ?? '');
  const { email } = facts.buyer;
  if (email === null) return quarantine('no-email', '');
  if (!isSingleEmail(email)) return quarantine('bad-email', '');

  const sold = new Map<PartnerSlug, LineFacts[]>();
  for (const line of lines) {
    const partner = partnerOf(line, partners);
    if (typeof partner === 'object') return quarantine(partner.reason, partner.detail);
    sold.set(partner, [...(sold.get(partner) ?? []), line]);
  }
  const shippingShares = shareByGross(
    shipping,
    [...sold.values()].map((of) => sum(of.map((line) => line.gross))),
  );
  const orders = [...sold].map(([partner, ofPartner], index): OrderDraft => {
    const share = shippingShares[index] ?? cents(0);
    const priced = ofPartner.map(pricedLine);
    const taxed = taxLines(share === 0 ? priced : [...priced, shippingLine(share)]);
    return {
      paymentKey: key,
      partner,
      customer: customerOf(facts.buyer, email),
      currency,
      paidAt: facts.paidAt,
      paymentMethod: facts.paymentMethod,
      lines: taxed,
      totals: totalsOf(taxed),
    };
  });
  return { kind: 'orders', key, orders };
}

function partnerOf(
  line: LineFacts,
  { slugs, house }: KnownPartners,
): PartnerSlug | { readonly reason: 'no-partner' | 'unknown-partner'; readonly detail: string } {
  const named = line.partner?.trim() ?? '';
  if (named === '') {
    return house ?? { reason: 'no-partner', detail: line.productId ?? line.productName };
  }
  const slug = parsePartnerSlug(named);
  return slug !== null && slugs.has(slug)
    ? slug
    : { reason: 'unknown-partner', detail: plainLine(named, 100) };
}

function pricedLine(line: LineFacts): PricedLine {
  const { partner: _partner, tax, ...facts } = line;
  const rest = { ...facts, productName: plainLineOrNull(facts.productName) ?? 'Produit' };
  return typeof tax === 'object'
    ? { ...rest, ...tax }
    : { ...rest, vat: null, rate: NORMAL_RATE, treatment: 'standard' };
}

// Stripe passes any text through; what is recorded is one visible line. Paths, mails and pages
// downstream still escape it for their own language.
function customerOf(buyer: BuyerFacts, email: string): Customer {
  const { address } = buyer;
  return {
    name: plainLineOrNull(buyer.name, 200),
    businessName: plainLineOrNull(buyer.businessName, 200),
    email,
    phone: plainLineOrNull(buyer.phone, 40),
    address: address && {
      line1: plainLineOrNull(address.line1, 200),
      line2: plainLineOrNull(address.line2, 200),
      postalCode: plainLineOrNull(address.postalCode, 20),
      city: plainLineOrNull(address.city, 100),
      state: plainLineOrNull(address.state, 100),
      country: plainLineOrNull(address.country, 2),
    },
    vatNumber: plainLineOrNull(buyer.vatNumber, 30),
  };
}

// Shipping follows the goods' rate; services have none, so the normal rate is the honest default.
function shippingLine(gross: Cents): PricedLine {
  return {
    productId: null,
    productName: 'Livraison',
    quantity: null,
    gross,
    discount: cents(0),
    rate: NORMAL_RATE,
    treatment: 'standard',
    vat: null,
  };
}

function quarantineOf(key: PaymentKey) {
  return (reason: QuarantineReason, detail: string): PaymentDecision => ({
    kind: 'quarantine',
    key,
    reason,
    detail,
  });
}
