// The partner's logo as it stands in a mail: always PNG, because most mail readers show no SVG, small
// in bytes, because it travels with every mail, and with its size written out, because several
// readers draw a picture without one at full width. A PNG that already is all that goes as it is;
// whoever can draw the others is handed in (see drawn-logos.ts).

import type { Logo } from '#domain/partner.ts';

/** A PNG and the box it is drawn in, in CSS pixels. */
export type MailLogo = {
  readonly bytes: Uint8Array;
  readonly width: number;
  readonly height: number;
};

/** What turns a partner's logo into one that a mail can show. */
export type MailLogos = {
  /** Null for no logo, or one that cannot be shown. Never throws: mail goes with or without. */
  of(logo: Logo | null): Promise<MailLogo | null>;
  /** Gives back what drawing took. */
  close(): Promise<void>;
};

/** The heaviest picture that is sent along. */
export const LOGO_BYTES_MAX = 20_000;

/** Shows the PNG logos that are light enough, and draws none. */
export const lightLogos: MailLogos = {
  of: async (logo) => lightLogo(logo),
  close: async () => undefined,
};

// Pictures are drawn at half their pixels, sharp on dense screens, and never larger than this.
const WIDTH_MAX = 200;
const HEIGHT_MAX = 48;
// A few kilobytes can unfold to gigabytes in a reader's memory.
const PIXELS_MAX = 1_000_000;

// PNG (W3C, third edition) §5.2: the signature, then a chunk IHDR of 13 bytes that comes first.
const PNG_START = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');

/** The logo as it was stored, if it is a PNG that may be sent; else null. */
export function lightLogo(logo: Logo | null): MailLogo | null {
  if (logo?.mediaType !== 'image/png' || logo.bytes.length > LOGO_BYTES_MAX) return null;
  const file = Buffer.from(logo.bytes.buffer, logo.bytes.byteOffset, logo.bytes.byteLength);
  if (file.length < 33 || !file.subarray(0, PNG_START.length).equals(PNG_START)) return null;
  const width = file.readUInt32BE(16);
  const height = file.readUInt32BE(20);
  if (width * height === 0 || width * height > PIXELS_MAX) return null;
  return { bytes: logo.bytes, ...logoBox(width, height, 0.5) };
}

/** The box for a picture of these proportions, in whole CSS pixels; `scaleMax` bounds its growth. */
export function logoBox(
  width: number,
  height: number,
  scaleMax: number,
): { readonly width: number; readonly height: number } {
  const scale = Math.min(scaleMax, WIDTH_MAX / width, HEIGHT_MAX / height);
  return {
    width: Math.max(1, Math.round(width * scale)),
    height: Math.max(1, Math.round(height * scale)),
  };
}
