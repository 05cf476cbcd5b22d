// How the customer's mail looks, as far as markup can tell: the partner's colours readable on both
// grounds, logos small and sized, nothing fetched, both schemes declared, and layout that a screen
// reader is not made to read as data. What only a browser can tell was looked at as pictures
// (docs/pictures/mail*.png).

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { invoiceMessage, type MailMessage } from '#adapters/email/invoice-message.ts';
import { DARK_CARD, mailColors } from '#adapters/email/mail-colors.ts';
import { lightLogo } from '#adapters/email/mail-logo.ts';
import { contrastOnWhite } from '#domain/partner.ts';
import { creditNoteMail, invoiceMail, type MailGiven, pngLogo } from '#test/support/mail-orders.ts';
import { shownText } from '#test/support/shown-mail.ts';

const FROM = 'factures@comptappart.example';

function messageOf(given: MailGiven = {}): MailMessage {
  const mail = invoiceMail(given);
  return invoiceMessage(mail, FROM, lightLogo(mail.logo));
}

function contrast(one: string, other: string): number {
  const [light = 1, dark = 1] = [contrastOnWhite(one), contrastOnWhite(other)].sort(
    (a, b) => a - b,
  );
  return dark / light;
}

describe('the partner’s colour', () => {
  test('whatever it is, can be seen as a rule and read as words, in both schemes', () => {
    const color = fc.integer({ min: 0, max: 0xffffff });
    fc.assert(
      fc.property(color, (value) => {
        const colors = mailColors(`#${value.toString(16).padStart(6, '0')}`);
        expect(contrast(colors.rule, '#ffffff')).toBeGreaterThanOrEqual(3);
        expect(contrast(colors.accent, '#ffffff')).toBeGreaterThanOrEqual(4.5);
        expect(contrast(colors.darkRule, DARK_CARD)).toBeGreaterThanOrEqual(3);
        expect(contrast(colors.darkAccent, DARK_CARD)).toBeGreaterThanOrEqual(4.5);
      }),
      { numRuns: 500 },
    );
  });

  test('stays as it is where it can be seen, and its hue where it cannot', () => {
    expect(mailColors('#0B7A75').rule).toBe('#0b7a75');
    expect(mailColors('#ffd400').darkAccent).toBe('#ffd400');
    const navy = mailColors('#0a0a3c').darkAccent;
    expect(Number.parseInt(navy.slice(5), 16)).toBeGreaterThan(
      Number.parseInt(navy.slice(1, 3), 16),
    );
  });

  test('that is none gives way to ours', () => {
    for (const color of [null, 'red;}body{display:none', '#fff']) {
      expect(mailColors(color)).toEqual(mailColors('#1d4f91'));
      expect(messageOf({ partner: { color } }).html).not.toContain('display:none}');
    }
  });

  test('is worn by rule, badge and links; the dark one waits in its media query', () => {
    const { html } = messageOf({ partner: { color: '#ffd400' } });
    const { rule, accent, darkRule, darkAccent } = mailColors('#ffd400');
    expect(html).toContain(`border-top:4px solid ${rule}`);
    expect(html.split(`color:${accent}`).length).toBeGreaterThan(3);
    const dark = html.slice(
      html.indexOf('@media (prefers-color-scheme: dark)'),
      html.indexOf('<body'),
    );
    expect(dark).toContain(`border-color: ${darkRule}`);
    expect(dark).toContain(`color: ${darkAccent}`);
  });
});

test('our own inks are readable on their grounds, in both schemes', () => {
  const pairs = [
    ['#1b1f24', '#ffffff'],
    ['#555c67', '#ffffff'],
    ['#555c67', '#f7f7f5'],
    ['#8a3b00', '#fdebdd'],
    ['#eceef1', DARK_CARD],
    ['#a9b1bd', DARK_CARD],
    ['#a9b1bd', '#14171b'],
    ['#ffc59a', '#43260e'],
  ] as const;
  const { html } = messageOf({ test: true });
  for (const [ink, ground] of pairs) {
    expect(html).toContain(ink);
    expect(html).toContain(ground);
    expect(contrast(ink, ground)).toBeGreaterThanOrEqual(4.5);
  }
});

describe('a logo', () => {
  test.each([
    [264, 64, 132, 32],
    [1_300, 400, 156, 48],
    [2_000, 100, 200, 10],
    [40, 900, 2, 48],
  ])('of %i × %i is drawn at %i × %i', (width, height, drawnWidth, drawnHeight) => {
    const { html, parts } = messageOf({ logo: pngLogo(width, height) });
    expect(html).toContain(`width="${drawnWidth}" height="${drawnHeight}" alt="Fiscalia"`);
    expect(html).toContain(`src="cid:${parts[0]?.cid}"`);
    expect(parts.map((part) => part.filename)).toEqual([
      'logo.png',
      'Facture-FQCA-2026-000156.pdf',
    ]);
  });

  test('that only claims to be a PNG, or is too heavy to be sent, is not sent', () => {
    const png = pngLogo(10, 10);
    for (const logo of [
      { mediaType: 'image/svg+xml', bytes: new TextEncoder().encode('<svg/>') } as const,
      { mediaType: 'image/png', bytes: new TextEncoder().encode('<svg/>') } as const,
      { ...png, bytes: png.bytes.subarray(0, 20) },
      { ...png, bytes: Buffer.concat([png.bytes, Buffer.alloc(20_000)]) },
      pngLogo(0, 10),
      pngLogo(1_200, 1_000),
    ]) {
      const message = messageOf({ logo });
      expect(message.html).not.toContain('<img');
      expect(message.parts).toHaveLength(1);
      expect(shownText(message)).toContain(' Fiscalia ');
    }
  });

  test('stands on white, which no dark scheme takes away, and is named without pictures', () => {
    const { html } = messageOf({ logo: pngLogo(100, 40) });
    expect(html).toContain('background:#ffffff linear-gradient(#ffffff,#ffffff)');
    expect(html).toMatch(/<img [^>]*alt="Fiscalia" style="[^"]*font-size:20px[^"]*color:#1b1f24"/);
  });
});

describe('the markup', () => {
  const { html } = messageOf({ logo: pngLogo(100, 50), test: true });

  test('fetches nothing from anywhere', () => {
    expect(html).not.toMatch(
      /src="(?!cid:)|url\(|@import|<link|<script|<iframe|background="|srcset/,
    );
  });

  test('declares its language and both colour schemes', () => {
    expect(html).toMatch(/<html lang="fr"[\s\S]*<div role="main" lang="fr">/);
    expect(html).toContain('<meta name="color-scheme" content="light dark">');
    expect(html).toContain('<meta name="supported-color-schemes" content="light dark">');
    expect(html).toContain('@media (prefers-color-scheme: dark)');
    expect(html).toContain('<title>[TEST] Votre facture Fiscalia');
  });

  test('lays out with tables that say so, and keeps one for data, its heads named', () => {
    const tables = html.match(/<table[^>]*>/g) ?? [];
    const data = tables.filter((table) => !table.includes('role="presentation"'));
    expect(tables.length).toBeGreaterThan(4);
    expect(data).toHaveLength(1);
    const heads = html.match(/<th [^>]*>/g) ?? [];
    expect(heads.every((head) => /scope="(?:col|row)"/.test(head))).toBe(true);
    expect(html.match(/<h1/g)).toHaveLength(1);
  });

  test('closes every element it opens', () => {
    for (const mail of [invoiceMail({ logo: pngLogo(9, 9) }), creditNoteMail({ test: true })]) {
      const source = invoiceMessage(mail, FROM, lightLogo(mail.logo)).html;
      const open: string[] = [];
      const markup = source.replace(/<!--[\s\S]*?-->|<!doctype html>/g, '');
      for (const [, close, name = ''] of markup.matchAll(/<(\/?)([a-z][a-z0-9]*)\b[^>]*>/g)) {
        if (/^(?:meta|img|br)$/.test(name)) continue;
        if (close === '/') expect(open.pop()).toBe(name);
        else open.push(name);
      }
      expect(open).toEqual([]);
    }
  });

  test('fills the preview after the first sentence, so that the body does not follow it', () => {
    const start = html.slice(html.indexOf('<body'), html.indexOf('<div role="main"'));
    expect(start).toContain('La facture PDF est jointe.');
    expect(start.split('&#847;').length).toBeGreaterThan(40);
  });
});
