import { expect, test } from 'vitest';
import { secretBox } from '#adapters/secret-box.ts';

const box = secretBox(Buffer.alloc(32, 1));

test('what was sealed opens again, and never looks the same twice', () => {
  const sealed = box.seal('clé très secrète', 'partner/a/api_key');
  expect(box.open(sealed, 'partner/a/api_key')).toBe('clé très secrète');
  expect(box.seal('clé très secrète', 'partner/a/api_key')).not.toEqual(sealed);
  expect(sealed.includes('secr')).toBe(false);
});

test('it opens neither in another place, nor under another key, nor when touched', () => {
  const sealed = box.seal('secret', 'partner/a/api_key');
  expect(() => box.open(sealed, 'partner/b/api_key')).toThrow('SECRETS_KEY');
  expect(() => secretBox(Buffer.alloc(32, 2)).open(sealed, 'partner/a/api_key')).toThrow();
  for (let at = 0; at < sealed.length; at += 1) {
    const touched = Buffer.from(sealed);
    touched[at] = (touched[at] ?? 0) ^ 1;
    expect(() => box.open(touched, 'partner/a/api_key')).toThrow();
  }
  expect(() => box.open(Buffer.alloc(0), 'x')).toThrow();
});

test('a key of another length is refused', () => {
  expect(() => secretBox(Buffer.alloc(31))).toThrow(RangeError);
});
