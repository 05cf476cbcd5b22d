import { createCipheriv } from 'node:crypto';
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

test('a box from before keys had names opens, and names the key that opens it', () => {
  const key = Buffer.alloc(32, 3);
  const nonce = Buffer.alloc(12, 1);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from('here'));
  const text = Buffer.concat([cipher.update('secret'), cipher.final()]);
  const sealed = Buffer.concat([Buffer.from([1]), nonce, cipher.getAuthTag(), text]);
  const later = secretBox(Buffer.alloc(32, 4), [Buffer.alloc(32, 5), key]);
  expect(later.open(sealed, 'here')).toBe('secret');
  expect(later.keyOf(sealed, 'here')).toBe(secretBox(key).currentKey);
  expect(later.keyOf(sealed, 'there')).toBeNull();
});

test('what an old key has sealed opens, and is sealed by the current one alone', () => {
  const [old, current] = [Buffer.alloc(32, 3), Buffer.alloc(32, 4)];
  const before = secretBox(old).seal('secret', 'here');
  const both = secretBox(current, [old]);
  expect(both.open(before, 'here')).toBe('secret');
  const after = both.seal('secret', 'here');
  expect(secretBox(current).open(after, 'here')).toBe('secret');
  expect(() => secretBox(old).open(after, 'here')).toThrow('SECRETS_KEY');
});
