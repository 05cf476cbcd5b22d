// A store that remembers what it has just taken: the bytes of its own puts, once, and nothing else.

import { expect, test } from 'vitest';
import { recentFiles } from '#adapters/files/recent-files.ts';
import { memoryFiles } from '#test/support/books.ts';

const bytes = (text: string) => Buffer.from(text);

function counted() {
  const store = memoryFiles();
  const read: string[] = [];
  const get = (key: string) => {
    read.push(key);
    return store.get(key);
  };
  return { read, files: recentFiles({ ...store, get }, 10) };
}

test('what was stored is read from memory once, then from the store', async () => {
  const { read, files } = counted();
  await files.put('a', bytes('one'), 'text/plain');
  expect(await files.get('a')).toEqual(bytes('one'));
  expect(read).toEqual([]);
  expect(await files.get('a')).toEqual(bytes('one'));
  expect(read).toEqual(['a']);
});

test('a key that was taken answers with what the store holds', async () => {
  const { read, files } = counted();
  await files.put('a', bytes('one'), 'text/plain');
  await files.get('a');
  expect(await files.put('a', bytes('two'), 'text/plain')).toBe('exists');
  expect(await files.get('a')).toEqual(bytes('one'));
  expect(read).toEqual(['a']);
});

test('the oldest bytes make room, and a file too large is not kept', async () => {
  const { read, files } = counted();
  await files.put('a', bytes('12345'), 'text/plain');
  await files.put('b', bytes('12345'), 'text/plain');
  await files.put('c', bytes('1'), 'text/plain');
  await files.put('d', bytes('12345678901'), 'text/plain');
  for (const key of ['a', 'b', 'c', 'd']) await files.get(key);
  expect(read).toEqual(['a', 'd']);
});
