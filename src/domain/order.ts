// An order: what one partner sold within one payment. Its amounts are final when it is recorded;
// the invoice, the mail and the partner's payload all read them from here and compute nothing
// again. Lines keep the order in which Stripe lists them.

import type { Customer } from './customer.ts';
import { type Cents, type Currency, cents, roundHalfUp, sum } from './money.ts';
import type { PartnerSlug } from './partner.ts';
import type { PaymentKey } from './payment-key.ts';
import {
  splitLines,
  type VatAmounts,
  type VatRate,
  type VatSummary,
  type VatTreatment,
} from './vat.ts';

export type OrderLine = VatAmounts & {
  /** Null for what is not a product: shipping. Such a line is invoiced but not sent to a partner. */
  readonly productId: string | null;
  readonly productName: string;
  /** Null when Stripe has none: printed without, one for the partner. */
  readonly quantity: number | null;
  readonly rate: VatRate;
  readonly treatment: VatTreatment;
  /** Tax-inclusive reduction already taken off `gross`, at least 0. */
  readonly discount: Cents;
};

export type OrderTotals = VatAmounts & { readonly byRate: readonly VatSummary[] };

export type NewOrder = {
  readonly paymentKey: PaymentKey;
  readonly partner: PartnerSlug;
  /** The Stripe event that made the order, and when Stripe created it. */
  readonly eventId: string;
  readonly eventCreatedAt: Date;
  readonly customer: Customer;
  readonly currency: Currency;
  readonly paidAt: Date;
  /** Stripe's type of payment method (`card`, `sepa_debit`, …), or null when nothing was charged. */
  readonly paymentMethod: string | null;
  readonly lines: readonly OrderLine[];
  readonly totals: OrderTotals;
};

/** `id` is the integer partners know as `order_id`. */
export type Order = NewOrder & { readonly id: number };

/** A line before tax is worked out. `vat` is what Stripe says it charged on it, if it says so. */
export type PricedLine = {
  readonly productId: string | null;
  readonly productName: string;
  readonly quantity: number | null;
  /** Tax and discounts included. */
  readonly gross: Cents;
  readonly discount: Cents;
  readonly rate: VatRate;
  readonly treatment: VatTreatment;
  readonly vat: Cents | null;
};

/**
 * The lines with their net and tax. Lines whose tax Stripe stated keep it; the others are split
 * together, rate by rate, so that net + tax = gross for the lines and for the order. Amounts are
 * multiples of `step` where the prices are: 10 keeps a currency of three decimals to the two that an
 * electronic invoice may have (EN 16931, BR-DEC).
 */
export function taxLines(priced: readonly PricedLine[], step: 1 | 10 = 1): OrderLine[] {
  const amounts = new Map<PricedLine, VatAmounts>();
  for (const line of priced) {
    if (line.vat !== null) {
      amounts.set(line, { net: cents(line.gross - line.vat), vat: line.vat, gross: line.gross });
    }
  }
  const open = priced.filter((line) => line.vat === null);
  for (const rate of new Set(open.map((line) => line.rate))) {
    const ofRate = open.filter((line) => line.rate === rate);
    const unit = ofRate.every((line) => line.gross % step === 0) ? step : 1;
    const split = splitLines(
      ofRate.map((line) => cents(line.gross / unit)),
      rate,
    );
    ofRate.forEach((line, index) => {
      const { net, vat, gross } = split[index] as VatAmounts;
      amounts.set(line, {
        net: cents(net * unit),
        vat: cents(vat * unit),
        gross: cents(gross * unit),
      });
    });
  }
  return priced.map(({ vat: _stated, ...line }, index) => ({
    ...line,
    ...(amounts.get(priced[index] as PricedLine) as VatAmounts),
  }));
}

/** The order's totals, overall and per rate (highest rate first). All are sums of the lines. */
export function totalsOf(lines: readonly OrderLine[]): OrderTotals {
  const groups = new Map<string, OrderLine[]>();
  for (const line of lines) {
    const key = `${line.rate} ${line.treatment}`;
    groups.set(key, [...(groups.get(key) ?? []), line]);
  }
  const byRate = [...groups.values()]
    .map((group) => {
      const { rate, treatment } = group[0] as OrderLine;
      return { rate, treatment, ...sumAmounts(group) };
    })
    .sort((a, b) => b.rate - a.rate || a.treatment.localeCompare(b.treatment));
  return { ...sumAmounts(lines), byRate };
}

/** Line net divided by quantity, half-up to the minor unit. A missing or zero quantity is 1. */
export function unitNet(line: Pick<OrderLine, 'net' | 'quantity'>): Cents {
  return cents(Number(roundHalfUp(BigInt(line.net), BigInt(line.quantity || 1))));
}

function sumAmounts(amounts: readonly VatAmounts[]): VatAmounts {
  return {
    net: sum(amounts.map((it) => it.net)),
    vat: sum(amounts.map((it) => it.vat)),
    gross: sum(amounts.map((it) => it.gross)),
  };
}
