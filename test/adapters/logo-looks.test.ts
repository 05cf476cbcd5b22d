// How accepted logos are judged: by pixels, in every form a PNG may have, and by the colours of an
// SVG's shapes. The pictures are drawn here, so that each shows one thing.

import { deflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { logoWarnings } from '#adapters/logo-looks.ts';
import { pixelsOf, readPng } from '#adapters/logo-png.ts';
import type { Logo } from '#domain/partner.ts';
import { pngChunk, pngLogo, svgLogo } from '../support/invoices.ts';

const PALE = 'Ce logo est presque invisible sur fond blanc.';
const WIDE = 700;

type Form = { readonly depth?: number; readonly type: number; readonly extra?: Buffer[] };

/** A PNG of 700 × 230 pixels (or of that size) whose rows are all the given bytes, unfiltered. */
function plain(row: readonly number[], { depth = 8, type, extra = [] }: Form, height = 230): Logo {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(WIDE, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, type], 8);
  const channels = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }[type] as number;
  const bytes = Buffer.alloc(1 + Math.ceil((WIDE * channels * depth) / 8));
  for (let at = 1; at < bytes.length; at++) bytes[at] = row[(at - 1) % row.length] as number;
  const rows = Buffer.concat(Array.from({ length: height }, () => bytes));
  return {
    mediaType: 'image/png',
    bytes: Buffer.concat([
      Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
      pngChunk('IHDR', header),
      ...extra,
      pngChunk('IDAT', deflateSync(rows)),
      pngChunk('IEND', Buffer.alloc(0)),
    ]),
  };
}

function drawing(inside: string): Logo {
  const text = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">${inside}</svg>`;
  return { mediaType: 'image/svg+xml', bytes: Buffer.from(text) };
}

describe('a PNG', () => {
  test.each([
    ['white on nothing', [255, 255, 255, 255, 0, 0, 0, 0], { type: 6 }],
    ['cream on white', [255, 255, 255, 255, 253, 240, 255], { type: 2 }],
    ['nothing at all', [0, 0, 0, 0], { type: 6 }],
    ['black, but a breath of it', [0, 0, 0, 25], { type: 6 }],
    ['pale grey in sixteen bits', [245, 3], { type: 0, depth: 16 }],
    ['white in one bit', [255], { type: 0, depth: 1 }],
    [
      'a palette of white and of transparent black',
      [0, 1],
      {
        type: 3,
        extra: [
          pngChunk('PLTE', Buffer.from([255, 255, 255, 0, 0, 0])),
          pngChunk('tRNS', Buffer.from([255, 0])),
        ],
      },
    ],
  ] as const)('%s is nearly invisible on paper', (_, row, form) => {
    expect(logoWarnings(plain(row, form as Form))).toEqual([PALE]);
  });

  test.each([
    ['sky blue', [110, 180, 240], { type: 2 }],
    ['half a grey', [0, 128], { type: 4 }],
    ['stripes of black in two bits', [0b00110011], { type: 0, depth: 2 }],
    [
      'a palette that has a red',
      [0, 1],
      { type: 3, extra: [pngChunk('PLTE', Buffer.from([255, 255, 255, 200, 0, 0]))] },
    ],
  ] as const)('%s is seen', (_, row, form) => {
    expect(logoWarnings(plain(row, form as Form))).toEqual([]);
  });

  test('too few pixels for the printer are told, the side that counts first', () => {
    expect(logoWarnings(pngLogo(320, 100))).toEqual([
      'Le logo mesure 320 × 100 pixels\u00A0: à l’impression il sera un peu flou, ' +
        'au moins 650 de large seraient nets.',
    ]);
    expect(logoWarnings(pngLogo(160, 160))[0]).toContain('213 de haut');
    expect(logoWarnings(pngLogo(213, 213))).toEqual([]);
  });

  test.each([
    ['to the left', 1, [10, 1, 1, 1], [10, 11, 12, 13]],
    ['upwards', 2, [10, 20, 30, 40], [15, 25, 35, 45]],
    ['to both, their mean', 3, [10, 5, 0, 0], [12, 13, 9, 7]],
    ['to the nearest of three', 4, [1, 1, 1, 1], [6, 7, 8, 9]],
  ])('rows told as differences %s are read back', (_, filter, bytes, expected) => {
    const header = Buffer.from([0, 0, 0, 4, 0, 0, 0, 2, 8, 0, 0, 0, 0]);
    const first = [0, 5, 5, 5, 5];
    const file = Buffer.concat([
      Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
      pngChunk('IHDR', header),
      pngChunk('IDAT', deflateSync(Buffer.from([...first, filter, ...bytes]))),
      pngChunk('IEND', Buffer.alloc(0)),
    ]);
    const greys = Array.from(pixelsOf(readPng(file)) ?? [], ([red]) => red);
    expect(greys.slice(4)).toEqual(expected);
  });
});

describe('an SVG', () => {
  test.each([
    ['white shapes', '<path fill="#fff"/><rect fill="white"/><circle fill="rgb(254, 255, 253)"/>'],
    ['white inherited', '<g style="fill:#FFFFFE"><path/><text>Cap</text></g>'],
    ['white by class', '<style>.a,.b{fill:#fff}</style><path class="b"/>'],
    ['white lines and no filling', '<g fill="none" stroke="#fffffa"><path/></g>'],
    ['nothing drawn', '<title>Cap</title>'],
  ])('of %s is nearly invisible', (_, inside) => {
    expect(logoWarnings(drawing(inside))).toEqual([PALE]);
  });

  test.each([
    ['no colour said, which is black', '<path/>'],
    ['white, with one dark line', '<path fill="#fff"/><path fill="none" stroke="#123"/>'],
    ['a gradient', '<path fill="url(#g)"/>'],
    [
      'a class stronger than its attribute',
      '<style>.a{fill:#00f}</style><g><path class="a" fill="#fff"/></g>',
    ],
    [
      'a picture',
      `<image href="data:image/png;base64,${Buffer.from(pngLogo(1, 1).bytes).toString('base64')}"/>`,
    ],
  ])('of %s counts as seen', (_, inside) => {
    expect(logoWarnings(drawing(inside))).toEqual([]);
  });

  test('as designers export it needs no word', () => {
    expect(logoWarnings(svgLogo)).toEqual([]);
  });
});
