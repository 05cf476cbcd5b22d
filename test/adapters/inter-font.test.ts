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
  ['digits in a box, a family, a flag of tags', '1\uFE0F\u20E3 👨‍👩‍👧 🏴\u{E0067}\u{E007F}', '1  '],
  ['Chinese is spelt, syllables apart', '王小明 Ltd北京', 'Wang Xiao Ming Ltd Bei Jing'],
  ['Korean too', '김민수', 'Gim Min Su'],
  ['Japanese syllables run on, beside words', '東京タワー2026', 'Dong Jing tawa2026'],
  ['scripts without capitals begin names with one', 'محمد שלום გიორგი', 'Mhmd Slvm Giorgi'],
  ['marks that are vowels are spelt with their letter', 'हिन्दी', 'Hindi'],
  ['other alphabets keep their capitals', 'Հայաստան ⲁⲗⲉⲝ', 'Hayastan aleks'],
  ['foreign punctuation is punctuation', '「中、文。」', '[Zhong,Wen.]'],
  ['what no one has a word for is dropped', 'a\uE000\u{10FFFF}𒀀b', 'ab'],
])('%s', (_, text, printed) => {
  expect(font.printable(text)).toBe(printed);
});

// fast-check's own `binary` unit takes seconds to set up.
const anyCharacter = fc.integer({ min: 0, max: 0x10ffff }).map((it) => String.fromCodePoint(it));

test('nothing is printed that no file can draw', () => {
  fc.assert(
    fc.property(fc.string({ unit: anyCharacter }), (text) => {
      const codes = Array.from(font.printable(text), (it) => it.codePointAt(0) as number);
      expect(codes.filter((code) => !drawable.has(code))).toEqual([]);
    }),
    { numRuns: 200 },
  );
});

test('every plane of Unicode comes out in letters that are drawn, one sign at a time', () => {
  const odd: string[] = [];
  for (let code = 0x20; code < 0x32000; code += code < 0x3000 ? 1 : 7) {
    const printed = font.printable(`x${String.fromCodePoint(code)}`);
    if (Array.from(printed, (it) => it.codePointAt(0)).some((it) => !drawable.has(it ?? -1))) {
      odd.push(code.toString(16));
    }
    expect(printed.length).toBeLessThan(60);
  }
  expect(odd).toEqual([]);
});

test('marks piled up by the thousand add no more than three to a letter', () => {
  expect(font.printable(`ह${'ि'.repeat(1000)}`)).toBe('Hiii');
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
