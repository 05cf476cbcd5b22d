// How an accepted logo will look on paper: too coarse, or nearly white on white. Neither is a reason
// to refuse it, both are worth a sentence while the operator still has the file open. A PNG is
// judged by its pixels; of an SVG the colours that its shapes are painted in are looked at, without
// drawing it, and whatever is not understood counts as visible.

import type { Logo } from '#domain/partner.ts';
import { contrastOnWhite, isColor } from '#domain/partner.ts';
import { type Png, pixelsOf, readPng } from './logo-png.ts';
import { type StyleRule, type SvgElement, saidOf } from './logo-style.ts';
import { readSvg, type SvgDrawing } from './logo-svg.ts';

// The invoice's box for a logo, and what it takes to fill it at 300 dots an inch.
const BOX_MM = { width: 55, height: 18 };
const SHARP_WIDTH = 650;
const SHARP_HEIGHT = 213;
/** WCAG's ratio. Less is not seen on white paper; pale yellow (1.1) is not, sky blue (1.7) is. */
const VISIBLE_CONTRAST = 1.3;
/** The share of what is painted that must be seen: a thin word on a large white ground has more. */
const VISIBLE_SHARE = 0.005;

const INVISIBLE = 'Ce logo est presque invisible sur fond blanc.';

/** One French sentence for each thing worth a look; none for a logo without trouble. */
export function logoWarnings({ mediaType, bytes }: Logo): string[] {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (mediaType === 'image/svg+xml') return isDrawingSeen(readSvg(file)) ? [] : [INVISIBLE];
  const png = readPng(file);
  return [...coarse(png), ...(isPictureSeen(png) ? [] : [INVISIBLE])];
}

function coarse({ width, height }: Png): string[] {
  const isWide = width / height >= BOX_MM.width / BOX_MM.height;
  if (isWide ? width >= SHARP_WIDTH : height >= SHARP_HEIGHT) return [];
  const wanted = isWide ? `${SHARP_WIDTH} de large` : `${SHARP_HEIGHT} de haut`;
  return [
    `Le logo mesure ${width} × ${height} pixels\u00A0: à l’impression il sera un peu flou, ` +
      `au moins ${wanted} seraient nets.`,
  ];
}

// Linear light of each channel value (WCAG 2.2, relative luminance): a power for each of a million
// pixels would take seconds.
const LINEAR = Array.from({ length: 256 }, (_, channel) => {
  const c = channel / 255;
  return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
});
const VISIBLE_LUMINANCE = 1.05 / VISIBLE_CONTRAST - 0.05;

function isPictureSeen(png: Png): boolean {
  const pixels = pixelsOf(png);
  if (pixels === null) return true;
  const light = (channel: number) => LINEAR[channel] as number;
  let painted = 0;
  let seen = 0;
  for (const [red, green, blue, alpha] of pixels) {
    if (alpha < 26) continue;
    painted += 1;
    const luminance = 0.2126 * light(red) + 0.7152 * light(green) + 0.0722 * light(blue);
    if (luminance <= VISIBLE_LUMINANCE) seen += 1;
  }
  return seen > painted * VISIBLE_SHARE;
}

const SHAPES = new Set('path rect circle ellipse line polyline polygon text tspan'.split(' '));
const PALE = new Set(
  'white snow ivory floralwhite ghostwhite azure mintcream honeydew aliceblue seashell'.split(' '),
);

function isDrawingSeen({ elements, rules }: SvgDrawing): boolean {
  if (elements.some(({ name }) => name === 'image' || name === 'use')) return true;
  return elements
    .filter(({ name }) => SHAPES.has(name))
    .some((it) => isPaintSeen(paint(it, 'fill', rules)) || isPaintSeen(paint(it, 'stroke', rules)));
}

/** The colour as written, inherited if need be; black and nothing are what CSS begins with. */
function paint(element: SvgElement, kind: 'fill' | 'stroke', rules: readonly StyleRule[]): string {
  for (let at: SvgElement | null = element; at !== null; at = at.parent) {
    const value = saidOf(at, rules).findLast(([property]) => property === kind)?.[1];
    if (value !== undefined && value !== 'inherit') return value.toLowerCase().trim();
  }
  return kind === 'fill' ? 'black' : 'none';
}

function isPaintSeen(color: string): boolean {
  if (color === 'none' || color === 'transparent' || PALE.has(color)) return false;
  const [, short] = /^#([\da-f]{3})$/.exec(color) ?? [];
  const long = short === undefined ? color : `#${[...short].map((it) => it + it).join('')}`;
  const parts = /^rgb\(\s*(\d+)[\s,]+(\d+)[\s,]+(\d+)\s*\)$/.exec(color)?.slice(1) ?? [];
  const hex = parts.map((it) => Math.min(255, Number(it)).toString(16).padStart(2, '0')).join('');
  const read = parts.length === 0 ? long : `#${hex}`;
  return !isColor(read) || contrastOnWhite(read) >= VISIBLE_CONTRAST;
}
