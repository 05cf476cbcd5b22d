// A legal document as Factur-X 1.09, profile EN 16931: the XML of UN/CEFACT's Cross Industry Invoice
// that travels inside the PDF. A pure function, so the same document gives the same bytes for ever.
// Elements stand in the order of the schema, which is the law here; what each is called in the norm
// (BT-1 and so on) is said where it is not plain.

import { paidBy } from '#adapters/french.ts';
import type { LegalDocument } from '#domain/invoice.ts';
import { documentFaults } from './checks.ts';
import { GUIDELINE, PAID_SERVICES, paymentMeansCode, TYPE_CODES } from './codes.ts';
import { lineItems } from './lines.ts';
import { notes } from './notes.ts';
import { buyerParty, sellerParty } from './parties.ts';
import { monetarySummation, taxBreakdown, taxCurrency } from './taxes.ts';
import { dateTime, type XmlNode, xmlText } from './xml-text.ts';
import { xmlDocument } from './xml-writer.ts';

/**
 * The XML, UTF-8 by its own declaration, without line breaks of ours. Throws Error, naming every
 * fault, for a document that cannot be explained (`documentFaults`).
 */
export function facturXml(document: LegalDocument): string {
  const faults = documentFaults(document);
  if (faults.length > 0) {
    throw new Error(`${document.number} cannot be written as Factur-X: ${faults.join('; ')}`);
  }
  return xmlDocument(crossIndustryInvoice(document));
}

function crossIndustryInvoice(document: LegalDocument): { readonly [name: string]: XmlNode } {
  return {
    'rsm:CrossIndustryInvoice': {
      '@xmlns:rsm': 'urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100',
      '@xmlns:ram':
        'urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100',
      '@xmlns:qdt': 'urn:un:unece:uncefact:data:standard:QualifiedDataType:100',
      '@xmlns:udt': 'urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100',
      'rsm:ExchangedDocumentContext': {
        'ram:BusinessProcessSpecifiedDocumentContextParameter': { 'ram:ID': PAID_SERVICES },
        'ram:GuidelineSpecifiedDocumentContextParameter': { 'ram:ID': GUIDELINE },
      },
      'rsm:ExchangedDocument': {
        'ram:ID': document.number,
        'ram:TypeCode': TYPE_CODES[document.kind],
        'ram:IssueDateTime': dateTime(document.issueDay),
        'ram:IncludedNote': notes(document),
      },
      'rsm:SupplyChainTradeTransaction': {
        'ram:IncludedSupplyChainTradeLineItem': lineItems(document),
        'ram:ApplicableHeaderTradeAgreement': {
          'ram:SellerTradeParty': sellerParty(document.seller),
          'ram:BuyerTradeParty': buyerParty(document.buyer),
          // BT-14: the number under which seller, partner and customer talk of the sale.
          'ram:SellerOrderReferencedDocument': { 'ram:IssuerAssignedID': `${document.orderId}` },
        },
        'ram:ApplicableHeaderTradeDelivery': {
          'ram:ActualDeliverySupplyChainEvent': {
            'ram:OccurrenceDateTime': dateTime(document.serviceDay),
          },
        },
        'ram:ApplicableHeaderTradeSettlement': settlement(document),
      },
    },
  };
}

function settlement(document: LegalDocument): XmlNode {
  const settledDay = document.kind === 'invoice' ? document.paidDay : document.refundedDay;
  return {
    // BT-83: Stripe's own key, by which the bank's side of the books finds the payment.
    'ram:PaymentReference': xmlText(document.paymentKey),
    'ram:TaxCurrencyCode': taxCurrency(document),
    'ram:InvoiceCurrencyCode': document.currency,
    'ram:SpecifiedTradeSettlementPaymentMeans': paymentMeans(document),
    'ram:ApplicableTradeTax': taxBreakdown(document),
    // BT-9, which for a paid invoice is the day of payment (BR-FR-CO-09).
    'ram:SpecifiedTradePaymentTerms': { 'ram:DueDateDateTime': dateTime(settledDay) },
    'ram:SpecifiedTradeSettlementHeaderMonetarySummation': monetarySummation(document),
    'ram:InvoiceReferencedDocument':
      document.kind === 'invoice' ? null : creditedInvoice(document.creditedInvoice),
  };
}

// BT-81 and BT-82: how the money came, or went back. Left out where none moved.
function paymentMeans(document: LegalDocument): XmlNode {
  if (document.totals.gross === 0) return null;
  if (document.kind === 'credit-note' && document.cause === 'credit-note') {
    return {
      'ram:TypeCode': paymentMeansCode(null),
      'ram:Information': 'Porté au crédit du client',
    };
  }
  const { paymentMethod } = document;
  return {
    'ram:TypeCode': paymentMeansCode(paymentMethod),
    'ram:Information': paidBy(paymentMethod),
  };
}

// BT-25 and BT-26.
function creditedInvoice({
  number,
  issueDay,
}: Extract<LegalDocument, { kind: 'credit-note' }>['creditedInvoice']): XmlNode {
  return {
    'ram:IssuerAssignedID': number,
    'ram:FormattedIssueDateTime': {
      'qdt:DateTimeString': { '@format': '102', '#': issueDay.replaceAll('-', '') },
    },
  };
}
