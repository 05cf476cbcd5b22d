import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cents, sum } from '#domain/money.ts';
import { NORMAL_RATE, splitGross, splitLines, vatRate } from '#domain/vat.ts';

const gross = fc.integer({ min: 0, max: 99_999_999 }).map(cents);
const rate = fc.constantFrom(0, 210, 550, 1000, 2000).map(vatRate);

test('99.99 with 20 % inside is 83.32 and 16.67, as the partner guide has it', () => {
  expect(splitGross(cents(9999), NORMAL_RATE)).toEqual({ net: 8332, vat: 1667, gross: 9999 });
});

test('five lines of 99.99 are taxed on their total, not one by one', () => {
  const lines = splitLines(Array(5).fill(cents(9999)), NORMAL_RATE);
  expect(sum(lines.map((line) => line.net))).toBe(41_662);
  expect(sum(lines.map((line) => line.vat))).toBe(8333);
});

test('net and tax always make the gross, and the tax is the nearest cent', () => {
  fc.assert(
    fc.property(gross, rate, (total, at) => {
      const { net, vat } = splitGross(total, at);
      expect(net + vat).toBe(total);
      const off = BigInt(vat) * BigInt(10_000 + at) - BigInt(total) * BigInt(at);
      expect(2n * (off < 0n ? -off : off) <= BigInt(10_000 + at)).toBe(true);
    }),
  );
});

test('lines add up to the order to the cent, whatever their number', () => {
  fc.assert(
    fc.property(fc.array(gross, { minLength: 1, maxLength: 60 }), rate, (grosses, at) => {
      const lines = splitLines(grosses, at);
      const whole = splitGross(sum(grosses), at);
      expect(sum(lines.map((line) => line.net))).toBe(whole.net);
      expect(sum(lines.map((line) => line.vat))).toBe(whole.vat);
      lines.forEach((line, index) => {
        expect(line.net + line.vat).toBe(grosses[index]);
      });
    }),
  );
});

test('the order of the lines changes no total and no line', () => {
  const distinct = fc.uniqueArray(gross, { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(distinct, rate, (grosses, at) => {
      const straight = splitLines(grosses, at).toSorted((a, b) => a.gross - b.gross);
      const shuffled = splitLines(grosses.toReversed(), at).toSorted((a, b) => a.gross - b.gross);
      expect(shuffled).toEqual(straight);
    }),
  );
});

test('a free line stays free beside paid ones', () => {
  fc.assert(
    fc.property(fc.array(gross, { minLength: 1 }), rate, (grosses, at) => {
      const lines = splitLines([...grosses, cents(0)], at);
      expect(lines.at(-1)).toEqual({ net: 0, vat: 0, gross: 0 });
    }),
  );
});

test('what is no rate is refused', () => {
  for (const points of [-1, 10_001, 20.5]) expect(() => vatRate(points)).toThrow(RangeError);
});
