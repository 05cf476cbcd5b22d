import fc from 'fast-check';
import { expect, test } from 'vitest';
import { contrastOnWhite, isColor, parsePartnerSlug, readableOnWhite } from '#domain/partner.ts';
import { frenchVatNumber, isSiren, parseSeller } from '#domain/seller.ts';

test('a slug is trimmed and lowered, anything else is none', () => {
  expect(parsePartnerSlug(' Fiscalia-2 ')).toBe('fiscalia-2');
  for (const bad of ['', '-a', 'a-', 'a b', 'é', 'a/b', 'x'.repeat(64), '__proto__']) {
    expect(parsePartnerSlug(bad)).toBeNull();
  }
});

test('black and white have the contrasts WCAG gives them', () => {
  expect(contrastOnWhite('#000000')).toBeCloseTo(21, 5);
  expect(contrastOnWhite('#ffffff')).toBeCloseTo(1, 5);
  expect(contrastOnWhite('#777777')).toBeCloseTo(4.48, 2);
});

test('any colour of a partner ends up readable, and a readable one is left alone', () => {
  const colors = fc
    .integer({ min: 0, max: 0xffffff })
    .map((n) => `#${n.toString(16).padStart(6, '0')}`);
  fc.assert(
    fc.property(colors, (color) => {
      const readable = readableOnWhite(color);
      expect(isColor(readable)).toBe(true);
      expect(contrastOnWhite(readable)).toBeGreaterThanOrEqual(3);
      if (contrastOnWhite(color) >= 3) expect(readable).toBe(color);
    }),
  );
});

test('a SIREN has nine digits and a Luhn key, and its VAT number follows from it', () => {
  expect(isSiren('100000009')).toBe(true);
  expect(isSiren('100000008')).toBe(false);
  expect(isSiren('10000000')).toBe(false);
  expect(frenchVatNumber('100000009')).toBe('FR88100000009');
});

test('every fault of a seller is told at once', () => {
  const { faults } = parseSeller({ name: 'X', siren: '123456789', addressLines: [] }) as {
    faults: string[];
  };
  const told = faults.join('\n');
  for (const field of ['tradeName', 'legalForm', 'siren', 'addressLines', 'email', 'termsUrl']) {
    expect(told).toContain(field);
  }
  for (const data of [null, [], 'x', 3]) expect(parseSeller(data)).toHaveProperty('faults');
});
