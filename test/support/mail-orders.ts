// Mails to send, built the way the program builds them: priced lines through the domain's taxes,
// totals and invoice. Everything not named has one fixed value, so that a test shows only what it
// is about. The logo is a real PNG, written by hand because a test's data belong to the test.

import { crc32, deflateSync } from 'node:zlib';
import type { InvoiceMail } from '#application/ports.ts';
import type { Customer } from '#domain/customer.ts';
import { type CreditCause, type CreditNote, issueInvoice } from '#domain/invoice.ts';
import { formatInvoiceNumber, parisDay } from '#domain/invoice-number.ts';
import { cents, currency } from '#domain/money.ts';
import { type PricedLine, taxLines, totalsOf } from '#domain/order.ts';
import { type Branding, type Logo, parsePartnerSlug } from '#domain/partner.ts';
import { paymentKey } from '#domain/payment-key.ts';
import type { Seller } from '#domain/seller.ts';
import { NORMAL_RATE } from '#domain/vat.ts';

export const SELLER: Seller = {
  tradeName: 'Service Fiscalité – ComptAppart',
  name: 'ComptAppart',
  legalForm: 'SAS',
  capital: '10 000 €',
  addressLines: ['8 quai des Comptes', '69002 Lyon'],
  siren: '123456782',
  rcsCity: 'Lyon',
  vatNumber: 'FR61123456782',
  email: 'factures@comptappart.example',
  termsUrl: 'https://comptappart.example/cgv',
  mediator: null,
  vatOnDebits: false,
};

export const MARIE: Customer = {
  name: 'Marie Martin',
  businessName: null,
  email: 'marie.martin@client.example',
  phone: null,
  address: null,
  vatNumber: null,
};

const FISCALIA: Branding = {
  name: 'Fiscalia',
  color: '#0b7a75',
  contactEmail: 'support@fiscalia.example',
  contactPhone: '04 72 00 00 00',
  website: 'https://www.fiscalia.example/',
};

export type MailGiven = {
  readonly notificationId?: string;
  readonly lines?: readonly PricedLine[];
  readonly buyer?: Partial<Customer>;
  readonly partner?: Partial<Branding>;
  readonly seller?: Partial<Seller>;
  readonly currency?: string;
  readonly paymentMethod?: string | null;
  readonly logo?: Logo | null;
  readonly test?: boolean;
  readonly pdf?: Uint8Array;
  readonly copyUrl?: string;
};

/** Marie's purchase of one product at 99.99 EUR from Fiscalia, but for what is given. */
export function invoiceMail(given: MailGiven = {}): InvoiceMail {
  const paidAt = new Date('2026-11-22T13:32:18Z');
  const issuedAt = new Date('2026-11-22T13:32:20Z');
  const lines = taxLines(given.lines ?? [pricedLine()]);
  const order = {
    id: 156,
    paymentKey: paymentKey({ invoiceId: null, paymentIntentId: 'pi_mail', sessionId: 'cs_mail' }),
    partner: parsePartnerSlug('fiscalia') ?? never('slug'),
    eventId: 'evt_mail',
    eventCreatedAt: paidAt,
    customer: { ...MARIE, ...given.buyer },
    currency: currency(given.currency ?? 'EUR'),
    paidAt,
    paymentMethod: given.paymentMethod === undefined ? 'card' : given.paymentMethod,
    lines,
    totals: totalsOf(lines),
  };
  const invoice = issueInvoice(order, {
    number: formatInvoiceNumber('FQCA', 2026, 156),
    issuedAt,
    issueDay: parisDay(issuedAt),
    paidDay: parisDay(paidAt),
    test: given.test ?? false,
    seller: { ...SELLER, ...given.seller },
    branding: { ...FISCALIA, ...given.partner },
  });
  return {
    notificationId: given.notificationId ?? '0b6f2f53-7f2e-4a77-9d0c-3a1f6a0f4b11',
    order,
    document: invoice,
    copyUrl: given.copyUrl ?? 'https://pdf.example/files/copy.pdf?expires=1&signature=a-b_c',
    logo: given.logo ?? null,
    pdf: given.pdf ?? new TextEncoder().encode('%PDF-1.7\nthe document itself\n%%EOF\n'),
  };
}

/** The mail of the avoir that takes those same lines back, refunded two days later. */
export function creditNoteMail(
  given: MailGiven & { readonly cause?: CreditCause } = {},
): InvoiceMail {
  const { document, ...mail } = invoiceMail(given);
  if (document.kind !== 'invoice') never('invoice');
  const { paidDay: _paidDay, ...legal } = document;
  const note: CreditNote = {
    ...legal,
    kind: 'credit-note',
    number: formatInvoiceNumber('AQCA', 2026, 3),
    issuedAt: '2026-11-24T08:15:00.000Z',
    issueDay: parisDay(new Date('2026-11-24T08:15:00Z')),
    creditNoteId: 3,
    cause: given.cause ?? 'refund',
    creditedInvoice: { number: document.number, issueDay: document.issueDay },
    refundedDay: parisDay(new Date('2026-11-24T08:14:00Z')),
  };
  return { ...mail, document: note };
}

/** One line of 99.99 tax in, at the normal rate, but for what is given. */
export function pricedLine(given: Partial<PricedLine> = {}): PricedLine {
  return {
    productId: 'prod_mail',
    productName: 'Déclaration d’impôts – Formule Complète',
    quantity: 1,
    gross: cents(9_999),
    discount: cents(0),
    rate: NORMAL_RATE,
    treatment: 'standard',
    vat: null,
    ...given,
  };
}

/** So many different lines, ten euros each. */
export function pricedLines(howMany: number): PricedLine[] {
  return Array.from({ length: howMany }, (_, index) =>
    pricedLine({ productName: `Prestation n° ${index + 1}`, gross: cents(1_000) }),
  );
}

/** A PNG of one colour, of that size in pixels. */
export function pngLogo(width: number, height: number): Logo {
  const row = Buffer.alloc(1 + width * 3, 0x5a).fill(0, 0, 1);
  return pngOf(width, height, () => row);
}

/** A PNG that no encoder makes small: noise, the same each time. */
export function noisyLogo(width: number, height: number): Logo {
  let seed = 7;
  return pngOf(width, height, () => {
    const row = Buffer.alloc(1 + width * 3);
    for (let at = 1; at < row.length; at += 1) {
      seed ^= seed << 13;
      seed ^= seed >>> 17;
      seed ^= seed << 5;
      row[at] = seed & 0xff;
    }
    return row;
  });
}

function pngOf(width: number, height: number, row: () => Buffer): Logo {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2], 8);
  const pixels = deflateSync(Buffer.concat(Array.from({ length: height }, row)));
  const signature = Buffer.from('89504e470d0a1a0a', 'hex');
  const chunks = [
    pngChunk('IHDR', header),
    pngChunk('IDAT', pixels),
    pngChunk('IEND', Buffer.alloc(0)),
  ];
  return { mediaType: 'image/png', bytes: Buffer.concat([signature, ...chunks]) };
}

function pngChunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  framed.set(body, 4);
  framed.writeUInt32BE(crc32(body), framed.length - 4);
  return framed;
}

function never(what: string): never {
  throw new Error(`the builder's own ${what} is wrong`);
}
