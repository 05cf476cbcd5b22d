// Reads back the PDFs that Chromium and we write: pages, words, fonts, title. It knows only that one
// form (one object after another or in an object stream, hexadecimal glyph strings, a ToUnicode map
// a font) and makes no attempt at others; that is enough to test what was printed.

import { inflateSync } from 'node:zlib';

export type ReadPdf = {
  /** The words of each page in drawing order, one line a run of text. */
  readonly pages: readonly string[];
  readonly title: string;
  /** Names of all fonts, without the subset's prefix; every one must be embedded. */
  readonly fonts: readonly string[];
  readonly tagged: boolean;
  readonly language: string | null;
};

type PdfObject = { readonly head: string; readonly stream: Buffer | null };

/** Throws when a font is not embedded, or when a page shows the glyph for a missing character. */
export function readPdf(bytes: Uint8Array): ReadPdf {
  const objects = objectsOf(Buffer.from(bytes));
  const heads = [...objects.values()].map((it) => it.head);
  const named = heads.flatMap((head) => /\/FontName \/(\S+)/.exec(head)?.[1] ?? []);
  const embedded = heads.filter((head) => /\/FontFile\d? /.test(head)).length;
  if (embedded !== named.length) throw new Error(`${named.length - embedded} fonts not embedded`);
  const title = heads.map((head) => /\/Title (<[0-9A-F]*>|\(.*?\))/.exec(head)?.[1]).find(Boolean);
  const catalog = heads.find((head) => head.includes('/Type /Catalog')) ?? '';
  return {
    pages: pagesOf(objects),
    title: stringOf(title ?? '()'),
    fonts: [...new Set(named.map((name) => name.replace(/^[A-Z]{6}\+/, '')))].sort(),
    tagged: catalog.includes('/StructTreeRoot'),
    language: /\/Lang \((.*?)\)/.exec(catalog)?.[1] ?? null,
  };
}

function objectsOf(file: Buffer): Map<string, PdfObject> {
  const objects = new Map<string, PdfObject>();
  const text = file.toString('latin1');
  const start = /(?<=\n)(\d+) 0 obj\n/g;
  for (let match = start.exec(text); match !== null; match = start.exec(text)) {
    const from = start.lastIndex;
    const stream = text.indexOf('stream\n', from);
    const end = text.indexOf('endobj', from);
    if (stream === -1 || stream > end) {
      objects.set(match[1] as string, { head: text.slice(from, end), stream: null });
      continue;
    }
    const head = text.slice(from, stream);
    const length = Number(/\/Length (\d+)/.exec(head)?.[1]);
    const data = file.subarray(stream + 7, stream + 7 + length);
    const packed = head.includes('/FlateDecode') && !head.includes('/Subtype /Image');
    objects.set(match[1] as string, { head, stream: packed ? inflateSync(data) : data });
    start.lastIndex = stream + 7 + length;
  }
  for (const { head, stream } of [...objects.values()]) {
    if (!head.includes('/Type /ObjStm') || stream === null) continue;
    const inside = stream.toString('latin1');
    const first = Number(/\/First (\d+)/.exec(head)?.[1]);
    const places = inside.slice(0, first).trim().split(/\s+/).map(Number);
    for (let at = 0; at < places.length; at += 2) {
      const [number, from, to] = [places[at], places[at + 1] ?? 0, places[at + 3]];
      const end = to === undefined ? inside.length : first + to;
      objects.set(`${number}`, { head: inside.slice(first + from, end), stream: null });
    }
  }
  return objects;
}

function pagesOf(objects: ReadonlyMap<string, PdfObject>): string[] {
  const roots = [...objects].filter(
    ([, { head }]) => /\/Type \/Pages\b/.test(head) && !head.includes('/Parent'),
  );
  return roots.flatMap(([id]) => pagesUnder(id, objects));
}

/** Of more than eight pages Chromium makes a tree. */
function pagesUnder(id: string, objects: ReadonlyMap<string, PdfObject>): string[] {
  const { head } = objects.get(id) as PdfObject;
  const kids = /\/Type \/Pages\b/.test(head) ? /\/Kids \[([^\]]*)\]/.exec(head)?.[1] : undefined;
  if (kids !== undefined) {
    return [...kids.matchAll(/(\d+) 0 R/g)].flatMap(([, kid = '']) => pagesUnder(kid, objects));
  }
  const fonts = new Map(
    [...(/\/Font <<([^>]*)>>/.exec(head)?.[1] ?? '').matchAll(/\/(F\d+) (\d+) 0 R/g)].map(
      ([, name = '', font = '']) => [name, glyphsOf(objects, font)],
    ),
  );
  const contents = /\/Contents (\d+) 0 R/.exec(head)?.[1] ?? '';
  return [wordsOf(objects.get(contents)?.stream?.toString('latin1') ?? '', fonts)];
}

/** Glyph number to text, from the font's ToUnicode map. */
function glyphsOf(objects: ReadonlyMap<string, PdfObject>, font: string): Map<string, string> {
  const id = /\/ToUnicode (\d+) 0 R/.exec(objects.get(font)?.head ?? '')?.[1] ?? '';
  const map = objects.get(id)?.stream?.toString('latin1') ?? '';
  const glyphs = new Map<string, string>();
  for (const [, from = '', to = '', text = ''] of map.matchAll(
    /^<(\w{4})> (?:<(\w{4})> )?<(\w+)>$/gm,
  )) {
    const first = Number.parseInt(from, 16);
    const last = to === '' ? first : Number.parseInt(to, 16);
    for (let glyph = first; glyph <= last; glyph++) {
      const code = characterOf(text) + glyph - first;
      glyphs.set(glyph.toString(16).padStart(4, '0').toUpperCase(), String.fromCodePoint(code));
    }
  }
  return glyphs;
}

/** The code point of one character in hexadecimal UTF-16, or of the first of several. */
function characterOf(hex: string): number {
  return Buffer.from(hex, 'hex').swap16().toString('utf16le').codePointAt(0) ?? 0xfffd;
}

function wordsOf(content: string, fonts: ReadonlyMap<string, Map<string, string>>): string {
  let glyphs = new Map<string, string>();
  let words = '';
  const tokens = /\/(F\d+) \S+ Tf|<(\w+)> Tj|\/ActualText <FEFF(\w*)> >> BDC\s*<\w*> Tj|\b(ET)\b/g;
  for (const [, font, shown, actual, end] of content.matchAll(tokens)) {
    if (font !== undefined) glyphs = fonts.get(font) ?? new Map();
    for (const [glyph] of (shown ?? '').matchAll(/\w{4}/g)) {
      if (glyph === '0000') throw new Error(`a character is missing after « ${words} »`);
      words += glyphs.get(glyph) ?? '\uFFFD';
    }
    if (actual !== undefined) words += stringOf(`<FEFF${actual}>`);
    if (end !== undefined) words += '\n';
  }
  return words;
}

function stringOf(token: string): string {
  if (!token.startsWith('<FEFF')) return token.slice(1, -1);
  return Buffer.from(token.slice(5, -1), 'hex').swap16().toString('utf16le');
}
