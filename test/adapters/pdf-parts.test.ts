import { createHash } from 'node:crypto';
import { inflateSync } from 'node:zlib';
import { XmlDocument } from 'libxml2-wasm';
import { describe, expect, test } from 'vitest';
import type { PdfObject } from '#adapters/pdf/chromium-file.ts';
import { writePdf } from '#adapters/pdf/pdf-writer.ts';
import { srgbProfile } from '#adapters/pdf/srgb-profile.ts';
import { stableStructure } from '#adapters/pdf/structure-tree.ts';
import { xmpPacket } from '#adapters/pdf/xmp.ts';
import { archivedPdf } from '../support/archived-pdf.ts';

function object(number: number, text: string): PdfObject {
  return { number, text, stream: null };
}

describe('the structure tree', () => {
  const root = (entries = '') => object(1, `<</Type /StructTreeRoot\n/K 2 0 R${entries}>>`);
  const element = (number: number, kind: string, entries = '') =>
    object(number, `<</Type /StructElem\n/S /${kind}\n/P 1 0 R${entries}>>`);
  const structured = (...objects: PdfObject[]) =>
    stableStructure({ objects, catalog: 8, info: 9 }).map((it) => it.text);

  test('its headings are named in the order of the file, and cells follow them', () => {
    const [late, early, cell, , index] = structured(
      element(2, 'TH', '\n/ID (node00000412)'),
      element(3, 'TH', '\n/ID (node00000007)'),
      element(4, 'TD', '\n/A [<</O /Table\n/Headers [(node00000007) (node00000412)]>>]'),
      root('\n/IDTree 5 0 R'),
      object(5, '<</Kids [6 0 R 7 0 R]>>'),
      object(6, '<</Limits [(node00000007) (node00000007)]\n/Names [(node00000007) 3 0 R]>>'),
      object(7, '<</Limits [(node00000412) (node00000412)]\n/Names [(node00000412) 2 0 R]>>'),
    );
    expect(late).toContain('/ID (h0001)');
    expect(early).toContain('/ID (h0002)');
    expect(cell).toContain('/Headers [(h0002) (h0001)]');
    expect(index).toBe('<</Names [(h0001) 2 0 R (h0002) 3 0 R]>>');
  });

  test('the parts of the old index are gone', () => {
    const texts = structured(
      element(2, 'TH', '\n/ID (node00000001)'),
      root('\n/IDTree 5 0 R'),
      object(5, '<</Kids [6 0 R]>>'),
      object(6, '<</Limits [(node00000001) (node00000001)]\n/Kids [7 0 R]>>'),
      object(7, '<</Limits [(node00000001) (node00000001)]\n/Names [(node00000001) 2 0 R]>>'),
    );
    expect(texts).toHaveLength(3);
    expect(texts.join()).not.toContain('node0');
  });

  test('a text that looks like a name of Chromium’s stays as it is', () => {
    const figure = element(2, 'Figure', '\n/Alt (node00000001)');
    const escaped = element(3, 'Figure', '\n/Alt (/ID \\(node00000001\\))');
    expect(structured(figure, escaped, root()).slice(0, 2)).toEqual([figure.text, escaped.text]);
  });

  test('Chromium’s own kinds are said to stand for standard ones', () => {
    const [tree] = structured(root(), element(2, 'Strong'), element(3, 'P'), element(4, 'Em'));
    expect(tree).toContain('/RoleMap <</Em /Span /Strong /Span>>');
  });

  test('standard kinds need no such table', () => {
    expect(structured(root(), element(2, 'P'))[0]).toBe(root().text);
  });

  test('a kind that nobody knows is refused, and so is a page without tags', () => {
    expect(() => structured(root(), element(2, 'Marquee'))).toThrow('structure type Marquee');
    expect(() => structured(element(2, 'P'))).toThrow('not tagged');
  });
});

test('the colour profile is whole, bears its own digest, and adds up to its white', () => {
  const profile = Buffer.from(srgbProfile());
  const unsigned = Buffer.from(profile);
  unsigned.fill(0, 84, 100);
  expect(profile.toString('hex', 84, 100)).toBe(createHash('md5').update(unsigned).digest('hex'));
  const tags = new Map<string, Buffer>();
  for (let index = 0; index < profile.readUInt32BE(128); index++) {
    const at = 132 + 12 * index;
    const [place, size] = [profile.readUInt32BE(at + 4), profile.readUInt32BE(at + 8)];
    expect(place % 4).toBe(0);
    expect(place + size).toBeLessThanOrEqual(profile.length);
    tags.set(profile.toString('latin1', at, at + 4), profile.subarray(place, place + size));
  }
  const xyz = (tag: string) => [8, 12, 16].map((at) => tags.get(tag)?.readInt32BE(at) ?? 0);
  const white = xyz('wtpt');
  for (const axis of [0, 1, 2]) {
    const light = ['rXYZ', 'gXYZ', 'bXYZ'].reduce((sum, tag) => sum + (xyz(tag)[axis] ?? 0), 0);
    expect(Math.abs(light - (white[axis] ?? 0)) / 0x10000).toBeLessThan(0.0005);
  }
});

test('titles and names of any kind leave the metadata well formed', () => {
  const title = 'Facture <b> & « ]]> » "\'';
  const author = 'R&D; Caf&eacute;';
  const packet = xmpPacket({
    title,
    author,
    creatorTool: 'ComptAppart',
    producer: 'Skia/PDF m153',
    issuedAt: '2026-11-20T09:05:42+00:00',
  });
  using document = XmlDocument.fromString(packet);
  const namespaces = { dc: 'http://purl.org/dc/elements/1.1/' };
  expect(document.get('//dc:title', namespaces)?.content).toBe(title);
  expect(document.get('//dc:creator', namespaces)?.content).toBe(author);
});

test('a file with gaps between its numbers is written and read back', async () => {
  const bytes = writePdf(
    [
      object(3, '<</Type /Catalog /Pages 7 0 R /Lang (fr)>>'),
      object(7, '<</Type /Pages /Count 0 /Kids []>>'),
      { number: 5, text: '<</Length 3>>', stream: Buffer.from('abc') },
      object(12, '<</Title (Vide)>>'),
    ],
    { root: 3, info: 12 },
  );
  const pdf = await archivedPdf(bytes);
  expect(pdf.at('Lang')).toBe('fr');
  expect(pdf.info.Title).toBe('Vide');
  const text = Buffer.from(bytes).toString('latin1');
  const at = text.indexOf('/Type /XRef');
  const rows = inflateSync(Buffer.from(bytes).subarray(text.indexOf('stream\n', at) + 7));
  const kinds = Array.from({ length: rows.length / 7 }, (_, number) => rows[7 * number]);
  expect(kinds).toEqual([0, 0, 0, 2, 0, 1, 0, 2, 0, 0, 0, 0, 2, 1, 1]);
});
