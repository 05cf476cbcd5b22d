// How an amount that went back is cut over what was sold: over the payment's orders, their VAT rates
// and their lines, in proportion to what is not yet credited, so that no part ever exceeds what is
// left of it. VAT is taken by difference: what the invoice's own VAT comes to on all that has been
// credited, less what earlier credit notes took. Crediting everything, in whatever pieces, so gives
// exactly the invoice.

import { allocate } from './allocation.ts';
import { add, type Cents, cents, roundHalfUp, subtract, sum, ZERO } from './money.ts';
import type { Order, OrderLine } from './order.ts';
import { splitGross, type VatAmounts } from './vat.ts';

export type CreditableOrder = {
  readonly order: Order;
  /** What earlier credit notes took back of each line, in the order of the lines. */
  readonly credited: readonly VatAmounts[];
};

/** What Stripe's own credit note takes back of one product: cents, tax in. */
export type NamedAmount = { readonly productId: string; readonly amount: Cents };

/** `position` counts the order's lines from 1. Negative for a line that was negative. */
export type LineCredit = VatAmounts & { readonly position: number };

/** What one correction takes back from one order: the sum of its lines. */
export type OrderCredit = VatAmounts & {
  readonly orderId: number;
  readonly lines: readonly LineCredit[];
};

/** A line with what is left of it, and how much of that this correction takes, tax in. */
type OpenLine = {
  readonly orderId: number;
  readonly position: number;
  readonly sold: OrderLine;
  readonly credited: VatAmounts;
  readonly left: VatAmounts;
  taken: Cents;
};

/** What could still be credited, in cents, tax in. Never negative on recorded orders. */
export function creditableGross(orders: readonly CreditableOrder[]): Cents {
  const open = orders.flatMap(openLines);
  return sum(open.map(({ left }) => left.gross));
}

/**
 * Cuts `amount` (more than 0, at most `creditableGross`) over the orders; those that nothing falls to
 * are left out. Products that are named come first, as far as they go; the rest is proportional.
 */
export function splitCredit(
  orders: readonly CreditableOrder[],
  amount: Cents,
  named: readonly NamedAmount[] = [],
): OrderCredit[] {
  const open = orders.flatMap(openLines);
  const ofNamed = takeNamed(open, amount, named);
  spread(subtract(amount, ofNamed), open, [({ orderId }) => orderId, rateOf]);
  return [...Map.groupBy(open, ({ orderId }) => orderId)].flatMap(([orderId, lines]) => {
    const gross = takenOf(lines);
    return gross === 0 ? [] : [{ orderId, ...orderCredit(lines) }];
  });
}

function openLines({ order, credited }: CreditableOrder): OpenLine[] {
  return order.lines.map((sold, index) => {
    const before = credited[index] ?? { net: ZERO, vat: ZERO, gross: ZERO };
    const left = {
      net: subtract(sold.net, before.net),
      vat: subtract(sold.vat, before.vat),
      gross: subtract(sold.gross, before.gross),
    };
    const of = { orderId: order.id, position: index + 1, sold, credited: before, left };
    return { ...of, taken: ZERO };
  });
}

function rateOf({ sold }: OpenLine): string {
  return `${sold.rate} ${sold.treatment}`;
}

function takenOf(lines: readonly OpenLine[]): Cents {
  return sum(lines.map(({ taken }) => taken));
}

function leftOf(lines: readonly OpenLine[]): Cents {
  return sum(lines.map(({ left, taken }) => subtract(left.gross, taken)));
}

type Level = (line: OpenLine) => unknown;

// Level by level, so that no order and no rate within it is given more than is left of it, also
// where prorations make lines negative.
function spread(total: Cents, lines: readonly OpenLine[], levels: readonly Level[]): void {
  const [level, ...deeper] = levels;
  const sets = level ? [...Map.groupBy(lines, level).values()] : lines.map((line) => [line]);
  const parts = allocate(total, sets.map(leftOf));
  sets.forEach((set, index) => {
    const part = parts[index] ?? ZERO;
    const [line] = set;
    if (level) spread(part, set, deeper);
    else if (line) line.taken = add(line.taken, part);
  });
}

/** Takes what it can of the named products; returns how much that is. */
function takeNamed(open: readonly OpenLine[], amount: Cents, named: readonly NamedAmount[]): Cents {
  const budgets = new Map<string, number>();
  for (const level of [orderKey, rateKey]) {
    for (const [key, lines] of Map.groupBy(open, level)) budgets.set(key, leftOf(lines));
  }
  const wanted: { readonly set: readonly OpenLine[]; readonly cap: number }[] = [];
  for (const [productId, amounts] of Map.groupBy(named, (it) => it.productId)) {
    let rest: number = sum(amounts.map((it) => it.amount));
    const lines = open.filter(({ sold, left }) => sold.productId === productId && left.gross > 0);
    for (const [rate, set] of Map.groupBy(lines, rateKey)) {
      const order = orderKey(set[0] as OpenLine);
      const room = Math.min(budgets.get(rate) ?? 0, budgets.get(order) ?? 0);
      const cap = Math.max(0, Math.min(rest, leftOf(set), room));
      for (const key of [rate, order]) budgets.set(key, (budgets.get(key) ?? 0) - cap);
      rest -= cap;
      if (cap > 0) wanted.push({ set, cap });
    }
  }
  const total = cents(
    Math.min(
      amount,
      wanted.reduce((whole, { cap }) => whole + cap, 0),
    ),
  );
  const parts = allocate(
    total,
    wanted.map(({ cap }) => cap),
  );
  wanted.forEach(({ set }, index) => {
    spread(parts[index] ?? ZERO, set, []);
  });
  return total;
}

function orderKey({ orderId }: OpenLine): string {
  return `order ${orderId}`;
}

function rateKey(line: OpenLine): string {
  return `rate ${line.orderId} ${rateOf(line)}`;
}

// Everything that was left of the order is taken: then exactly that, line by line, also of lines
// that cancelled each other out.
function orderCredit(lines: readonly OpenLine[]): Omit<OrderCredit, 'orderId'> {
  const isLast = leftOf(lines) === 0;
  const isWhole = isLast && lines.every(({ credited }) => credited.gross === 0);
  const credits = isLast
    ? lines.map(({ position, left }) => ({ position, ...left }))
    : [...Map.groupBy(lines, rateOf).values()].flatMap(taxed);
  const kept = isWhole ? credits : credits.filter(({ gross, vat }) => gross !== 0 || vat !== 0);
  return {
    net: sum(kept.map(({ net }) => net)),
    vat: sum(kept.map(({ vat }) => vat)),
    gross: sum(kept.map(({ gross }) => gross)),
    lines: kept.toSorted((a, b) => a.position - b.position),
  };
}

/** The lines of one rate with their tax, which together is that of the rate, by difference. */
function taxed(lines: readonly OpenLine[]): LineCredit[] {
  const parts = lines.map((line) => ({ line, ...boundsOf(line), vat: ownVat(line) }));
  const [least, most] = [parts.map(({ min }) => min), parts.map(({ max }) => max)].map(total);
  const wanted = vatByDifference(lines);
  const vat = Math.min(Math.max(wanted, least ?? 0), most ?? 0);
  const missing = vat - total(parts.map((part) => part.vat));
  const room = parts.map((part) => (missing < 0 ? part.vat - part.min : part.max - part.vat));
  const shares = missing === 0 ? [] : allocate(cents(Math.abs(missing)), room);
  return parts.map((part, index) => {
    const ofLine = cents(part.vat + Math.sign(missing) * (shares[index] ?? 0));
    const { taken: gross, position } = part.line;
    return { position, net: subtract(gross, ofLine), vat: ofLine, gross };
  });
}

function vatByDifference(lines: readonly OpenLine[]): number {
  const before = sum(lines.map(({ credited }) => credited.vat));
  const after = sum(lines.map(({ credited, taken }) => add(credited.gross, taken)));
  const vat = sum(lines.map(({ sold }) => sold.vat));
  const gross = sum(lines.map(({ sold }) => sold.gross));
  const rate = (lines[0] as OpenLine).sold.rate;
  return (gross === 0 ? splitGross(after, rate).vat : share(vat, after, gross)) - before;
}

// Of a line, neither its tax nor its net may pass what is left of them, nor change its sign.
function boundsOf({ left, taken }: OpenLine): { readonly min: number; readonly max: number } {
  if (taken === left.gross && taken !== 0) return { min: left.vat, max: left.vat };
  const byNet = taken - left.net;
  return {
    min: Math.max(Math.min(0, left.vat), Math.min(byNet, taken)),
    max: Math.min(Math.max(0, left.vat), Math.max(byNet, taken)),
  };
}

function ownVat(line: OpenLine): number {
  const { left, taken } = line;
  const { min, max } = boundsOf(line);
  const proportional = left.gross === 0 ? 0 : share(left.vat, taken, left.gross);
  return Math.min(Math.max(proportional, min), max);
}

/** amount × part / whole, rounded half away from zero. `whole` is not 0. */
function share(amount: number, part: number, whole: number): number {
  const sign = whole < 0 ? -1n : 1n;
  return Number(roundHalfUp(BigInt(amount) * BigInt(part) * sign, BigInt(whole) * sign));
}

function total(amounts: readonly number[]): number {
  return amounts.reduce((whole, amount) => whole + amount, 0);
}
