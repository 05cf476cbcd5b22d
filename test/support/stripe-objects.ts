// Stripe's objects written by hand, good and paid, with only the fields that we read; a test
// spreads its one difference over them. `checkout` and `billed` are their facts.

import type {
  InvoiceLineShape,
  InvoiceShape,
  SessionLineShape,
  SessionShape,
} from '#adapters/stripe/shapes.ts';
import { billedFacts, checkoutFacts } from '#adapters/stripe/stripe-facts.ts';
import type { BilledFacts, CheckoutFacts, LineFacts } from '#domain/payment.ts';

/** Unix seconds. */
export const CREATED = 1_795_000_000;
export const PAID = CREATED + 60;

export const product = {
  id: 'small-monthly',
  name: 'Bilan annuel',
  metadata: { partner: 'lilas' },
};
export const soldLine: SessionLineShape = {
  id: 'li_1',
  description: 'Bilan annuel',
  quantity: 1,
  amount_total: 120_00,
  amount_discount: 0,
  amount_tax: 0,
  taxes: [],
  price: { product },
};
export const paidSession: SessionShape = {
  id: 'cs_1',
  created: CREATED,
  mode: 'payment',
  status: 'complete',
  payment_status: 'paid',
  amount_total: 120_00,
  currency: 'eur',
  payment_intent: {
    id: 'pi_1',
    latest_charge: { id: 'ch_1', created: PAID, payment_method_details: { type: 'card' } },
  },
  customer_details: { email: 'ana@example.com', name: 'Ana Petit', tax_exempt: 'none' },
};
export const billedLine: InvoiceLineShape = {
  id: 'il_1',
  description: '1 × Bilan annuel (at €120.00 / year)',
  quantity: 1,
  amount: 120_00,
  taxes: [],
  pricing: { price_details: { product: product.id } },
};
export const paidInvoice: InvoiceShape = {
  id: 'in_1',
  created: CREATED,
  status: 'paid',
  billing_reason: 'subscription_cycle',
  total: 120_00,
  currency: 'eur',
  amount_paid: 120_00,
  status_transitions: { paid_at: PAID },
  issuer: { type: 'self' },
  customer_email: 'ana@example.com',
  customer_name: 'Ana Petit',
  customer_tax_exempt: 'none',
  payments: {
    data: [
      {
        status: 'paid',
        payment: { payment_intent: { id: 'pi_1', payment_method_types: ['sepa_debit'] } },
      },
    ],
  },
};

const TAX_RATES = {
  txr_20: { id: 'txr_20', percentage: 20, effective_percentage: 20, tax_type: 'vat' },
};

/** The facts of the paid session, with these fields changed in it and in its line. */
export function checkout(session: SessionShape = {}, line: SessionLineShape = {}): CheckoutFacts {
  return checkoutFacts({ ...paidSession, ...session }, [{ ...soldLine, ...line }]);
}

/** The facts of the paid invoice, with these fields changed in it and in its line. */
export function billed(
  invoice: InvoiceShape = {},
  line: InvoiceLineShape = {},
  session: SessionShape | null = null,
): BilledFacts {
  return billedFacts({
    invoice: { ...paidInvoice, ...invoice },
    lines: [{ ...billedLine, ...line }],
    session,
    products: new Map([[product.id, product]]),
    prices: new Map(),
    taxRates: new Map(Object.entries(TAX_RATES)),
    charge: null,
  });
}

/** The only line. */
export function lineOf(facts: CheckoutFacts | BilledFacts): LineFacts {
  const [line, ...others] = facts.lines;
  if (line === undefined || others.length > 0) throw new Error('not one line');
  return line;
}
