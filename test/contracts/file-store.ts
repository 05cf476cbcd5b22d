// What every file store promises, claimed on the real ones and on the fake.

import { expect, test } from 'vitest';
import type { FileStore } from '#application/ports.ts';

const TYPE = 'application/pdf';

export function fileStoreContract(store: () => FileStore): void {
  test('what was put is what is got', async () => {
    const bytes = Buffer.from([0, 255, 10, 13, 37]);
    const files = store();
    expect(await files.put('contract/a.pdf', bytes, TYPE)).toBe('stored');
    expect(Buffer.from(await files.get('contract/a.pdf'))).toEqual(bytes);
  });

  test('a key that is taken keeps what it holds', async () => {
    const files = store();
    await files.put('contract/b.pdf', Buffer.from('first'), TYPE);
    expect(await files.put('contract/b.pdf', Buffer.from('second'), TYPE)).toBe('exists');
    expect(Buffer.from(await files.get('contract/b.pdf')).toString()).toBe('first');
  });

  test('of many who put the same key at once, one stores and the others are told', async () => {
    const files = store();
    const puts = await Promise.all(
      Array.from({ length: 10 }, (_, i) => files.put('contract/c.pdf', Buffer.from(`${i}`), TYPE)),
    );
    expect(puts.filter((put) => put === 'stored')).toHaveLength(1);
  });

  test('a file that is not there is an error', async () => {
    await expect(store().get('contract/none.pdf')).rejects.toThrow();
  });

  test('a link names its file', async () => {
    const files = store();
    await files.put('contract/d.pdf', Buffer.from('x'), TYPE);
    const link = await files.signedUrl('contract/d.pdf', new Date('2100-01-01T00:00:00Z'));
    expect(new URL(link).pathname).toContain('contract/d.pdf');
  });
}
