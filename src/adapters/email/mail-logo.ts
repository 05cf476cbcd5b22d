// The partner's logo as it stands in a mail: always PNG, because most mail readers show no SVG, and
// with its size written out, because several of them draw a picture without one at full width. The
// size is read from the file itself: a picture that does not say how large it is, is not shown.

import type { Logo } from '#domain/partner.ts';

/** A PNG and the box it is drawn in, in CSS pixels. */
export type MailLogo = {
  readonly bytes: Uint8Array;
  readonly width: number;
  readonly height: number;
};

// Files are drawn at half their pixels, sharp on dense screens, and never larger than this.
const WIDTH_MAX = 200;
const HEIGHT_MAX = 48;

// PNG (W3C, third edition) §5.2: the signature, then a chunk IHDR of 13 bytes that comes first.
const PNG_START = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');

/** Null for an SVG, or for bytes that are no PNG: the mail then says the partner's name in text. */
export function mailLogo(logo: Logo | null): MailLogo | null {
  if (logo?.mediaType !== 'image/png') return null;
  const file = Buffer.from(logo.bytes.buffer, logo.bytes.byteOffset, logo.bytes.byteLength);
  if (file.length < 33 || !file.subarray(0, PNG_START.length).equals(PNG_START)) return null;
  const width = file.readUInt32BE(16);
  const height = file.readUInt32BE(20);
  if (width === 0 || height === 0) return null;
  const scale = Math.min(0.5, WIDTH_MAX / width, HEIGHT_MAX / height);
  return {
    bytes: logo.bytes,
    width: Math.max(1, Math.round(width * scale)),
    height: Math.max(1, Math.round(height * scale)),
  };
}
