// The colour profile that says what the page's red, green and blue mean: sRGB, as ICC version 4.2
// writes it, with the exact transfer curve as a formula instead of a table. Made here in half a
// kilobyte, because PDF/A wants it inside each file and the usual one is three.

import { createHash } from 'node:crypto';

type Xyz = readonly [number, number, number];

/** The white of all ICC profiles; sRGB's own white and primaries are adapted to it (Bradford). */
const D50: Xyz = [0.9642, 1, 0.8249];
const RED: Xyz = [0.436066, 0.222488, 0.013916];
const GREEN: Xyz = [0.385147, 0.716873, 0.097076];
const BLUE: Xyz = [0.143066, 0.060608, 0.714096];
const ADAPTED_FROM_D65 = [
  1.047882, 0.022919, -0.050217, 0.029587, 0.990479, -0.017059, -0.009232, 0.015076, 0.751678,
];
/** IEC 61966-2-1: (a·x + b)^g from d upwards, c·x below; in ICC's order g a b c d. */
const CURVE = [2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045];

const HEADER_BYTES = 128;
const ENTRY_BYTES = 12;
const FORMULA_OF_FIVE = 3;

/** The profile's bytes, always the same. */
export function srgbProfile(): Uint8Array {
  const curve = element('para', Buffer.from([0, FORMULA_OF_FIVE, 0, 0]), fixed(CURVE));
  const tags: readonly (readonly [string, Buffer])[] = [
    ['desc', text('sRGB IEC61966-2.1')],
    ['cprt', text('No copyright')],
    ['wtpt', element('XYZ ', fixed(D50))],
    ['chad', element('sf32', fixed(ADAPTED_FROM_D65))],
    ['rXYZ', element('XYZ ', fixed(RED))],
    ['gXYZ', element('XYZ ', fixed(GREEN))],
    ['bXYZ', element('XYZ ', fixed(BLUE))],
    ['rTRC', curve],
    ['gTRC', curve],
    ['bTRC', curve],
  ];
  const elements = [...new Set(tags.map(([, content]) => content))];
  const first = HEADER_BYTES + 4 + tags.length * ENTRY_BYTES;
  const placeOf = (content: Buffer): number =>
    elements.slice(0, elements.indexOf(content)).reduce((at, it) => at + it.length, first);
  const table = tags.map(([name, content]) =>
    Buffer.concat([Buffer.from(name), uint32(placeOf(content)), uint32(content.length)]),
  );
  const profile = Buffer.concat([
    Buffer.alloc(HEADER_BYTES),
    uint32(tags.length),
    ...table,
    ...elements,
  ]);
  header(profile.length).copy(profile);
  // Its identifier, taken while the fields for flags, intent and the identifier are still zero.
  createHash('md5').update(profile).digest().copy(profile, 84);
  return profile;
}

function header(size: number): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES);
  bytes.writeUInt32BE(size, 0);
  bytes.writeUInt32BE(0x04200000, 8);
  bytes.write('mntrRGB XYZ ', 12, 'latin1');
  // The day is part of the profile, not of the print: 1 January 2026.
  [2026, 1, 1, 0, 0, 0].forEach((part, index) => {
    bytes.writeUInt16BE(part, 24 + 2 * index);
  });
  bytes.write('acsp', 36, 'latin1');
  fixed(D50).copy(bytes, 68);
  return bytes;
}

/** A typed element, padded to the four bytes on which the next must begin. */
function element(type: string, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat([Buffer.from(type), uint32(0), ...parts]);
  return Buffer.concat([content, Buffer.alloc(-content.length & 3)]);
}

function text(words: string): Buffer {
  const utf16 = Buffer.from(words, 'utf16le').swap16();
  const [record, language] = [12, 'enUS'];
  return element(
    'mluc',
    uint32(1),
    uint32(record),
    Buffer.from(language),
    uint32(utf16.length),
    uint32(16 + record),
    utf16,
  );
}

/** Numbers as ICC's signed 15.16 fixed point. */
function fixed(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, index) => {
    bytes.writeInt32BE(Math.round(value * 0x10000), 4 * index);
  });
  return bytes;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
