// A partner: whose products are sold, whose colours the invoice wears, whose endpoint hears of the
// order. The seller in law stays ComptAppart; the partner is branding and an address.

declare const slugBrand: unique symbol;
/** The value of a product's `metadata.partner`: lower-case letters, digits and hyphens. */
export type PartnerSlug = string & { readonly [slugBrand]: true };

export type Logo = {
  readonly mediaType: 'image/png' | 'image/svg+xml';
  readonly bytes: Uint8Array;
};

/** What customers see of a partner; frozen into the invoice when it is issued (the logo aside). */
export type Branding = {
  readonly name: string;
  /** `#rrggbb`, or null for our own. */
  readonly color: string | null;
  readonly contactEmail: string | null;
  readonly contactPhone: string | null;
  readonly website: string | null;
};

export type Partner = {
  readonly slug: PartnerSlug;
  readonly branding: Branding;
  readonly stagingUrl: string | null;
  readonly productionUrl: string | null;
};

/** The guide asks for this much in an `X-API-KEY`. */
export const API_KEY_CHARACTERS_MIN = 32;

/**
 * The slug, trimmed and in lower case, or null when the text cannot be one. Operators type the
 * value by hand in Stripe's dashboard, so a blank or a capital is not an error.
 */
export function parsePartnerSlug(text: string): PartnerSlug | null {
  const slug = text.trim().toLowerCase();
  return /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(slug) ? (slug as PartnerSlug) : null;
}

/** True for `#rrggbb`, the only form of colour taken from outside. */
export function isColor(text: string): boolean {
  return /^#[0-9a-f]{6}$/i.test(text);
}

/** WCAG 2.2 contrast ratio of a `#rrggbb` colour on white, 1 to 21. */
export function contrastOnWhite(color: string): number {
  const [red = 0, green = 0, blue = 0] = channels(color).map((channel) => {
    const c = channel / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05);
}

/** The colour, darkened toward black by 5 % steps until its contrast on white is enough. */
export function readableOnWhite(color: string, ratioMin = 3): string {
  const original = channels(color);
  for (let percent = 100; percent > 0; percent -= 5) {
    const darker = toHex(original.map((channel) => Math.round((channel * percent) / 100)));
    if (contrastOnWhite(darker) >= ratioMin) return darker;
  }
  return '#000000';
}

function channels(color: string): number[] {
  return [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16));
}

function toHex(values: readonly number[]): string {
  return `#${values.map((value) => value.toString(16).padStart(2, '0')).join('')}`;
}
