// What a plateforme agréée reports to the tax office for us (CGI art. 290 and 290 A, ann. II art. 242
// nonies M; read 2026-11-22): sales to consumers per day, category, rate and currency (flux 10.3), and
// what they paid per day and rate (flux 10.4). Credit notes count against the day of their issue, or
// of the money. Sales to businesses and abroad go other ways and are told apart, never mixed in.

import type { LegalDocument } from './invoice.ts';
import type { ParisDay } from './invoice-number.ts';
import { hasMoneyMoved, moneyDay } from './ledger.ts';
import { type Cents, type Currency, cents } from './money.ts';
import type { VatRate, VatTreatment } from './vat.ts';

/** Only `consumer` is of flux 10.3 and 10.4. */
export type Audience = 'consumer' | 'consumer-abroad' | 'business' | 'business-abroad';
/** TPS1: services taxed in France. TNT1: not taxed in France. */
export type Category = 'TPS1' | 'TNT1';

type Place = {
  readonly audience: Audience;
  readonly day: ParisDay;
  readonly category: Category;
  readonly currency: Currency;
  readonly rate: VatRate;
};

/** Amounts in minor units, credit notes taken off; they may be negative. */
export type TransactionRow = Place & {
  readonly net: Cents;
  readonly vat: Cents;
  /** Documents with something at this rate. */
  readonly invoices: number;
  readonly creditNotes: number;
};

export type PaymentRow = Place & { readonly gross: Cents };

/** Documents of one day and category, whatever their rates. */
export type DayCount = Omit<Place, 'rate'> & {
  readonly invoices: number;
  readonly creditNotes: number;
};

export type EReport = {
  readonly transactions: readonly TransactionRow[];
  readonly counts: readonly DayCount[];
  readonly payments: readonly PaymentRow[];
};

export type EReportSum = {
  /** Takes a document in: its sale, its money, or both, as they fall into the period. */
  add(document: LegalDocument, what: { readonly sale: boolean; readonly money: boolean }): void;
  /** Sorted by audience, day, category, currency, rate. */
  result(): EReport;
};

// Where French VAT applies: the mainland with Monaco, and three of the overseas departments.
const VAT_TERRITORY = new Set([null, '', 'FR', 'MC', 'GP', 'MQ', 'RE']);

/** A buyer without a country counts as one in France; one with a VAT number is a business. */
export function audienceOf({ buyer }: Pick<LegalDocument, 'buyer'>): Audience {
  const isBusiness = buyer.businessName !== null || buyer.vatNumber !== null;
  const isHere = VAT_TERRITORY.has(buyer.address?.country ?? null);
  if (isBusiness) return isHere ? 'business' : 'business-abroad';
  return isHere ? 'consumer' : 'consumer-abroad';
}

/** Adds documents up. Its size is that of the period, not of the books. */
export function eReportSum(): EReportSum {
  const transactions = new Map<string, TransactionRow>();
  const counts = new Map<string, DayCount>();
  const payments = new Map<string, PaymentRow>();

  function addSale(document: LegalDocument, sign: 1 | -1): void {
    const one = sign === 1 ? { invoices: 1, creditNotes: 0 } : { invoices: 0, creditNotes: 1 };
    const categories = new Set<Category>();
    const rates = new Set<string>();
    for (const { rate, treatment, net, vat } of document.totals.byRate) {
      const place = placeOf(document, document.issueDay, treatment, rate);
      const key = keyOf(place);
      const before = transactions.get(key) ?? { ...place, ...NOTHING };
      const count = rates.has(key) ? { invoices: 0, creditNotes: 0 } : one;
      transactions.set(key, {
        ...before,
        net: cents(before.net + sign * net),
        vat: cents(before.vat + sign * vat),
        ...plus(before, count),
      });
      categories.add(place.category);
      rates.add(key);
    }
    for (const category of categories) {
      const { audience, day, currency } = placeOf(document, document.issueDay, 'standard', 0);
      const place = { audience, day, category, currency };
      const key = Object.values(place).join(' ');
      counts.set(key, { ...place, ...plus(counts.get(key) ?? NOTHING, one) });
    }
  }

  function addMoney(document: LegalDocument, sign: 1 | -1): void {
    // With the option for debits the tax is due at the invoice: payments are not reported then.
    if (document.seller.vatOnDebits || !hasMoneyMoved(document)) return;
    for (const { rate, treatment, gross } of document.totals.byRate) {
      const place = placeOf(document, moneyDay(document), treatment, rate);
      if (place.category !== 'TPS1') continue;
      const key = keyOf(place);
      const before = payments.get(key)?.gross ?? 0;
      payments.set(key, { ...place, gross: cents(before + sign * gross) });
    }
  }

  return {
    add(document, what) {
      const sign = document.kind === 'invoice' ? 1 : -1;
      if (what.sale) addSale(document, sign);
      if (what.money) addMoney(document, sign);
    },
    result: () => ({
      transactions: sorted(transactions),
      counts: sorted(counts),
      payments: sorted(payments),
    }),
  };
}

const NOTHING = { net: cents(0), vat: cents(0), invoices: 0, creditNotes: 0 };

type Counts = Pick<TransactionRow, 'invoices' | 'creditNotes'>;

function plus(a: Counts, b: Counts): Counts {
  return { invoices: a.invoices + b.invoices, creditNotes: a.creditNotes + b.creditNotes };
}

function placeOf(
  document: LegalDocument,
  day: ParisDay,
  treatment: VatTreatment,
  rate: number,
): Place {
  const category = treatment === 'standard' ? 'TPS1' : 'TNT1';
  const { currency } = document;
  return { audience: audienceOf(document), day, category, currency, rate: rate as VatRate };
}

function keyOf({ audience, day, category, currency, rate }: Place): string {
  return `${audience} ${day} ${category} ${currency} ${String(rate).padStart(5, '0')}`;
}

function sorted<T>(rows: ReadonlyMap<string, T>): readonly T[] {
  return [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}
