// One line sold, out of a checkout session's item or out of an invoice's line. The two speak of
// money differently (stripe.md, Money): an item has its final total, a line is before discounts and
// exclusive tax. Both end as what the customer pays for it, tax in, discounts off.

import { type Cents, cents, sum, ZERO } from '#domain/money.ts';
import type { LineFacts } from '#domain/payment.ts';
import { plainLineOrNull } from '#domain/text.ts';
import {
  explainTax,
  grossDiscount,
  invoiceLineTaxes,
  sessionLineTaxes,
  type TaxSituation,
} from './line-tax.ts';
import {
  amountOf,
  expanded,
  type InvoiceLineShape,
  idOf,
  type PriceShape,
  type ProductShape,
  rowsOf,
  type SessionLineShape,
  type TaxRateShape,
  textOf,
} from './shapes.ts';

/** Needs `line_items.data.price.product` and `line_items.data.taxes` expanded. */
export function sessionLineFacts(line: SessionLineShape, situation: TaxSituation): LineFacts {
  const product = expanded(line.price?.product);
  const productId = idOf(line.price?.product);
  const gross = amountOf(line.amount_total) ?? ZERO;
  const entries = sessionLineTaxes(line);
  const tax = explainTax(entries, situation, { gross, stated: amountOf(line.amount_tax) });
  return {
    productId,
    productName: productName(product, line.description),
    partner: partnerOf(product, line.price),
    productDeleted: product?.deleted === true,
    unknownPricing: null,
    quantity: quantityOf(line.quantity),
    gross,
    discount: grossDiscount(amountOf(line.amount_discount) ?? ZERO, tax, entries),
    tax,
  };
}

export type LineNeighbours = {
  /** By id; null for a deleted product. */
  readonly products: ReadonlyMap<string, ProductShape | null>;
  /** By id, those of lines whose product is deleted. */
  readonly prices: ReadonlyMap<string, PriceShape | null>;
  readonly taxRates: ReadonlyMap<string, TaxRateShape | null>;
};

/** `amount` is before discounts and exclusive tax, on every recorded invoice that adds up. */
export function invoiceLineFacts(
  line: InvoiceLineShape,
  { products, prices, taxRates }: LineNeighbours,
  situation: TaxSituation,
): LineFacts {
  const productId = invoiceLineProductId(line);
  const product = products.get(productId ?? '') ?? expanded(line.price?.product);
  const price = prices.get(invoiceLinePriceId(line) ?? '') ?? line.price;
  const entries = invoiceLineTaxes(line, taxRates);
  const discount = sum(rowsOf(line.discount_amounts).map((it) => amountOf(it.amount) ?? ZERO));
  const added = sum(entries.map((it) => (it.exclusive ? (it.amount ?? ZERO) : ZERO)));
  const gross = cents((amountOf(line.amount) ?? ZERO) - discount + added) as Cents;
  const tax = explainTax(entries, situation, { gross, stated: null });
  return {
    productId,
    productName: productName(product, line.description),
    partner: partnerOf(product, price),
    // Left out of Stripe's list of products, to which its id belongs.
    productDeleted: productId !== null && (product === null || product.deleted === true),
    unknownPricing: unknownPricingOf(line),
    quantity: wholeQuantity(line),
    gross,
    discount: grossDiscount(discount, tax, entries),
    tax,
  };
}

/** Null for a line typed by hand, which sells no product. Old shapes second. */
export function invoiceLineProductId(line: InvoiceLineShape): string | null {
  return (
    textOf(line.pricing?.price_details?.product) ??
    idOf(line.price?.product) ??
    idOf(line.plan?.product)
  );
}

/** Null for a line typed by hand. Old shapes second. */
export function invoiceLinePriceId(line: InvoiceLineShape): string | null {
  return idOf(line.pricing?.price_details?.price) ?? idOf(line.price);
}

// The one type there is today names its price and product; another would hide whose sale it was.
function unknownPricingOf({ pricing }: InvoiceLineShape): string | null {
  const type = textOf(pricing?.type);
  return type === 'price_details' ? null : type;
}

// The product's own name: an invoice line's description is Stripe's English, "1 × Name (at €29.00 /
// month)". It is all there is for a line typed by hand or a product deleted since.
function productName(product: ProductShape | null, description: unknown): string {
  return (
    plainLineOrNull(textOf(product?.name)) ?? plainLineOrNull(textOf(description)) ?? 'Article'
  );
}

// A deleted product has lost its metadata; the price keeps its own and may name the partner too.
function partnerOf(
  product: ProductShape | null,
  price: PriceShape | null | undefined,
): string | null {
  const ofProduct = textOf(product?.metadata?.partner);
  const gone = product === null || product.deleted === true;
  return ofProduct ?? (gone ? textOf(price?.metadata?.partner) : null);
}

function quantityOf(value: unknown): number | null {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : null;
}

// `quantity` is cut to an integer (metered plans); a fraction is printed without a quantity rather
// than with a wrong one.
function wholeQuantity(line: InvoiceLineShape): number | null {
  const quantity = quantityOf(line.quantity);
  if (quantity === null || line.quantity_decimal == null) return quantity;
  const decimal = JSON.stringify(line.quantity_decimal).replaceAll('"', '');
  return Number(decimal) === quantity ? quantity : null;
}
