// The partner's colour as a mail may wear it: once for light grounds and once for dark ones, each
// moved only as far as its contrast asks. Readers choose the scheme after the mail was sent, so both
// travel with it. Grounds and inks are our own and fixed; the template carries the same values.

import { contrastOnWhite, isColor, readableOnWhite } from '#domain/partner.ts';

/** `#rrggbb` each. `rule` is drawn (≥ 3 : 1 on its ground), `accent` is read (≥ 4.5 : 1). */
export type MailColors = {
  readonly rule: string;
  readonly accent: string;
  readonly darkRule: string;
  readonly darkAccent: string;
};

/** The card in the dark scheme, on which the accent stands; in the light one it is white. */
export const DARK_CARD = '#1b1f25';

/** Our own colour, for a partner who has none. */
const OWN_COLOR = '#1d4f91';

const RULE_CONTRAST_MIN = 3;
const ACCENT_CONTRAST_MIN = 4.5;
// Small light letters on a dark ground look thinner than they are.
const DARK_ACCENT_CONTRAST_MIN = 6;

/** The colours of a partner; ours when it has none, or what is no colour. */
export function mailColors(partnerColor: string | null): MailColors {
  const color = partnerColor !== null && isColor(partnerColor) ? partnerColor : OWN_COLOR;
  return {
    rule: readableOnWhite(color, RULE_CONTRAST_MIN),
    accent: readableOnWhite(color, ACCENT_CONTRAST_MIN),
    darkRule: readableOnDark(color, RULE_CONTRAST_MIN),
    darkAccent: readableOnDark(color, DARK_ACCENT_CONTRAST_MIN),
  };
}

/** The colour, its lightness raised by 5 % steps until its contrast on the dark card is enough. */
function readableOnDark(color: string, ratioMin: number): string {
  const { hue, saturation, lightness } = hslOf(color);
  for (let lighter = lightness; lighter < 1; lighter += 0.05) {
    const hex = lighter === lightness ? color.toLowerCase() : hexOf(hue, saturation, lighter);
    // Contrast is a ratio of luminances, so that of two colours follows from theirs on white.
    if (contrastOnWhite(DARK_CARD) / contrastOnWhite(hex) >= ratioMin) return hex;
  }
  return '#ffffff';
}

// Hue in degrees, the others 0 to 1. Raising lightness keeps a navy blue blue, where mixing with
// white would leave it grey.
function hslOf(color: string): { hue: number; saturation: number; lightness: number } {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map(
    (at) => Number.parseInt(color.slice(at, at + 2), 16) / 255,
  );
  const max = Math.max(red, green, blue);
  const spread = max - Math.min(red, green, blue);
  const lightness = max - spread / 2;
  if (spread === 0) return { hue: 0, saturation: 0, lightness };
  const sixths =
    max === red
      ? (green - blue) / spread
      : max === green
        ? (blue - red) / spread + 2
        : (red - green) / spread + 4;
  const saturation = spread / (1 - Math.abs(2 * lightness - 1));
  return { hue: (sixths * 60 + 360) % 360, saturation, lightness };
}

// The formula of CSS Color 4 §7.1.
function hexOf(hue: number, saturation: number, lightness: number): string {
  const reach = saturation * Math.min(lightness, 1 - lightness);
  const channels = [0, 8, 4].map((n) => {
    const k = (n + hue / 30) % 12;
    return Math.round(255 * (lightness - reach * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  });
  return `#${channels.map((it) => it.toString(16).padStart(2, '0')).join('')}`;
}
