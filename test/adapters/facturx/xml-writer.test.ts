// What a customer typed is what an XML reader reads, whatever it looks like.

import fc from 'fast-check';
import { XmlDocument } from 'libxml2-wasm';
import { expect, test } from 'vitest';
import { xmlText } from '#adapters/facturx/xml-text.ts';
import { xmlDocument } from '#adapters/facturx/xml-writer.ts';

function readBack(text: string): { readonly text: string; readonly attribute: string | undefined } {
  const xml = xmlDocument({ root: { '@a': text, name: text } });
  using document = XmlDocument.fromString(xml);
  const { root } = document;
  return {
    text: root.get('name')?.content ?? '',
    attribute: root.find('@a').at(0)?.content,
  };
}

test.each([
  'R&D; Conseil',
  'Caf&eacute; &amp;amp; &#65;',
  '<script>"\'</script> ]]>',
  'deux\r\nlignes\tet une',
])('%j comes back as it was', (text) => {
  expect(readBack(text)).toEqual({ text, attribute: text });
});

test('any text that XML may carry comes back as it was', () => {
  const texts = fc.string({ unit: 'binary', maxLength: 30 }).map(xmlText);
  fc.assert(
    fc.property(texts, (text) => {
      if (text === null) return;
      expect(readBack(text)).toEqual({ text, attribute: text });
    }),
  );
});

test('order is kept, null is left out, a list repeats its element', () => {
  const xml = xmlDocument({ r: { b: ['1', null, { c: '2' }], a: null, '@x': '3', d: '' } });
  expect(xml).toBe(
    '<?xml version="1.0" encoding="UTF-8"?><r x="3"><b>1</b><b><c>2</c></b><d/></r>',
  );
});
