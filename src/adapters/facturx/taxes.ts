// The tax breakdown (BG-23) and the totals (BG-22), copied from the document's own: nothing is added
// up here, so the XML cannot say another sum than the page. The tax is that of each rate's total,
// not of the rounded net; the norm tolerates the cent between them (BR-CO-17, under one unit).

import type { LegalDocument } from '#domain/invoice.ts';
import { ZERO } from '#domain/money.ts';
import { taxPointCode, vatCategory } from './codes.ts';
import { decimalAmount, percent, type XmlNode } from './xml-text.ts';

/** `ram:ApplicableTradeTax`, one a rate, highest first. */
export function taxBreakdown({ totals, currency, seller }: LegalDocument): readonly XmlNode[] {
  return totals.byRate.map((summary) => {
    const category = vatCategory(summary);
    return {
      'ram:CalculatedAmount': decimalAmount(summary.vat, currency),
      'ram:TypeCode': 'VAT',
      'ram:ExemptionReason': category.reason,
      'ram:BasisAmount': decimalAmount(summary.net, currency),
      'ram:CategoryCode': category.code,
      'ram:ExemptionReasonCode': category.reasonCode,
      'ram:DueDateTypeCode': taxPointCode(seller.vatOnDebits),
      'ram:RateApplicablePercent': percent(summary.rate),
    };
  });
}

/**
 * `ram:SpecifiedTradeSettlementHeaderMonetarySummation`: paid in full, nothing due (BR-FR-CO-09). A
 * credit note is settled the same way: what it gives back has gone back.
 */
export function monetarySummation({ totals, currency }: LegalDocument): XmlNode {
  const gross = decimalAmount(totals.gross, currency);
  const net = decimalAmount(totals.net, currency);
  const vat = { '@currencyID': currency, '#': decimalAmount(totals.vat, currency) };
  return {
    'ram:LineTotalAmount': net,
    'ram:TaxBasisTotalAmount': net,
    'ram:TaxTotalAmount':
      taxCurrency({ totals, currency }) === null
        ? vat
        : [vat, { '@currencyID': 'EUR', '#': '0.00' }],
    'ram:GrandTotalAmount': gross,
    'ram:TotalPrepaidAmount': gross,
    'ram:DuePayableAmount': decimalAmount(ZERO, currency),
  };
}

/**
 * BT-6, the currency in which the tax is declared besides the invoice's own. Paid in another
 * currency, the tax in euros (BT-111) is a matter of the day's official rate, which nobody gives us:
 * it is said only where it is nought at any rate, and left out rather than invented elsewhere. Such
 * an invoice is valid by the norm; a French platform asks for the amount (BR-FR-CO-12).
 */
export function taxCurrency({
  totals,
  currency,
}: Pick<LegalDocument, 'totals' | 'currency'>): 'EUR' | null {
  return currency !== 'EUR' && totals.vat === 0 ? 'EUR' : null;
}
