import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { invoicePage } from '#adapters/pdf/invoice-page.ts';
import type { Customer } from '#domain/customer.ts';
import type { Invoice } from '#domain/invoice.ts';
import { cents, currency } from '#domain/money.ts';
import { type PricedLine, taxLines } from '#domain/order.ts';
import { contrastOnWhite, type Logo } from '#domain/partner.ts';
import { vatRate, ZERO_RATE } from '#domain/vat.ts';
import {
  manyLines,
  pngLogo,
  pricedLine,
  sampleInvoice,
  sampleSeller,
  svgLogo,
} from '../support/invoices.ts';
import { bodyText, marginText } from '../support/page-text.ts';

const page = invoicePage();
const base = sampleInvoice();

const business: Customer = {
  ...base.buyer,
  name: 'Karim Benali',
  businessName: 'Atelier Benali & Fils',
  vatNumber: 'FR65519384028',
};

function bodyOf(invoice: Invoice, logo: Logo | null = null): string {
  return page.fill(invoice, logo).body;
}

/** The text a reader sees. */
function textOf(invoice: Invoice): string {
  return bodyText(page.fill(invoice, null));
}

/** The texts of the foot and of the running title. */
function marginTexts(invoice: Invoice): string {
  return marginText(page.fill(invoice, null));
}

function withLines(...lines: Partial<PricedLine>[]): Invoice {
  return sampleInvoice({ lines: taxLines(lines.map(pricedLine)) });
}

describe('the content the partner guide promises', () => {
  test('head: the service and its address', () => {
    expect(textOf(base)).toContain('Service Fiscalité – ComptAppart');
    expect(textOf(base)).toContain('17 rue des Tanneurs');
    expect(textOf(base)).toContain('37000 Tours');
  });

  test('customer: name, e-mail, address', () => {
    for (const part of ['Hélène Kerbrat', 'helene.kerbrat@courriel.example', '29200 Brest']) {
      expect(textOf(base)).toContain(part);
    }
  });

  test('lines: name, quantity, unit price, and the three sums', () => {
    const text = textOf(
      withLines({ productName: 'Forfait location', quantity: 2, gross: cents(19998) }),
    );
    expect(text).toContain('Forfait location 2 83,33\u00A0€ 20\u00A0% 166,65\u00A0€');
    expect(text).toContain('Sous-total HT 166,65\u00A0€');
    expect(text).toContain('TVA (20\u00A0%) 33,33\u00A0€');
    expect(text).toContain('Total TTC 199,98\u00A0€');
  });

  test('foot: SIREN, RCS, contact e-mail and terms of sale, on every page', () => {
    for (const part of [
      'ComptAppart, SAS au capital de 25\u00A0000\u00A0€, 17 rue des Tanneurs, 37000 Tours',
      'SIREN\u00A0841\u00A0206\u00A0378',
      'RCS Tours\u00A0841\u00A0206\u00A0378',
      'FR22841206378',
      'factures@comptappart.example',
      'https://comptappart.example/cgv',
    ]) {
      expect(marginTexts(base)).toContain(part);
    }
    expect(bodyOf(base)).toContain('<a href="https://comptappart.example/cgv">');
  });
});

describe('the mentions of the law', () => {
  test('number, both dates, settlement and category', () => {
    const text = textOf(base);
    expect(text).toContain('n°\u00A0 FQCA-2026-000318');
    expect(text).toContain('Date d’émission 20\u00A0novembre 2026');
    expect(text).toContain('Date de la prestation 20\u00A0novembre 2026');
    expect(text).toContain('Facture acquittée le 20\u00A0novembre 2026 par carte bancaire.');
    expect(text).toContain('Catégorie de l’opération\u00A0: prestation de services.');
    expect(text).toContain('Payé le 20/11/2026 \u221249,90\u00A0€ Net à payer 0,00\u00A0€');
  });

  test('a consumer reads of the mediator, and of no late fees', () => {
    expect(page.fill(base, null).style).toContain('Médiateur de la consommation');
    expect(textOf(base)).not.toMatch(/escompte|retard de paiement/);
  });

  test('a business is the buyer, with its SIREN, VAT number and payment terms', () => {
    const invoice = sampleInvoice({ buyer: business });
    const text = textOf(invoice);
    expect(text).toContain('Client Atelier Benali & Fils Karim Benali');
    expect(text).toContain('SIREN\u00A0519\u00A0384\u00A0028 · TVA\u00A0FR65519384028');
    expect(text).toContain('Pas d’escompte pour paiement anticipé.');
    expect(text).toContain('trois fois le taux d’intérêt légal.');
    expect(text).toContain('en cas de retard de paiement\u00A0: 40\u00A0€.');
    expect(page.fill(invoice, null).style).not.toContain('Médiateur');
  });

  test('tax on debits is mentioned only by a seller who opted for it', () => {
    const words = 'Option pour le paiement de la taxe d’après les débits';
    expect(textOf(base)).not.toContain(words);
    const opted = sampleInvoice({ seller: { ...sampleSeller, vatOnDebits: true } });
    expect(textOf(opted)).toContain(words);
  });

  test('several rates: one row each, with its base', () => {
    const text = textOf(
      withLines({ gross: cents(12000) }, { gross: cents(2110), rate: vatRate(550) }),
    );
    expect(text).toContain('TVA (20\u00A0%) sur 100,00\u00A0€ 20,00\u00A0€');
    expect(text).toContain('TVA (5,5\u00A0%) sur 20,00\u00A0€ 1,10\u00A0€');
  });

  test('reverse charge and exemption say why there is no tax', () => {
    const free = { rate: ZERO_RATE, gross: cents(8000) };
    expect(textOf(withLines({ ...free, treatment: 'reverse-charge' }))).toContain(
      'Autoliquidation.',
    );
    expect(textOf(withLines({ ...free, treatment: 'exempt' }))).toContain('exonérée de TVA.');
    expect(textOf(base)).not.toMatch(/Autoliquidation|exonérée/);
  });

  test('a discount has its row, and its note beside the line when there are several', () => {
    const one = textOf(withLines({ discount: cents(1000) }));
    expect(one).toContain('Remise TTC, déjà déduite \u221210,00\u00A0€ Sous-total HT');
    expect(one).not.toContain('TTC déduite');
    const two = textOf(withLines({ discount: cents(1000) }, {}));
    expect(two).toContain('Remise de 10,00\u00A0€ TTC déduite');
  });

  test('a line that takes off is told apart from one of the same name', () => {
    const text = textOf(
      withLines({ gross: cents(-1200) }, { gross: cents(4800) }, { gross: cents(0) }),
    );
    const name = 'Bilan fiscal annuel – Formule Sérénité';
    expect(text).toContain(`${name} Déduction 1 \u221210,00\u00A0€`);
    expect(text).toContain(`${name} 1 40,00\u00A0€`);
    expect(text).toContain(`${name} 1 0,00\u00A0€ 20\u00A0% 0,00\u00A0€`);
  });

  test('an invoice of nothing asks for nothing', () => {
    const free = withLines({ gross: cents(0), discount: cents(4990) });
    const text = textOf({ ...free, paymentMethod: null });
    expect(text).toContain('Total TTC 0,00\u00A0€ Net à payer 0,00\u00A0€');
    expect(text).toContain('Facture d’un montant nul\u00A0: aucun règlement n’est dû.');
    expect(text).not.toMatch(/acquittée|Payé le/);
  });

  test('unit prices that do not multiply back are declared as rounded', () => {
    const rounded = 'Les prix unitaires HT sont arrondis';
    expect(textOf(withLines({ quantity: 3, gross: cents(29997) }))).toContain(rounded);
    expect(textOf(withLines({ quantity: 2, gross: cents(24000) }))).not.toContain(rounded);
  });
});

describe('what a customer may lack', () => {
  test('without a name the e-mail stands for it, once', () => {
    const buyer = { ...base.buyer, name: null, address: null };
    expect(textOf(sampleInvoice({ buyer })).split(base.buyer.email)).toHaveLength(2);
  });

  test('a foreign address ends with the country’s French name', () => {
    const address = {
      line1: 'Rue Haute 3',
      line2: null,
      postalCode: '1000',
      city: 'Bruxelles',
      state: null,
      country: 'BE',
    };
    const buyer = { ...base.buyer, address };
    expect(textOf(sampleInvoice({ buyer }))).toContain('1000 Bruxelles Belgique');
    expect(textOf(base)).not.toContain('France');
  });

  test('a line without quantity, and other currencies', () => {
    const shipping = withLines({ productName: 'Frais d’envoi', productId: null, quantity: null });
    expect(textOf(shipping)).toContain('Frais d’envoi 41,58\u00A0€');
    const yen = sampleInvoice({ currency: currency('JPY') });
    expect(textOf(yen)).toContain('Total TTC 4\u202F990\u00A0JPY');
  });
});

describe('branding and test invoices', () => {
  test('the logo is shown from its bytes, else the name is set', () => {
    expect(bodyOf(base, svgLogo)).toContain('<img src="data:image/svg+xml;base64,');
    expect(bodyOf(base, pngLogo(10, 10))).toContain('alt="Cap Fisc"');
    expect(bodyOf(base)).toContain('<p class="wordmark">Cap Fisc</p>');
  });

  test('a logo that would not be accepted today is left out', () => {
    const bad: Logo = { mediaType: 'image/svg+xml', bytes: Buffer.from('<svg onload="x()"/>') };
    expect(bodyOf(base, bad)).toContain('class="wordmark"');
  });

  test('any partner colour is made visible on white; a broken one is ignored', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffffff }), (rgb) => {
        const color = `#${rgb.toString(16).padStart(6, '0')}`;
        const { style } = page.fill(sampleInvoice({ partner: { ...base.partner, color } }), null);
        const accent = /--accent:(#[0-9a-f]{6})/.exec(style)?.[1] as string;
        expect(contrastOnWhite(accent)).toBeGreaterThanOrEqual(3);
      }),
    );
    const partner = { ...base.partner, color: 'red;}body{display:none' };
    expect(page.fill(sampleInvoice({ partner }), null).style).not.toContain('display');
  });

  test('a test invoice says so in words, in its title and on every page', () => {
    const invoice = sampleInvoice({ test: true });
    const filled = page.fill(invoice, null);
    expect(filled.title).toBe('[TEST] Facture FQCA-2026-000318 – ComptAppart');
    expect(filled.body).toContain('TEST – SPÉCIMEN');
    expect(filled.body).toContain('<p class="watermark" aria-hidden="true">TEST</p>');
    expect(marginTexts(invoice)).toContain('TEST – SPÉCIMEN – Facture n°\u00A0FQCA-2026-000318');
  });

  test('a real invoice never holds these words', () => {
    const { title, style, body } = page.fill(base, null);
    expect(title).toBe('Facture FQCA-2026-000318 – ComptAppart');
    expect(`${title}${style}${body}`).not.toMatch(/TEST|SPÉCIMEN/);
  });
});

describe('hostile text', () => {
  const marks = (body: string) => body.replace(/[^<>"]/g, '').length;
  const tame = marks(bodyOf(sampleInvoice({ lines: taxLines([pricedLine()]) })));

  test.each([
    ['HTML', '</td></tr></table><script>alert(1)</script>'],
    ['a meta refresh', '<meta http-equiv=refresh content="0;url=http://127.0.0.1/">'],
    ['Handlebars', '{{number}} {{{seller}}} {{#each lines}}x{{/each}}'],
    ['an attribute’s end', '" onerror="alert(1)" \' x=\''],
    ['CSS', '}*{display:none}/* </style> \\22 */'],
  ])('%s is printed as text', (_, text) => {
    const body = bodyOf(
      sampleInvoice({
        buyer: { ...base.buyer, name: text },
        partner: { ...base.partner, name: text, contactPhone: text },
        lines: taxLines([pricedLine({ productName: text })]),
      }),
    );
    expect(marks(body)).toBe(tame);
    expect(body).not.toMatch(/<(?:script|meta|img)/);
  });

  const anyCharacter = fc.integer({ min: 0, max: 0x10ffff }).map((it) => String.fromCodePoint(it));

  test('whatever the text, the markup stays that of the template', () => {
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter, maxLength: 60 }), (text) => {
        const lines = taxLines([pricedLine({ productName: `x${text}` })]);
        const buyer = { ...base.buyer, name: `x${text}` };
        expect(marks(bodyOf(sampleInvoice({ lines, buyer })))).toBe(tame);
      }),
    );
  });

  test('customers’ text never enters the style', () => {
    const name = 'Zanzibar';
    const { style } = page.fill(
      sampleInvoice({
        buyer: { ...base.buyer, name, email: `${name}@x.example` },
        lines: taxLines([pricedLine({ productName: name })]),
      }),
      null,
    );
    expect(style).not.toContain(name);
  });

  test('the seller’s text cannot leave its CSS string', () => {
    const seller = { ...sampleSeller, name: 'A"}\\</style><b>\n', tradeName: 'A' };
    const { style } = page.fill(sampleInvoice({ seller }), null);
    expect(style).toContain('A\\22 \\7d \\5c \\3c /style\\3e \\3c b\\3e ');
  });

  test('control characters, direction marks and pictures leave the words', () => {
    const text = textOf(
      withLines({ productName: 'Avis\u0000\u0007 \u202E\u2066d’impôt\u2069 🎉👨‍👩‍👧🇫🇷 2026' }),
    );
    expect(text).toContain('Avis d’impôt 2026');
  });

  test('a name whose letters must be spelt is cut again after', () => {
    const text = textOf(withLines({ productName: '\uFDFA'.repeat(400) }));
    expect(text).toContain('alayhi');
    expect(/Désignation.* 1 41/.exec(text)?.[0].length).toBeLessThan(620);
  });

  test('whatever text of ten thousand characters, the page stays within bounds', () => {
    const unit = fc.constantFrom(
      '\u202E',
      '\u200B',
      '\u0301',
      'ﷺ',
      '王',
      '👨‍👩‍👧',
      '<b>',
      'W',
      ' ',
      '\n',
    );
    fc.assert(
      fc.property(fc.array(unit, { minLength: 1, maxLength: 30 }), (units) => {
        const text = units.join('').repeat(10_000 / units.length);
        const partner = { ...base.partner, name: text, contactPhone: text, website: text };
        const buyer = { ...base.buyer, name: text, businessName: text, vatNumber: text };
        const lines = taxLines([pricedLine({ productName: text })]);
        const filled = page.fill(sampleInvoice({ buyer, partner, lines }), null);
        expect(filled.body.length).toBeLessThan(16_000);
        expect(filled.body).not.toMatch(/[\p{Cf}\p{M}]/u);
        expect(marks(filled.body)).toBeLessThanOrEqual(tame + 12);
      }),
      { numRuns: 30 },
    );
  });

  test('an endless name is cut', () => {
    const text = textOf(withLines({ productName: 'N'.repeat(10_000) }));
    expect(text).toContain(`${'N'.repeat(499)}…`);
    expect(text).not.toContain('N'.repeat(500));
  });

  test('punctuation stays with its word, as French wants it', () => {
    const text = textOf(withLines({ productName: 'Guide « Louer » : 20 % de remise ! Et vous ?' }));
    expect(text).toContain(
      'Guide «\u00A0Louer\u00A0»\u00A0: 20\u00A0% de remise\u00A0! Et vous\u00A0?',
    );
  });

  test('a website that is no web address is printed without a link', () => {
    const partner = { ...base.partner, website: 'javascript:alert(1)' };
    expect(bodyOf(sampleInvoice({ partner }))).not.toContain('href="javascript');
  });
});

describe('the page as a document', () => {
  test('it may load nothing, and its typeface is inside', () => {
    expect(page.shell).toContain("default-src 'none'");
    expect(page.shell).toContain('<html lang="fr">');
    expect(page.shell.match(/url\((?!data:)/g)).toBeNull();
    expect(page.shell.match(/@font-face/g)).toHaveLength(14);
  });

  test('columns make room for quantities and prices that need it', () => {
    expect(bodyOf(withLines({ quantity: 99_999 }))).toContain('class="lines wide"');
    expect(bodyOf(withLines({ gross: cents(99_999_999_999) }))).toContain('wide');
    expect(bodyOf(withLines({ quantity: 999, gross: cents(99_999_900) }))).not.toContain('wide');
  });

  test('a long partner’s name is set smaller, and a very long one is cut', () => {
    const named = (name: string) => bodyOf(sampleInvoice({ partner: { ...base.partner, name } }));
    expect(named('Société '.repeat(6))).toContain('<p class="wordmark long">');
    expect(named('N'.repeat(100))).toContain(`${'N'.repeat(79)}…`);
  });

  test('rows move closer from seven lines on', () => {
    expect(bodyOf(sampleInvoice({ lines: manyLines(6) }))).toContain('class="lines"');
    expect(bodyOf(sampleInvoice({ lines: manyLines(7) }))).toContain('class="lines dense"');
  });

  test('the same invoice fills the page with the same text', () => {
    expect(invoicePage().templateVersion).toBe(page.templateVersion);
    expect(page.templateVersion).toMatch(/^[0-9a-f]{12}$/);
    expect(invoicePage().fill(base, svgLogo)).toEqual(page.fill(base, svgLogo));
  });
});
