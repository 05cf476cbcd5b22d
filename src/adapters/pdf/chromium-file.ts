// Takes Chromium's PDF apart into its numbered objects. It reads the one form that Skia writes (PDF
// 1.4, a plain cross-reference table, a length before each stream) and checks every byte of that
// form, so that another writer or a cut file is refused by name instead of being archived. A general
// reader costs more than the printing of the page: see docs/adr/0010.

/** An indirect object of generation 0. */
export type PdfObject = {
  readonly number: number;
  /** The dictionary or other value, as latin-1; of a stream object its dictionary. */
  readonly text: string;
  readonly stream: Uint8Array | null;
};

export type ChromiumFile = {
  /** In the order of the file, which does not change from print to print. */
  readonly objects: readonly PdfObject[];
  /** Object numbers of the catalog and of the information dictionary. */
  readonly catalog: number;
  readonly info: number;
};

const HEADER = '%PDF-1.4\n';
const TRAILER =
  /\ntrailer\n<<\/Size (\d+)\n\/Root (\d+) 0 R\n\/Info (\d+) 0 R>>\nstartxref\n(\d+)\n%%EOF\s*$/;
const TRAILER_BYTES_MAX = 200;
const ENTRY_BYTES = 20;
const STREAM = ' stream\n';
const STREAM_END = '\nendstream';

/** Throws when the bytes are not a PDF as Chromium writes it. The streams are views of `bytes`. */
export function readChromiumFile(bytes: Uint8Array): ChromiumFile {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (file.toString('latin1', 0, HEADER.length) !== HEADER) throw unknownForm('no PDF 1.4');
  const end = file.toString('latin1', Math.max(0, file.length - TRAILER_BYTES_MAX));
  const trailer = TRAILER.exec(end);
  if (trailer === null) throw unknownForm('its trailer');
  const [size = 0, catalog = 0, info = 0, tableStart = 0] = trailer.slice(1).map(Number);
  const starts = objectStarts(file, tableStart, size);
  const objects = starts.map(({ number, start }, index) =>
    objectAt(file, number, start, starts[index + 1]?.start ?? tableStart),
  );
  return { objects, catalog, info };
}

type ObjectStart = { readonly number: number; readonly start: number };

/** Where each object begins, in the order of the file. */
function objectStarts(file: Buffer, tableStart: number, size: number): ObjectStart[] {
  const heading = `xref\n0 ${size}\n`;
  const from = tableStart + heading.length;
  const table = file.toString('latin1', from, from + size * ENTRY_BYTES);
  if (
    file.toString('latin1', tableStart, from) !== heading ||
    table.length !== size * ENTRY_BYTES
  ) {
    throw unknownForm('its cross-reference table');
  }
  return Array.from({ length: size - 1 }, (_, index) => {
    const entry = table.slice((index + 1) * ENTRY_BYTES, (index + 2) * ENTRY_BYTES);
    if (!/^\d{10} 00000 n \n$/.test(entry)) throw unknownForm(`entry ${index + 1} of its table`);
    return { number: index + 1, start: Number(entry.slice(0, 10)) };
  }).sort((a, b) => a.start - b.start);
}

function objectAt(file: Buffer, number: number, start: number, end: number): PdfObject {
  const opening = `${number} 0 obj\n`;
  const closing = '\nendobj\n';
  const from = start + opening.length;
  const to = end - closing.length;
  if (
    file.toString('latin1', start, from) !== opening ||
    file.toString('latin1', to, end) !== closing
  ) {
    throw unknownForm(`the bounds of object ${number}`);
  }
  if (file.toString('latin1', to - STREAM_END.length, to) !== STREAM_END) {
    return { number, text: file.toString('latin1', from, to), stream: null };
  }
  const split = file.indexOf(STREAM, from, 'latin1');
  const text = file.toString('latin1', from, split);
  const stream = file.subarray(split + STREAM.length, to - STREAM_END.length);
  const length = /\/Length (\d+)(?=\s|\/|>)/.exec(text)?.[1];
  if (split < 0 || Number(length) !== stream.length) {
    throw unknownForm(`the stream of object ${number}`);
  }
  return { number, text, stream };
}

function unknownForm(what: string): Error {
  return new Error(`Chromium’s PDF is not of the form this program knows: ${what}`);
}
