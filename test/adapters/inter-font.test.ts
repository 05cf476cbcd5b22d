import fc from 'fast-check';
import { expect, test } from 'vitest';
import { euros } from '#adapters/french.ts';
import { interFont } from '#adapters/pdf/inter-font.ts';
import { cents, currency } from '#domain/money.ts';

const font = interFont();

/** The code points that the rules let the font's files draw. */
const drawable = new Set(
  [...font.css.matchAll(/unicode-range:([^}]*)/g)].flatMap(([, ranges = '']) =>
    ranges.split(',').flatMap((range) => {
      const [from = 0, to = 0] = range
        .slice(2)
        .split('-')
        .map((hex) => Number.parseInt(hex, 16));
      return Array.from({ length: to - from + 1 }, (_, index) => from + index);
    }),
  ),
);

test.each([
  'Œuvre de l’été : 1\u202F234,56\u00A0€ – « 1ᵉʳ août » … −20\u00A0%',
  'Łukasz Żółć, Çağlar Işık, Björk Guðmundsdóttir',
  'Nguyễn Thị Ánh',
  'Ελένη Παπαδοπούλου',
  'Иван Петров, Володимир Ґудзь',
])('« %s » is drawn as it is', (text) => {
  expect(font.printable(text)).toBe(text);
});

test.each([
  ['full-width and styled letters become plain', 'Ｆｕｌｌ 𝐉𝐨𝐡𝐧 ﬁn ①', 'Full John fin 1'],
  ['letters written in two parts are composed', 'e\u0301te\u0301', 'été'],
  ['hyphens that Inter lacks become its hyphen', 'A\u2010B\u2011C', 'A-B-C'],
  ['piled-up marks fall off', 'Z\u0338\u0322\u031Ba\u0334l', 'Zal'],
  ['pictures vanish', 'ok👍🏽🇫🇷', 'ok'],
  ['writing it cannot draw is marked', '王小明 שלום', '??? ????'],
])('%s', (_, text, printed) => {
  expect(font.printable(text)).toBe(printed);
});

test('nothing is printed that no file can draw', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const codes = Array.from(font.printable(text), (it) => it.codePointAt(0) as number);
      expect(codes.filter((code) => !drawable.has(code))).toEqual([]);
    }),
    { numRuns: 200 },
  );
});

test('the sign of every currency can be drawn', () => {
  for (const code of Intl.supportedValuesOf('currency')) {
    const text = euros(cents(100), currency(code));
    expect([code, font.printable(text)]).toEqual([code, text]);
  }
});

test('each character belongs to one file of each weight', () => {
  const total = [...font.css.matchAll(/unicode-range:([^}]*)/g)].flatMap(([, ranges = '']) =>
    ranges.split(',').map((range) => {
      const [from = 0, to = 0] = range
        .slice(2)
        .split('-')
        .map((hex) => Number.parseInt(hex, 16));
      return to - from + 1;
    }),
  );
  expect(total.reduce((sum, it) => sum + it, 0)).toBe(2 * drawable.size);
});
