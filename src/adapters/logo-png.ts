// A PNG taken apart as far as a logo needs it (W3C, third edition): its chunks and their checksums,
// its size, its pixels as they look on white paper. Decoding is bounded before it starts, because a
// few kilobytes can promise gigabytes.

import { crc32, inflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
/** Three times what the invoice's box can show at 600 dots an inch; more only makes PDFs heavy. */
const PIXELS_MAX = 4_000_000;
const SIDE_MAX = 8192;
const PIXELS_BYTES_MAX = PIXELS_MAX * 8 + SIDE_MAX;
const BROKEN = 'L’image du logo est abîmée ou incomplète\u00A0: exportez-la à nouveau.';

type Chunk = { readonly type: string; readonly data: Buffer };

/** A PNG that has been looked at: what its header says, and its rows as they were packed. */
export type Png = {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  /** 0 grey, 2 colours, 3 palette, 4 grey and alpha, 6 colours and alpha. */
  readonly colorType: number;
  readonly interlaced: boolean;
  readonly palette: Buffer;
  readonly paletteAlpha: Buffer;
  /** Each row behind its filter byte. */
  readonly rows: Buffer;
};

export function isPng(file: Buffer): boolean {
  return file.subarray(0, 8).equals(SIGNATURE);
}

/** Throws one French sentence saying what is wrong. */
export function readPng(file: Buffer): Png {
  const chunks = chunksOf(file);
  const header = chunks[0]?.data;
  if (chunks[0]?.type !== 'IHDR' || header?.length !== 13) throw new Error(BROKEN);
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  checkSize({ width, height });
  if (chunks.some((chunk) => chunk.type === 'acTL')) {
    throw new Error('Le logo est une image animée\u00A0: il en faut une fixe.');
  }
  const named = (type: string) =>
    Buffer.concat(chunks.filter((chunk) => chunk.type === type).map((chunk) => chunk.data));
  return {
    width,
    height,
    depth: header.readUInt8(8),
    colorType: header.readUInt8(9),
    interlaced: header.readUInt8(12) !== 0,
    palette: named('PLTE'),
    paletteAlpha: named('tRNS'),
    rows: inflated(named('IDAT')),
  };
}

type Size = { readonly width: number; readonly height: number };

/** Throws one French sentence when a picture is larger than a logo may be. */
export function checkSize({ width, height }: Size): void {
  if (Math.min(width, height) < 1) throw new Error(BROKEN);
  if (Math.max(width, height) <= SIDE_MAX && width * height <= PIXELS_MAX) return;
  throw new Error(
    `Le logo mesure ${width} × ${height} pixels\u00A0: réduisez-le, 2000 × 2000 suffisent.`,
  );
}

/** As the frame header of a JPEG says (ITU T.81, B.2.2); 0 × 0 when there is none. */
export function jpegSize(file: Buffer): Size {
  for (let at = 2; at + 9 <= file.length && file[at] === 0xff; ) {
    const marker = file[at + 1] as number;
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return { height: file.readUInt16BE(at + 5), width: file.readUInt16BE(at + 7) };
    at += marker === 0xff ? 1 : 2 + file.readUInt16BE(at + 2);
  }
  return { width: 0, height: 0 };
}

function inflated(packed: Buffer): Buffer {
  try {
    return inflateSync(packed, { maxOutputLength: PIXELS_BYTES_MAX });
  } catch (cause) {
    throw new Error(BROKEN, { cause });
  }
}

/** The chunks from IHDR to IEND, lengths and checksums verified. */
function chunksOf(file: Buffer): Chunk[] {
  const chunks: Chunk[] = [];
  for (let at = 8; at + 12 <= file.length; ) {
    const end = at + 8 + file.readUInt32BE(at);
    if (end + 4 > file.length) break;
    if (crc32(file.subarray(at + 4, end)) !== file.readUInt32BE(end)) break;
    const type = file.toString('latin1', at + 4, at + 8);
    chunks.push({ type, data: file.subarray(at + 8, end) });
    if (type === 'IEND') return chunks;
    at = end + 4;
  }
  throw new Error(BROKEN);
}

const CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/** Red, green, blue on white, and the alpha there was; each 0 to 255. */
export type Pixel = readonly [red: number, green: number, blue: number, alpha: number];

/**
 * Pixels evenly spread over the picture, a quarter million or so; null for a form that is not read
 * here (interlaced, or not to the rule).
 */
export function pixelsOf(png: Png): Iterable<Pixel> | null {
  const channels = CHANNELS[png.colorType];
  if (channels === undefined || png.interlaced || ![1, 2, 4, 8, 16].includes(png.depth))
    return null;
  const rowBytes = Math.ceil((png.width * channels * png.depth) / 8);
  if (png.rows.length < (rowBytes + 1) * png.height) return null;
  return pixels(png, channels, rowBytes);
}

function* pixels(png: Png, channels: number, rowBytes: number): Generator<Pixel> {
  const { width, height, depth } = png;
  const step = Math.max(1, (channels * depth) / 8);
  const most = depth < 8 ? 2 ** depth - 1 : 255;
  const stride = Math.max(1, Math.floor(Math.sqrt((width * height) / 250_000)));
  let above: Buffer = Buffer.alloc(rowBytes);
  for (let y = 0; y < height; y++) {
    const start = y * (rowBytes + 1);
    const row = unfiltered(png.rows, { start, rowBytes, step, above });
    const sample = (index: number): number => {
      if (depth >= 8) return row[(index * depth) / 8] as number;
      const bit = index * depth;
      return ((row[bit >> 3] as number) >> (8 - depth - (bit & 7))) & most;
    };
    const xEnd = y % stride === 0 ? width : 0;
    for (let x = 0; x < xEnd; x += stride) yield pixelAt(png, x * channels, sample);
    above = row;
  }
}

type Row = { start: number; rowBytes: number; step: number; above: Buffer };

/** The row with its filter undone (§9): each byte is told as a difference to its neighbours. */
function unfiltered(rows: Buffer, { start, rowBytes, step, above }: Row): Buffer {
  const filter = rows[start] as number;
  const row = Buffer.alloc(rowBytes);
  for (let i = 0; i < rowBytes; i++) {
    const left = i < step ? 0 : (row[i - step] as number);
    const up = above[i] as number;
    const upLeft = i < step ? 0 : (above[i - step] as number);
    row[i] = (rows[start + 1 + i] as number) + predicted(filter, left, up, upLeft);
  }
  return row;
}

function predicted(filter: number, left: number, up: number, upLeft: number): number {
  if (filter === 1) return left;
  if (filter === 2) return up;
  if (filter === 3) return (left + up) >> 1;
  if (filter !== 4) return 0;
  const [byLeft, byUp] = [Math.abs(up - upLeft), Math.abs(left - upLeft)];
  const byBoth = Math.abs(left + up - 2 * upLeft);
  if (byLeft <= byUp && byLeft <= byBoth) return left;
  return byUp <= byBoth ? up : upLeft;
}

function pixelAt(png: Png, first: number, sample: (index: number) => number): Pixel {
  const { colorType, depth, palette, paletteAlpha } = png;
  if (colorType === 3) {
    const entry = sample(first);
    const color = (channel: number) => palette[entry * 3 + channel] ?? 0;
    return onWhite(color(0), color(1), color(2), paletteAlpha[entry] ?? 255);
  }
  if (colorType === 0 || colorType === 4) {
    const grey = depth < 8 ? (sample(first) * 255) / (2 ** depth - 1) : sample(first);
    return onWhite(grey, grey, grey, colorType === 4 ? sample(first + 1) : 255);
  }
  const alpha = colorType === 6 ? sample(first + 3) : 255;
  return onWhite(sample(first), sample(first + 1), sample(first + 2), alpha);
}

function onWhite(red: number, green: number, blue: number, alpha: number): Pixel {
  const mix = (channel: number) => Math.round(255 + ((channel - 255) * alpha) / 255);
  return [mix(red), mix(green), mix(blue), alpha];
}
