// Invoices to print, built as the program builds them: priced lines through the domain's taxes and
// totals. Everything not named has one fixed value, so a test shows only what it is about. Logos
// are drawn here too, a PNG pixel by pixel, because a test's data belong to the test.

import { crc32, deflateSync } from 'node:zlib';
import type { Invoice } from '#domain/invoice.ts';
import { formatInvoiceNumber, type ParisDay } from '#domain/invoice-number.ts';
import { cents, currency } from '#domain/money.ts';
import { type OrderLine, type PricedLine, taxLines, totalsOf } from '#domain/order.ts';
import type { Logo, PartnerSlug } from '#domain/partner.ts';
import type { PaymentKey } from '#domain/payment-key.ts';
import { frenchVatNumber, type Seller } from '#domain/seller.ts';
import { NORMAL_RATE } from '#domain/vat.ts';

export const sampleSeller: Seller = {
  tradeName: 'Service Fiscalité – ComptAppart',
  name: 'ComptAppart',
  legalForm: 'SAS',
  capital: '25 000 €',
  addressLines: ['17 rue des Tanneurs', '37000 Tours'],
  siren: '841206378',
  rcsCity: 'Tours',
  vatNumber: frenchVatNumber('841206378'),
  email: 'factures@comptappart.example',
  termsUrl: 'https://comptappart.example/cgv',
  mediator: 'Médiation Conso Loire, mediation-loire.example',
  vatOnDebits: false,
};

/** One line of 49,90 € TTC at 20 %, before tax is worked out. */
export function pricedLine(overrides: Partial<PricedLine> = {}): PricedLine {
  return {
    productId: 'prod_bilan',
    productName: 'Bilan fiscal annuel – Formule Sérénité',
    quantity: 1,
    gross: cents(4990),
    discount: cents(0),
    rate: NORMAL_RATE,
    treatment: 'standard',
    vat: null,
    ...overrides,
  };
}

const SERVICES = [
  'Déclaration de revenus fonciers',
  'Simulation de l’impôt sur la fortune immobilière',
  'Entretien d’une heure avec un fiscaliste',
  'Régime réel : tenue du registre des amortissements',
  'Relecture de l’avis d’imposition',
  'Déclaration de TVA trimestrielle',
  'Réclamation contentieuse – rédaction et suivi',
];

/** So many lines with varied names, prices and quantities; the same ones each time. */
export function manyLines(count: number): OrderLine[] {
  return taxLines(
    Array.from({ length: count }, (_, index) =>
      pricedLine({
        productId: `prod_${index + 1}`,
        productName: SERVICES[index % SERVICES.length] as string,
        quantity: 1 + (index % 3),
        gross: cents((1990 + 1000 * (index % 9)) * (1 + (index % 3))),
      }),
    ),
  );
}

/** An invoice of one line unless told otherwise; its totals follow its lines. */
export function sampleInvoice(overrides: Partial<Invoice> = {}): Invoice {
  const lines = overrides.lines ?? taxLines([pricedLine()]);
  return {
    kind: 'invoice',
    number: formatInvoiceNumber('FQCA', 2026, 318),
    issuedAt: '2026-11-20T09:05:42.000Z',
    issueDay: '2026-11-20' as ParisDay,
    serviceDay: '2026-11-20' as ParisDay,
    test: false,
    seller: sampleSeller,
    buyer: {
      name: 'Hélène Kerbrat',
      businessName: null,
      email: 'helene.kerbrat@courriel.example',
      phone: null,
      address: {
        line1: '5 venelle du Four à Chaux',
        line2: null,
        postalCode: '29200',
        city: 'Brest',
        state: null,
        country: 'FR',
      },
      vatNumber: null,
    },
    partner: {
      slug: 'cap-fisc' as PartnerSlug,
      name: 'Cap Fisc',
      color: '#0b7a75',
      contactEmail: 'bonjour@cap-fisc.example',
      contactPhone: '02 47 00 00 00',
      website: 'https://cap-fisc.example/',
    },
    orderId: 318,
    paymentKey: 'pi_sample' as PaymentKey,
    currency: currency('EUR'),
    totals: totalsOf(lines),
    paidDay: '2026-11-20' as ParisDay,
    paymentMethod: 'card',
    ...overrides,
    lines,
  };
}

/** A sail and a name: a drawing with paths only, as designers export them. */
export const svgLogo: Logo = {
  mediaType: 'image/svg+xml',
  bytes: Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 220 72">
  <path fill="#0b7a75" d="M36 4 L36 56 L4 56 Z"/>
  <path fill="#13b5a8" d="M42 16 L66 56 L42 56 Z"/>
  <path fill="#0b3d3a" d="M2 61 H70 L62 70 H12 Z"/>
  <g fill="none" stroke="#0b3d3a" stroke-width="7" stroke-linecap="round">
    <path d="M112 28 A16 16 0 1 0 112 48"/>
    <path d="M132 54 L146 20 L160 54 M138 44 H154"/>
    <path d="M176 54 V21 H186 A10 10 0 0 1 186 41 H176"/>
  </g>
</svg>`),
};

/** A PNG of that size: a disc on a transparent ground. */
export function pngLogo(width = 660, height = 216): Logo {
  const rows = Buffer.alloc((width * 4 + 1) * height);
  const radius = height / 2;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const disc = Math.hypot(x - radius, y - radius) < radius - 1;
      const bar = x > height * 1.3 && Math.abs(y - radius) < height / 8;
      if (disc || bar) rows.writeUInt32BE(0xc2410cff, y * (width * 4 + 1) + 1 + x * 4);
    }
  }
  return { mediaType: 'image/png', bytes: png(width, height, rows) };
}

/** A PNG of 8-bit RGBA rows, each behind its filter byte. `extra` goes before the pixels. */
export function png(width: number, height: number, rows: Buffer, extra: Buffer[] = []): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 6, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    pngChunk('IHDR', header),
    ...extra,
    pngChunk('IDAT', deflateSync(rows)),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

/** One chunk of a PNG file, its checksum right. */
export function pngChunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}
