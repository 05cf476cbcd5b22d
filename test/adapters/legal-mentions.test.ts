// The table of mentions that French law wants, held against every model document: each row must be
// there where it applies, and nowhere else. CGI ann. II art. 242 nonies A, C. com. L441-9, R123-237
// and D441-5, décret 2022-1299, C. conso. L616-1.

import { describe, expect, test } from 'vitest';
import { decimal, euros, longDate, percent } from '#adapters/french.ts';
import { isBusiness } from '#adapters/pdf/mentions.ts';
import type { LegalDocument } from '#domain/invoice.ts';
import { modelDocuments } from '../support/model-documents.ts';
import { printedText } from '../support/page-text.ts';

type Mention = {
  readonly name: string;
  readonly words: (document: LegalDocument) => readonly string[];
  /** Everywhere when left out. */
  readonly when?: (document: LegalDocument) => boolean;
};

const always =
  (...words: string[]) =>
  () =>
    words;
const treated =
  (as: string) =>
  ({ totals }: LegalDocument) =>
    totals.byRate.some(({ treatment }) => treatment === as);
const isPaidInvoice = ({ kind, totals }: LegalDocument) => kind === 'invoice' && totals.gross > 0;
const isFrenchNumber = ({ buyer }: LegalDocument) => buyer.vatNumber?.startsWith('FR') ?? false;

const MENTIONS: readonly Mention[] = [
  {
    name: 'a title and a unique number',
    words: ({ kind, number }) => [`${kind === 'invoice' ? 'Facture' : 'Avoir'} n° ${number}`],
  },
  { name: 'the day of issue', words: ({ issueDay }) => [`Date d’émission ${longDate(issueDay)}`] },
  {
    name: 'the day of the service',
    words: ({ serviceDay }) => [`Date de la prestation ${longDate(serviceDay)}`],
  },
  {
    name: 'the seller: name, form, capital, seat, SIREN, register',
    words: always(
      'ComptAppart, SAS au capital de 25 000 €, 17 rue des Tanneurs, 37000 Tours',
      'SIREN 841 206 378 · RCS Tours 841 206 378',
    ),
  },
  {
    name: 'the seller’s VAT number',
    words: always('TVA intracommunautaire : FR22841206378', 'TVA FR22841206378'),
  },
  {
    name: 'the buyer’s name and town',
    words: ({ buyer }) => [
      buyer.businessName ?? (buyer.name?.includes('王') ? 'Wang Xiao Ming' : `${buyer.name}`),
      buyer.address?.city ?? '',
    ],
  },
  { name: 'a French business’s SIREN', words: always('SIREN 973 501 182'), when: isFrenchNumber },
  {
    name: 'a business’s VAT number',
    words: ({ buyer }) => [`TVA ${buyer.vatNumber ?? 'BE0799012358'}`],
    when: ({ buyer }) => buyer.vatNumber !== null,
  },
  {
    name: 'each line’s quantity, price before tax, rate and amount',
    words: ({ lines, currency }) =>
      lines.map(({ quantity, rate, net }) => {
        const count = quantity === 1 || quantity === null ? `${euros(net, currency)} ` : '';
        return `${count}${percent(rate)} ${euros(net, currency)}`;
      }),
  },
  {
    name: 'the sums, rate by rate',
    words: ({ totals, currency }) => [
      `Sous-total HT ${euros(totals.net, currency)}`,
      ...totals.byRate.map(({ rate, net, vat }) => {
        const base = totals.byRate.length > 1 ? ` sur ${decimal(net, currency)} €` : '';
        return `(${percent(rate)})${base} ${euros(vat, currency)}`;
      }),
      `TTC ${euros(totals.gross, currency)}`,
    ],
  },
  {
    name: 'the kind of operation',
    words: always('Catégorie de l’opération : prestation de services.'),
  },
  {
    name: 'reverse charge',
    words: always('Autoliquidation.', 'TVA autoliquidée (0 %)'),
    when: treated('reverse-charge'),
  },
  {
    name: 'exemption',
    words: always('Opération exonérée de TVA.', 'TVA exonérée (0 %)'),
    when: treated('exempt'),
  },
  {
    name: 'the option for debits',
    words: always('Option pour le paiement de la taxe d’après les débits.'),
    when: ({ seller }) => seller.vatOnDebits,
  },
  {
    name: 'that and how it was paid',
    words: always('Facture acquittée le 20 novembre 2026 par', 'Payé le 20/11/2026 \u2212'),
    when: isPaidInvoice,
  },
  {
    name: 'that nothing is due any more',
    words: always('Net à payer 0,00 €'),
    when: ({ kind }) => kind === 'invoice',
  },
  {
    name: 'no discount for early payment, late fees, the fixed indemnity',
    words: always(
      'Pas d’escompte pour paiement anticipé.',
      'En cas de retard de paiement, pénalités au taux de trois fois le taux d’intérêt légal.',
      'Indemnité forfaitaire pour frais de recouvrement en cas de retard de paiement : 40 €.',
    ),
    when: isBusiness,
  },
  { name: 'the terms of sale', words: always('CGV : https://comptappart.example/cgv') },
  {
    name: 'the consumer’s mediator',
    words: always('Médiateur de la consommation : Médiation Conso Loire'),
    when: (document) => !isBusiness(document),
  },
  {
    name: 'the invoice that a credit note changes',
    words: (document) =>
      document.kind === 'invoice'
        ? ['sur la facture']
        : [
            `Avoir sur la facture n° ${document.creditedInvoice.number} ` +
              `du ${longDate(document.creditedInvoice.issueDay)}`,
          ],
    when: ({ kind }) => kind === 'credit-note',
  },
  { name: 'TEST', words: always('TEST – SPÉCIMEN', 'sans valeur'), when: ({ test }) => test },
];

describe.each(modelDocuments)('$name', ({ document }) => {
  const text = printedText(document);

  test.each(MENTIONS)('$name', ({ words, when = () => true }) => {
    for (const expected of words(document)) {
      const plain = expected.replace(/[\u00A0\u202F]/g, ' ');
      expect(text.includes(plain), plain).toBe(when(document));
    }
  });

  test('no word that a program lets slip', () => {
    expect(text).not.toMatch(/undefined|null|NaN|\[object|Invalid|Infinity/);
  });

  test('typography: no ASCII apostrophe, no ASCII minus before a figure', () => {
    const ours = text.replaceAll(document.buyer.email, '');
    expect(ours).not.toMatch(/[a-zé]'[a-zé]|(?<![\dA-Z])-\d/);
  });
});
