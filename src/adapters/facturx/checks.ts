// What must hold before a document becomes XML, beyond what a schema or the published rules can see:
// they take 123456789 for a SIREN and the 31st of February for a day. The same list can be asked
// before a number is taken, so that a document nobody can explain is never issued.

import type { LegalDocument } from '#domain/invoice.ts';
import { type Cents, type Currency, minorUnitDecimals, roundHalfUp, sum } from '#domain/money.ts';
import { frenchVatNumber, isSiren } from '#domain/seller.ts';
import type { VatAmounts, VatSummary } from '#domain/vat.ts';
import { euVatNumber, vatCategory } from './codes.ts';
import { fitsTwoDecimals } from './xml-text.ts';

/** Everything that is wrong with the document, one English sentence a fault; empty if nothing is. */
export function documentFaults(document: LegalDocument): readonly string[] {
  return [
    ...sellerFaults(document),
    ...numberFaults(document),
    ...dayFaults(document),
    ...sumFaults(document),
    ...taxFaults(document),
  ];
}

function sellerFaults({ seller }: LegalDocument): string[] {
  return [
    ...when(!isSiren(seller.siren), `BT-30: ${seller.siren} is no SIREN`),
    ...when(
      seller.vatNumber !== frenchVatNumber(seller.siren),
      `BT-31: ${seller.vatNumber} is not the VAT number of SIREN ${seller.siren}`,
    ),
  ];
}

function numberFaults(document: LegalDocument): string[] {
  const credited = document.kind === 'credit-note' ? [document.creditedInvoice.number] : [];
  return [document.number, ...credited]
    .filter((number) => !/^[A-Za-z0-9+\-_/]{1,35}$/.test(number))
    .map((number) => `BR-FR-02: ${number} cannot be the number of an invoice`);
}

function dayFaults(document: LegalDocument): string[] {
  const { issueDay, serviceDay } = document;
  const days =
    document.kind === 'invoice'
      ? [issueDay, serviceDay, document.paidDay]
      : [issueDay, serviceDay, document.refundedDay, document.creditedInvoice.issueDay];
  return [
    ...days.filter((day) => !isRealDay(day)).map((day) => `BR-FR-03: ${day} is no day`),
    ...when(
      document.kind === 'credit-note' && document.creditedInvoice.issueDay > issueDay,
      'BT-26: the credit note is older than its invoice',
    ),
  ];
}

function isRealDay(day: string): boolean {
  if (!/^20\d\d-\d\d-\d\d$/.test(day)) return false;
  const midnight = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(day);
}

function sumFaults({ lines, totals, currency }: LegalDocument): string[] {
  const amounts = [...lines, ...totals.byRate, totals].flatMap((it) => [it.net, it.vat, it.gross]);
  return [
    ...when(lines.length === 0, 'BR-16: it has no line'),
    ...when(!addsUp(lines, totals), 'BR-CO-10: the lines do not add up to the totals'),
    ...when(!addsUp(totals.byRate, totals), 'BR-CO-14: the rates do not add up to the totals'),
    ...when(totals.net + totals.vat !== totals.gross, 'BR-CO-15: net and tax are not the total'),
    ...when(totals.gross < 0, 'its total is negative'),
    ...when(
      amounts.some((amount) => !fitsTwoDecimals(amount, currency)),
      `BR-DEC: amounts in ${currency} have three decimals, the norm has two`,
    ),
  ];
}

function addsUp(parts: readonly VatAmounts[], whole: VatAmounts): boolean {
  const of = (pick: (it: VatAmounts) => Cents) => sum(parts.map(pick)) === pick(whole);
  return of((it) => it.net) && of((it) => it.vat) && of((it) => it.gross);
}

function taxFaults({ lines, totals, buyer, currency }: LegalDocument): string[] {
  const { byRate } = totals;
  const keys = byRate.map(taxKey);
  return [
    ...when(new Set(keys).size !== keys.length, 'BG-23: a rate appears twice'),
    ...byRate
      .filter(
        (it) =>
          !addsUp(
            lines.filter((line) => taxKey(line) === taxKey(it)),
            it,
          ),
      )
      .map((it) => `BR-${taxKey(it)}: its lines do not add up to its sum`),
    ...byRate
      .filter((it) => !isTaxOf(it, currency))
      .map((it) => `BR-CO-17: ${it.vat} is not ${taxKey(it)}`),
    ...when(
      byRate.some((it) => it.treatment === 'reverse-charge') &&
        euVatNumber(buyer.vatNumber) === null,
      'BR-AE-02: reverse charge to a buyer without an EU VAT number',
    ),
  ];
}

/** « S 2000 », the key of BG-23. */
function taxKey(of: Pick<VatSummary, 'rate' | 'treatment'>): string {
  return `${vatCategory(of).code} ${of.rate}`;
}

// Less than one unit of the currency from net × rate, the norm's own tolerance (BR-S-09, whose
// rounding this is). Only a rate above zero may bring tax.
function isTaxOf(summary: VatSummary, currency: Currency): boolean {
  const { net, vat, rate, treatment } = summary;
  if (treatment !== 'standard' || rate === 0) return vat === 0 && rate === 0;
  const expected = Number(roundHalfUp(BigInt(net) * BigInt(rate), 10_000n));
  return Math.abs(vat - expected) < 10 ** minorUnitDecimals(currency);
}

function when(condition: boolean, fault: string): string[] {
  return condition ? [fault] : [];
}
