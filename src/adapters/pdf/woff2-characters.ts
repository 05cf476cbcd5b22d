// Which characters a WOFF2 font file really draws, and how to make it draw one fewer. The ranges
// published beside web fonts promise more than the files hold (a third of Inter's "latin" range is
// absent), and a character without a glyph would print from whatever font the machine has, or as
// an empty box, which PDF/A forbids. Read here: the table directory (WOFF2 §4.1, §5) and `cmap`.

import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';

const HEADER_BYTES = 48;
const FILE_LENGTH_AT = 8;
const TABLE_COUNT_AT = 12;
const COMPRESSED_LENGTH_AT = 20;
/** WOFF2 writes well-known table tags as numbers: these three matter here. */
const CMAP = 0;
const TRANSFORMED_BY_DEFAULT = new Set([10, 11]); // glyf, loca
const TAG_SPELT_OUT = 63;

/** The code points the font maps to a glyph. Throws RangeError on a file that is not WOFF2. */
export function charactersOf(font: Buffer): Set<number> {
  const { cmap } = open(font);
  return new Set(entriesOf(cmap).map((entry) => entry.code));
}

/**
 * The font without that character, whose glyph stays for others. A glyph of two characters is a
 * trap: copied from the PDF, both come out as the lower one. Throws RangeError when the font has
 * the character in a form that cannot be struck out in place.
 */
export function withoutCharacter(font: Buffer, code: number): Buffer {
  const { tables, tablesAt, cmap } = open(font);
  for (const entry of entriesOf(cmap).filter((it) => it.code === code)) {
    if (entry.slot === null) throw new RangeError(`U+${code.toString(16)} has no slot of its own`);
    cmap.writeUInt16BE(0, entry.slot);
  }
  const params = { [constants.BROTLI_PARAM_QUALITY]: 6 };
  const data = brotliCompressSync(tables, { params });
  const padding = Buffer.alloc(-(tablesAt + data.length) & 3);
  const changed = Buffer.concat([font.subarray(0, tablesAt), data, padding]);
  changed.writeUInt32BE(changed.length, FILE_LENGTH_AT);
  changed.writeUInt32BE(data.length, COMPRESSED_LENGTH_AT);
  return changed;
}

/** The decompressed tables, where their compressed form starts, and a view of the cmap in them. */
function open(font: Buffer): { tables: Buffer; tablesAt: number; cmap: Buffer } {
  if (font.toString('latin1', 0, 4) !== 'wOF2') throw new RangeError('not a WOFF2 font');
  let at = HEADER_BYTES;
  const base128 = (): number => {
    for (let value = 0; ; ) {
      const byte = font.readUInt8(at++);
      value = value * 128 + (byte & 127);
      if (byte < 128) return value;
    }
  };

  let offset = 0;
  let cmap: [start: number, end: number] | undefined;
  for (let left = font.readUInt16BE(TABLE_COUNT_AT); left > 0; left--) {
    const flags = font.readUInt8(at++);
    const tag = flags & 63;
    if (tag === TAG_SPELT_OUT) at += 4;
    let length = base128();
    // Version 3 means "as it is" for glyf and loca, 0 means that for every other table.
    const version = flags >> 6;
    if (TRANSFORMED_BY_DEFAULT.has(tag) ? version !== 3 : version !== 0) length = base128();
    if (tag === CMAP) cmap = [offset, offset + length];
    offset += length;
  }
  if (cmap === undefined) throw new RangeError('a font without a cmap table');
  const packed = font.subarray(at, at + font.readUInt32BE(COMPRESSED_LENGTH_AT));
  const tables = brotliDecompressSync(packed);
  return { tables, tablesAt: at, cmap: tables.subarray(...cmap) };
}

/** A code point with a glyph; `slot` is where its glyph number is written, if it has such a place. */
type Entry = { readonly code: number; readonly slot: number | null };

function entriesOf(cmap: Buffer): Entry[] {
  const offsets = new Set<number>();
  for (let index = 0; index < cmap.readUInt16BE(2); index++) {
    offsets.add(cmap.readUInt32BE(4 + index * 8 + 4));
  }
  return [...offsets].flatMap((at) => {
    const format = cmap.readUInt16BE(at);
    if (format === 4) return segmentEntries(cmap, at);
    return format === 12 ? groupEntries(cmap, at) : [];
  });
}

// Format 4: ranges of the first plane, each with a delta, or with a list of glyph numbers.
function segmentEntries(cmap: Buffer, at: number): Entry[] {
  const entries: Entry[] = [];
  const size = cmap.readUInt16BE(at + 6);
  const ends = at + 14;
  const [starts, deltas, offsets] = [ends + size + 2, ends + 2 * size + 2, ends + 3 * size + 2];
  for (let segment = 0; segment < size; segment += 2) {
    const start = cmap.readUInt16BE(starts + segment);
    const end = cmap.readUInt16BE(ends + segment);
    const delta = cmap.readUInt16BE(deltas + segment);
    const offset = cmap.readUInt16BE(offsets + segment);
    for (let code = start; code <= end && code < 0xffff; code++) {
      const slot = offset === 0 ? null : offsets + segment + offset + 2 * (code - start);
      const listed = slot === null ? code : cmap.readUInt16BE(slot);
      const missing = slot !== null && listed === 0;
      if (!missing && ((listed + delta) & 0xffff) !== 0) entries.push({ code, slot });
    }
  }
  return entries;
}

// Format 12: ranges of every plane, glyph numbers counting up from a first.
function groupEntries(cmap: Buffer, at: number): Entry[] {
  const entries: Entry[] = [];
  for (let left = cmap.readUInt32BE(at + 12), group = at + 16; left > 0; left--, group += 12) {
    for (let code = cmap.readUInt32BE(group); code <= cmap.readUInt32BE(group + 4); code++) {
      entries.push({ code, slot: null });
    }
  }
  return entries;
}
