// Puts objects together into a PDF 1.7 file. Whatever is no stream goes into one compressed object
// stream, which halves a tagged invoice; nothing is taken from clock or chance, and the identifier
// that PDF/A asks for is a digest of the content. So the same objects give the same bytes.

import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import type { PdfObject } from './chromium-file.ts';

// The second line shows mail programs and the like that the file is binary; PDF/A asks for it.
const HEADER = '%PDF-1.7\n%\xE2\xE3\xCF\xD3\n';
const ID_BYTES = 16;
/** A third of the time of zlib's default, for a file that is two per cent larger. */
const LEVEL = 1;

/** A row of the cross-reference stream: kind in one byte, place in four, index in two. */
const FIELDS = '[1 4 2]';
const ROW_BYTES = 7;
const FREE = 0;
const AT_OFFSET = 1;
const IN_CONTAINER = 2;

/** Numbers must be distinct; `root` and `info` are those of catalog and information dictionary. */
export function writePdf(
  objects: readonly PdfObject[],
  named: { readonly root: number; readonly info: number },
): Uint8Array {
  const container = 1 + objects.reduce((most, { number }) => Math.max(most, number), 0);
  const plain = objects.filter((it) => it.stream === null);
  const streams = [...objects.filter((it) => it.stream !== null), objectStream(container, plain)];

  const rows = Buffer.alloc((container + 2) * ROW_BYTES, FREE);
  const enter = (number: number, kind: number, place: number, index = 0): void => {
    const at = number * ROW_BYTES;
    rows.writeUInt8(kind, at);
    rows.writeUInt32BE(place, at + 1);
    rows.writeUInt16BE(index, at + 5);
  };
  // The head of the list of free objects, which every file has.
  enter(0, FREE, 0, 0xffff);
  plain.forEach(({ number }, index) => {
    enter(number, IN_CONTAINER, container, index);
  });

  const parts: Uint8Array[] = [Buffer.from(HEADER, 'latin1')];
  let length = HEADER.length;
  for (const object of streams) {
    enter(object.number, AT_OFFSET, length);
    for (const part of framed(object)) {
      parts.push(part);
      length += part.length;
    }
  }
  const table = container + 1;
  enter(table, AT_OFFSET, length);
  const id = createHash('sha256')
    .update(Buffer.concat(parts))
    .digest('hex')
    .slice(0, 2 * ID_BYTES);
  const trailer =
    `/Type /XRef /Size ${table + 1} /W ${FIELDS} ` +
    `/Root ${named.root} 0 R /Info ${named.info} 0 R /ID [<${id}> <${id}>]`;
  parts.push(...framed(compressed(table, trailer, rows)));
  parts.push(Buffer.from(`startxref\n${length}\n%%EOF\n`));
  return Buffer.concat(parts);
}

/** A stream object with its dictionary's entries, deflated; `Filter` and `Length` are added. */
export function compressed(number: number, entries: string, content: Uint8Array): PdfObject {
  const stream = deflateSync(content, { level: LEVEL });
  return {
    number,
    text: `<<${entries} /Filter /FlateDecode /Length ${stream.length}>>`,
    stream,
  };
}

function objectStream(number: number, objects: readonly PdfObject[]): PdfObject {
  const places: string[] = [];
  let length = 0;
  for (const object of objects) {
    places.push(`${object.number} ${length}`);
    length += object.text.length + 1;
  }
  const index = `${places.join(' ')}\n`;
  const text = objects.map((object) => `${object.text}\n`).join('');
  return compressed(
    number,
    `/Type /ObjStm /N ${objects.length} /First ${index.length}`,
    Buffer.from(index + text, 'latin1'),
  );
}

function framed({ number, text, stream }: PdfObject): Uint8Array[] {
  const head = `${number} 0 obj\n${text}\nstream\n`;
  return [
    Buffer.from(head, 'latin1'),
    stream ?? new Uint8Array(),
    Buffer.from('\nendstream\nendobj\n'),
  ];
}
