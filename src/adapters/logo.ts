// A partner's logo, looked at before it is kept. It is shown inside `<img>` only, where neither
// script nor request can start; these rules stand before that wall, so that a file that means harm,
// or would print wrong for months, is refused in one sentence while the operator still has it open.

import type { Logo } from '#domain/partner.ts';
import { isPng, readPng } from './logo-png.ts';
import { readSvg } from './logo-svg.ts';

export const LOGO_BYTES_MAX = 512 * 1024;

/** The logo, its type told from its content. Throws one French sentence saying what is wrong. */
export function checkLogo(bytes: Uint8Array): Logo {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (file.length > LOGO_BYTES_MAX) {
    const size = Math.ceil(file.length / 1024);
    throw new Error(`Le logo pèse ${size}\u00A0ko\u00A0: il en faut au plus 512.`);
  }
  if (isPng(file)) {
    readPng(file);
    return { mediaType: 'image/png', bytes };
  }
  if (/^\uFEFF?\s*</.test(file.toString('utf8', 0, 200))) {
    readSvg(file);
    return { mediaType: 'image/svg+xml', bytes };
  }
  throw new Error('Le logo doit être une image PNG ou SVG.');
}
