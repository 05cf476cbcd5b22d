// Who paid, as Stripe knows them. The invoice prints the name as given; the partner's payload wants
// it in two parts, which Stripe does not have, so it is split by one simple rule that never guesses
// at languages.

export type Address = {
  readonly line1: string | null;
  readonly line2: string | null;
  readonly postalCode: string | null;
  readonly city: string | null;
  readonly state: string | null;
  /** ISO 3166-1 alpha-2. */
  readonly country: string | null;
};

export type Customer = {
  /** What Stripe has in `individual_name`, else in `name`. */
  readonly name: string | null;
  /** Set for a business: it is the buyer, and `name` its contact. */
  readonly businessName: string | null;
  readonly email: string;
  readonly phone: string | null;
  readonly address: Address | null;
  /** An EU VAT number, if the customer gave one. */
  readonly vatNumber: string | null;
};

export type SplitName = { readonly firstName: string | null; readonly lastName: string | null };

/**
 * First word and rest. One word alone is a last name with an empty first name, so that the guide's
 * sample code (`${first} ${last}`.trim()) prints it right. No name: both null.
 */
export function splitName(name: string | null): SplitName {
  const words = (name ?? '').split(/\s+/).filter((word) => word !== '');
  if (words.length === 0) return { firstName: null, lastName: null };
  if (words.length === 1) return { firstName: '', lastName: words[0] ?? null };
  return { firstName: words[0] ?? null, lastName: words.slice(1).join(' ') };
}

// National numbers that begin with a zero: France and its territories overseas.
const PREFIXES: ReadonlyMap<string, string> = new Map([
  ['FR', '+33'],
  ...['GP', 'BL', 'MF'].map((code) => [code, '+590'] as const),
  ['GF', '+594'],
  ['MQ', '+596'],
  ...['RE', 'YT'].map((code) => [code, '+262'] as const),
]);

/**
 * The number in E.164 (`+33612345678`), as the guide promises partners, or null when it cannot be
 * read as one. A national number is one of the customer's country, of France when that is unknown.
 */
export function internationalPhone(text: string | null, country: string | null): string | null {
  const digits = (text ?? '').replace(/\(0\)|[\s().\-/]/g, '').replace(/^00/, '+');
  if (/^\+[1-9]\d{6,14}$/.test(digits)) return digits;
  const prefix = PREFIXES.get(country ?? 'FR');
  return prefix !== undefined && /^0[1-9]\d{8}$/.test(digits) ? prefix + digits.slice(1) : null;
}

/**
 * True for one address that a mail server can take: one `@`, no white space, control character,
 * comma, semicolon or angle bracket, at most 254 characters (RFC 5321 §4.5.3.1.3). Deliberately
 * not stricter: whether the mailbox exists, only its server knows.
 */
export function isSingleEmail(text: string): boolean {
  return (
    text.length <= 254 &&
    /^[^\s\p{Cc}@,;<>"()]+@[^\s\p{Cc}@,;<>"()]+\.[^\s\p{Cc}@,;<>"()]+$/u.test(text)
  );
}
