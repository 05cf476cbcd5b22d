// What Stripe says of one payment, in our words, and what we make of it: a pure decision. The
// adapter reads the live objects and fills in the facts; nothing here knows Stripe's shapes, and
// nothing there decides. Whatever the table below does not name is quarantined, never guessed.

import { type Customer, isSingleEmail } from './customer.ts';
import { type Cents, type Currency, sum } from './money.ts';
import type { NewOrder } from './order.ts';
import { draftOrders } from './order-draft.ts';
import { type PartnerSlug, parsePartnerSlug } from './partner.ts';
import { invoicePaymentKey, type PaymentKey, paymentKey } from './payment-key.ts';
import { plainLine } from './text.ts';
import type { VatRate, VatTreatment } from './vat.ts';

export type BuyerFacts = Omit<Customer, 'email'> & { readonly email: string | null };

export type StatedTax = {
  readonly vat: Cents;
  readonly rate: VatRate;
  readonly treatment: VatTreatment;
};

/**
 * `silent`: Stripe worked out no tax. `unclear`: it did, in a way we cannot explain; the text is
 * what stopped us.
 */
export type TaxFacts = StatedTax | 'silent' | { readonly unclear: string };

export type LineFacts = {
  readonly productId: string | null;
  readonly productName: string;
  /** The product's `metadata.partner` as typed, or null when it has none. */
  readonly partner: string | null;
  /** Deleted at Stripe, and its metadata with it: that it names no partner means nothing. */
  readonly productDeleted: boolean;
  /** Stripe's word for a way of pricing that we cannot read: what was sold is not known then. */
  readonly unknownPricing: string | null;
  readonly quantity: number | null;
  /** What the customer pays for the line: tax in, discounts off. */
  readonly gross: Cents;
  readonly discount: Cents;
  readonly tax: TaxFacts;
};

export type PricedFacts = {
  readonly total: Cents | null;
  readonly currency: Currency | null;
  readonly lines: readonly LineFacts[];
  /** Tax in; 0 for none. */
  readonly shipping: Cents;
  readonly shippingTax: TaxFacts;
  /** Why Stripe's own tax could not be worked out, in its words; null if it was or nobody asked. */
  readonly taxFailure: string | null;
  readonly buyer: BuyerFacts;
  readonly paidAt: Date;
  readonly paymentMethod: string | null;
  /** Someone else is the seller in law: Stripe (managed payments) or a connected account. */
  readonly otherSeller: boolean;
  /** The object's own word on its mode; null when it has none. */
  readonly livemode: boolean | null;
};

export type CheckoutFacts = PricedFacts & {
  readonly kind: 'checkout';
  readonly sessionId: string;
  readonly mode: string;
  readonly status: string | null;
  readonly paymentStatus: string;
  /** A delayed method was refused in the end. */
  readonly paymentFailed: boolean;
  /** A subscription, or a payment with `invoice_creation`: the invoice is the payment. */
  readonly invoiceExpected: boolean;
  readonly paymentIntentId: string | null;
};

export type BilledFacts = PricedFacts & {
  readonly kind: 'billed';
  readonly invoiceId: string;
  readonly status: string | null;
  readonly billingReason: string | null;
};

/** `unrelated`: an event about something that is no payment of ours, in whatever state. */
export type PaymentFacts = CheckoutFacts | BilledFacts | { readonly kind: 'unrelated' };

export type IgnoredReason = 'unrelated-event' | 'setup-only' | 'free-subscription';
/** `payment-failed`: no order unless Stripe says otherwise later; nothing was sent or numbered. */
export type WaitReason = 'awaiting-payment' | 'awaiting-invoice' | 'payment-failed';
export type QuarantineReason =
  | 'other-mode'
  | 'too-old'
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
  | 'tax-not-computed'
  | 'unclear-tax'
  | 'no-partner'
  | 'unknown-partner'
  | 'deleted-product'
  | 'no-email'
  | 'bad-email'
  | 'business-without-name'
  | 'business-without-address'
  | 'not-invoiceable'
  | 'missing-at-stripe'
  | 'keeps-failing';

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

/** What is known beside Stripe's word. */
export type Known = {
  /** The partners there are. */
  readonly slugs: ReadonlySet<string>;
  /** Takes products that name no partner; null quarantines them. */
  readonly house: PartnerSlug | null;
  /** The event's mode, which is that of our key. */
  readonly livemode: boolean;
};

/** The decision table of design.md §5 and stripe.md §3. Never throws on facts, however odd. */
export function decidePayment(facts: PaymentFacts, known: Known): PaymentDecision {
  switch (facts.kind) {
    case 'unrelated':
      return { kind: 'ignored', reason: 'unrelated-event' };
    case 'checkout':
      return decideCheckout(facts, known);
    case 'billed':
      return decideBilled(facts, known);
    default:
      return facts satisfies never;
  }
}

function decideCheckout(facts: CheckoutFacts, known: Known): PaymentDecision {
  const key = paymentKey({ ...facts, invoiceId: null });
  const quarantine = quarantineOf(key);
  if (facts.livemode === !known.livemode) return quarantine('other-mode', '');
  if (facts.mode === 'setup') return { kind: 'ignored', reason: 'setup-only' }; // table, M
  if (facts.mode !== 'payment' && facts.mode !== 'subscription') {
    return quarantine('unknown-mode', facts.mode);
  }
  if (facts.status !== 'complete') return quarantine('session-not-complete', `${facts.status}`);
  switch (facts.paymentStatus) {
    case 'unpaid': // table, H: a delayed method; the async event tells the end of it
      return {
        kind: 'wait',
        reason: facts.paymentFailed ? 'payment-failed' : 'awaiting-payment',
        key,
      };
    case 'no_payment_required': // table, F: a trial starts; table, G: a coupon made it free
      if (facts.mode === 'subscription') return { kind: 'ignored', reason: 'free-subscription' };
      break;
    case 'paid': // table, A
      break;
    default:
      return quarantine('unknown-status', facts.paymentStatus);
  }
  // Table, B and C. Falling back to the payment intent here would make a second order when the
  // invoice arrives.
  if (facts.invoiceExpected) return { kind: 'wait', reason: 'awaiting-invoice', key };
  return decideOrders(key, facts, known);
}

function decideBilled(facts: BilledFacts, known: Known): PaymentDecision {
  const key = invoicePaymentKey(facts.invoiceId);
  if (facts.livemode === !known.livemode) return quarantineOf(key)('other-mode', '');
  switch (facts.status) {
    case 'paid': // table, B to E, I to K: whatever the reason to bill and the way it was paid
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
  // Table, F: a trial's first invoice, a free plan, a proration that ends in a credit: nothing sold.
  if (facts.total !== null && facts.total <= 0 && facts.billingReason !== 'manual') {
    return { kind: 'ignored', reason: 'free-subscription' };
  }
  return decideOrders(key, facts, known);
}

function decideOrders(key: PaymentKey, facts: PricedFacts, known: Known): PaymentDecision {
  const quarantine = quarantineOf(key);
  const { currency, lines } = facts;
  if (facts.otherSeller) return quarantine('other-seller', '');
  if (facts.total === null || currency === null) return quarantine('no-amount', '');
  const doubt = doubtOfAmounts(facts, facts.total) ?? doubtOfBuyer(facts.buyer);
  if (doubt) return quarantine(...doubt);

  const sold = new Map<PartnerSlug, LineFacts[]>();
  for (const line of lines) {
    const partner = partnerOf(line, known);
    if (typeof partner === 'object') return quarantine(partner.reason, partner.detail);
    sold.set(partner, [...(sold.get(partner) ?? []), line]);
  }
  // One partner's prorations may end in a credit while another sold something.
  for (const [partner, ofPartner] of sold) {
    const gross = sum(ofPartner.map((line) => line.gross));
    if (gross < 0) return quarantine('negative-total', `${partner} ${gross}`);
  }
  const orders = draftOrders({ ...facts, paymentKey: key, currency }, sold);
  return { kind: 'orders', key, orders };
}

type Doubt = readonly [QuarantineReason, string];

function doubtOfAmounts(facts: PricedFacts, total: Cents): Doubt | null {
  const { lines, shipping, shippingTax, taxFailure } = facts;
  if (total < 0) return ['negative-total', `${total}`];
  if (lines.length === 0) return ['no-lines', ''];
  const ofLines = sum([...lines.map((line) => line.gross), shipping]);
  if (ofLines !== total) return ['lines-do-not-add-up', `${ofLines} ≠ ${total}`];
  if (taxFailure !== null) return ['tax-not-computed', taxFailure];
  for (const { tax, productId, productName, unknownPricing } of lines) {
    if (unknownPricing !== null) return ['unknown-status', `pricing.type: ${unknownPricing}`];
    const unclear = unclearOf(tax);
    if (unclear !== null) return ['unclear-tax', `${productId ?? productName}, ${unclear}`];
  }
  const unclear = unclearOf(shippingTax);
  return unclear === null ? null : ['unclear-tax', unclear];
}

function unclearOf(tax: TaxFacts): string | null {
  return typeof tax === 'object' && 'unclear' in tax ? tax.unclear : null;
}

// Between businesses an invoice must name the buyer and say where it is; the guide promises partners
// an e-mail address.
function doubtOfBuyer({ email, name, businessName, vatNumber, address }: BuyerFacts): Doubt | null {
  if (email === null) return ['no-email', ''];
  if (!isSingleEmail(email) || !email.isWellFormed()) return ['bad-email', ''];
  if (businessName === null && vatNumber === null) return null;
  if (businessName === null && name === null) return ['business-without-name', ''];
  return address === null || address.line1 === null ? ['business-without-address', ''] : null;
}

function partnerOf(
  line: LineFacts,
  { slugs, house }: Known,
): PartnerSlug | { readonly reason: QuarantineReason; readonly detail: string } {
  const named = line.partner?.trim() ?? '';
  if (named === '') {
    const detail = line.productId ?? line.productName;
    if (line.productDeleted) return { reason: 'deleted-product', detail };
    return house ?? { reason: 'no-partner', detail };
  }
  const slug = parsePartnerSlug(named);
  return slug !== null && slugs.has(slug) ? slug : { reason: 'unknown-partner', detail: named };
}

function quarantineOf(key: PaymentKey) {
  return (reason: QuarantineReason, detail: string): PaymentDecision => ({
    kind: 'quarantine',
    key,
    reason,
    detail: plainLine(detail, 200),
  });
}
