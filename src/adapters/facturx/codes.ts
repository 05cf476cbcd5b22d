// The code lists of EN 16931 that an invoice of ours can touch, as far as we touch them: what our
// own words (a Stripe payment method, a VAT treatment, a country) are called in the lists of UNTDID,
// CEF and ISO. Read 2026-11-23 in the rules BR-CL-* of release 1.3.16; nothing here is computed.

import type { OrderLine } from '#domain/order.ts';

/** BT-24: Factur-X 1.09 in the profile EN 16931 is the European norm itself. */
export const GUIDELINE = 'urn:cen.eu:en16931:2017';
/** BT-23: services, already paid when the document is issued. Ours always are. */
export const PAID_SERVICES = 'S2';
/** BT-130, UNTDID rec. 20: one, for things that are counted. */
export const UNIT = 'C62';
/** The scheme of BT-30 and BT-47: SIREN. */
export const SIREN_SCHEME = '0002';
/** The schemes of BT-34 and BT-49: the French directory (by SIREN), and e-mail. */
export const DIRECTORY_SCHEME = '0225';
export const EMAIL_SCHEME = 'EM';
/** UNTDID 5189: discount. */
export const DISCOUNT_REASON = '95';

/** BT-3, UNTDID 1001. */
export const TYPE_CODES = { invoice: '380', 'credit-note': '381' } as const;

/** BT-8, UNTDID 2475: the tax is due on the day of issue (5), or when the money comes (72). */
export function taxPointCode(vatOnDebits: boolean): '5' | '72' {
  return vatOnDebits ? '5' : '72';
}

export type VatCategory = {
  /** BT-118 and BT-151, UNTDID 5305. */
  readonly code: 'S' | 'Z' | 'AE' | 'E';
  /** BT-120; null where the category allows none. */
  readonly reason: string | null;
  /** BT-121, the CEF's VATEX list; null where we do not know the article that exempts. */
  readonly reasonCode: string | null;
};

/**
 * The category of a line or of a rate. Exemptions carry words but no VATEX code: each code names
 * one article of law, and Stripe does not say which one the operator meant.
 */
export function vatCategory({
  rate,
  treatment,
}: Pick<OrderLine, 'rate' | 'treatment'>): VatCategory {
  switch (treatment) {
    case 'reverse-charge':
      return { code: 'AE', reason: 'Autoliquidation', reasonCode: 'VATEX-EU-AE' };
    case 'exempt':
      return { code: 'E', reason: 'Opération exonérée de TVA', reasonCode: null };
    case 'standard':
      return { code: rate === 0 ? 'Z' : 'S', reason: null, reasonCode: null };
    default:
      return treatment satisfies never;
  }
}

const BANK_CARD = '48';
const DIRECT_DEBIT = '49';
const SEPA_DEBIT = '59';
const ONLINE_SERVICE = '68';
const NOT_DEFINED = '1';

const PAYMENT_MEANS: Readonly<Record<string, string>> = {
  card: BANK_CARD,
  card_present: BANK_CARD,
  apple_pay: BANK_CARD,
  google_pay: BANK_CARD,
  samsung_pay: BANK_CARD,
  sepa_debit: SEPA_DEBIT,
  acss_debit: DIRECT_DEBIT,
  au_becs_debit: DIRECT_DEBIT,
  bacs_debit: DIRECT_DEBIT,
  us_bank_account: DIRECT_DEBIT,
  // Settled from a credit, or marked as paid by hand: no instrument that the list knows.
  balance: NOT_DEFINED,
  out_of_band: NOT_DEFINED,
};

/**
 * BT-81, UNTDID 4461, for one of Stripe's payment methods. What is not listed went through Stripe
 * as an online payment service. So do bank transfers: codes 30 and 58 oblige us to name the account
 * (BR-61), which is one of Stripe's that we never learn; BT-82 says in words that it was a transfer.
 */
export function paymentMeansCode(method: string | null): string {
  if (method === null) return NOT_DEFINED;
  return Object.hasOwn(PAYMENT_MEANS, method)
    ? (PAYMENT_MEANS[method] ?? NOT_DEFINED)
    : ONLINE_SERVICE;
}

// BR-CL-14 less its two codes of its own, 1A and XI.
const COUNTRIES = new Set(
  (
    'AD AE AF AG AI AL AM AN AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ ' +
    'BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO ' +
    'DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU ' +
    'GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW ' +
    'KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU ' +
    'MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW ' +
    'PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF ' +
    'TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ' +
    'ZM ZW'
  ).split(' '),
);

// Stripe's addresses know three places that ISO 3166-1 does not: Kosovo is 1A in the norm's list,
// Ascension and Tristan da Cunha belong to Saint Helena.
const OTHER_PLACES: Readonly<Record<string, string>> = { XK: '1A', AC: 'SH', TA: 'SH' };

/**
 * BT-55 for a country of Stripe's. The norm wants one in every address, so a customer who gave none
 * (or `ZZ`, "unknown") is taken to be in France, where the tax on the invoice was charged.
 */
export function countryCode(country: string | null): string {
  const code = country?.toUpperCase() ?? 'FR';
  if (COUNTRIES.has(code)) return code;
  return OTHER_PLACES[code] ?? 'FR';
}

// Where French VAT applies as at home: the Republic's departments of the VAT territory, and Monaco.
const FRENCH_VAT_TERRITORY = new Set(['FR', 'GP', 'MQ', 'RE', 'MC']);

/** True for a country code whose buyers are domestic ones for French VAT. */
export function isDomestic(code: string): boolean {
  return FRENCH_VAT_TERRITORY.has(code);
}

// The prefixes of VIES: the member states (Greece as EL) and Northern Ireland.
const EU_VAT_NUMBER =
  /^(?:AT|BE|BG|CY|CZ|DE|DK|EE|EL|ES|FI|FR|HR|HU|IE|IT|LT|LU|LV|MT|NL|PL|PT|RO|SE|SI|SK|XI)[0-9A-Z+*]{2,13}$/;

/** The EU VAT number without its spaces and dots, in capitals; null for anything else. */
export function euVatNumber(text: string | null): string | null {
  const number = (text ?? '').replace(/[\s.-]/g, '').toUpperCase();
  return EU_VAT_NUMBER.test(number) ? number : null;
}
