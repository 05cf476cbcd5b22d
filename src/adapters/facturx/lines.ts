// The invoice's lines (BG-25). Our amounts are final and net of discounts; the norm tells a line as
// price × quantity − allowance, so the price is worked out backwards here, with as many decimals as
// it takes to multiply back to the cent. A price may not be negative (BR-27): what is taken back has
// a negative quantity instead.

import type { LegalDocument } from '#domain/invoice.ts';
import {
  add,
  type Cents,
  type Currency,
  cents,
  minorUnitDecimals,
  roundHalfUp,
} from '#domain/money.ts';
import type { OrderLine } from '#domain/order.ts';
import { DISCOUNT_REASON, UNIT, vatCategory } from './codes.ts';
import { decimalAmount, percent, type XmlNode, xmlText } from './xml-text.ts';

/** `ram:IncludedSupplyChainTradeLineItem`, one a line, numbered from 1 in the document's order. */
export function lineItems({ lines, currency }: LegalDocument): readonly XmlNode[] {
  return lines.map((line, index) => lineItem(line, index + 1, currency));
}

function lineItem(line: OrderLine, number: number, currency: Currency): XmlNode {
  const allowance = netDiscount(line, currency);
  const price = pricedQuantity(add(line.net, allowance), line.quantity || 1, currency);
  return {
    'ram:AssociatedDocumentLineDocument': { 'ram:LineID': String(number) },
    'ram:SpecifiedTradeProduct': {
      'ram:SellerAssignedID': xmlText(line.productId),
      'ram:Name': xmlText(line.productName) ?? '(sans désignation)',
    },
    'ram:SpecifiedLineTradeAgreement': {
      'ram:NetPriceProductTradePrice': {
        'ram:ChargeAmount': price.amount,
        'ram:BasisQuantity': price.per === 1 ? null : { '@unitCode': UNIT, '#': `${price.per}` },
      },
    },
    'ram:SpecifiedLineTradeDelivery': {
      'ram:BilledQuantity': { '@unitCode': UNIT, '#': `${price.quantity}` },
    },
    'ram:SpecifiedLineTradeSettlement': {
      'ram:ApplicableTradeTax': {
        'ram:TypeCode': 'VAT',
        'ram:CategoryCode': vatCategory(line).code,
        'ram:RateApplicablePercent': percent(line.rate),
      },
      'ram:SpecifiedTradeAllowanceCharge': allowance === 0 ? null : discount(allowance, currency),
      'ram:SpecifiedTradeSettlementLineMonetarySummation': {
        'ram:LineTotalAmount': decimalAmount(line.net, currency),
      },
    },
  };
}

function discount(allowance: Cents, currency: Currency): XmlNode {
  return {
    'ram:ChargeIndicator': { 'udt:Indicator': 'false' },
    'ram:ActualAmount': decimalAmount(allowance, currency),
    'ram:ReasonCode': DISCOUNT_REASON,
    'ram:Reason': 'Remise',
  };
}

// The customer was promised a discount with tax in; its net follows from the line's rate. It is
// rounded to what two decimals can say: the price before it takes up the difference.
function netDiscount({ discount, rate }: OrderLine, currency: Currency): Cents {
  const step = minorUnitDecimals(currency) === 3 ? 10n : 1n;
  const steps = roundHalfUp(BigInt(discount) * 10_000n, (10_000n + BigInt(rate)) * step);
  return cents(Number(steps * step));
}

type Price = {
  /** BT-146, never negative. */
  readonly amount: string;
  /** BT-149: how many units that price is for. */
  readonly per: number;
  /** BT-129, with the sign of the amount. */
  readonly quantity: number;
};

// 249.97 for 3 is 83.323 each: the fewest decimals from which the line can be computed again. Past
// the six that BR-FR-DEC-03 allows, the price is one for the whole quantity, which is exact.
function pricedQuantity(amount: Cents, quantity: number, currency: Currency): Price {
  const total = BigInt(Math.abs(amount));
  const count = BigInt(quantity);
  const signed = amount < 0 ? -quantity : quantity;
  const decimals = minorUnitDecimals(currency);
  for (let extra = 0; decimals + extra <= 6; extra++) {
    const scale = 10n ** BigInt(extra);
    const price = roundHalfUp(total * scale, count);
    if (roundHalfUp(price * count, scale) === total) {
      return { amount: scaled(price, decimals + extra), per: 1, quantity: signed };
    }
  }
  return { amount: scaled(total, decimals), per: quantity, quantity: signed };
}

function scaled(digits: bigint, decimals: number): string {
  const text = String(digits).padStart(decimals + 1, '0');
  const whole = text.slice(0, text.length - decimals);
  return decimals === 0 ? whole : `${whole}.${text.slice(-decimals)}`;
}
