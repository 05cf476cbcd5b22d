// How French is written wherever people read it: invoice, mail, pages. Intl is not used for amounts
// because it takes a double, prints an ASCII minus and has its own idea of a currency's decimals;
// digits come from the domain, exact, and only the signs are put here. No-break spaces are part of
// each result, so that « 99,99 € » or « 20 % » never ends a line without its unit.

import type { ParisDay } from '#domain/invoice-number.ts';
import { type Cents, type Currency, toDecimalText } from '#domain/money.ts';
import type { VatRate } from '#domain/vat.ts';

/** Narrow no-break space: between thousands, before `;` `!` `?`. */
export const NARROW = '\u202F';
/** No-break space: before `:` `%` `€` and a unit, inside « ». */
export const FIXED = '\u00A0';
const MINUS = '\u2212';

const MONTHS = [
  'janvier',
  'février',
  'mars',
  'avril',
  'mai',
  'juin',
  'juillet',
  'août',
  'septembre',
  'octobre',
  'novembre',
  'décembre',
];

// Stripe's payment method types that a buyer in France can meet, by what they would call it.
const PAYMENT_METHODS: Readonly<Record<string, string>> = {
  acss_debit: 'par prélèvement bancaire',
  alipay: 'par Alipay',
  alma: 'avec Alma',
  amazon_pay: 'avec Amazon Pay',
  apple_pay: 'avec Apple Pay',
  au_becs_debit: 'par prélèvement bancaire',
  bacs_debit: 'par prélèvement bancaire',
  balance: 'par avoir',
  bancontact: 'par Bancontact',
  billie: 'avec Billie',
  blik: 'avec BLIK',
  card: 'par carte bancaire',
  card_present: 'par carte bancaire',
  cashapp: 'avec Cash App',
  customer_balance: 'par virement bancaire',
  eps: 'par EPS',
  giropay: 'par giropay',
  google_pay: 'avec Google Pay',
  ideal: 'par iDEAL',
  klarna: 'avec Klarna',
  link: 'avec Link',
  mobilepay: 'avec MobilePay',
  multibanco: 'par Multibanco',
  out_of_band: 'hors ligne',
  p24: 'par Przelewy24',
  pay_by_bank: 'par virement bancaire',
  paypal: 'par PayPal',
  revolut_pay: 'avec Revolut Pay',
  samsung_pay: 'avec Samsung Pay',
  satispay: 'avec Satispay',
  scalapay: 'avec Scalapay',
  sepa_debit: 'par prélèvement SEPA',
  sofort: 'par virement bancaire',
  swish: 'avec Swish',
  twint: 'avec TWINT',
  us_bank_account: 'par prélèvement bancaire',
  wechat_pay: 'avec WeChat Pay',
};

/** The amount with its currency's sign: « −1 234,56 € », « 500 JPY ». Decimals are Stripe's. */
export function euros(amount: Cents, currency: Currency): string {
  return `${decimal(amount, currency)}${FIXED}${currencySign(currency)}`;
}

/** The amount alone: « −1 234,56 », for columns whose head names the currency. */
export function decimal(amount: Cents, currency: Currency): string {
  const text = toDecimalText(amount, currency);
  const [whole = '', fraction] = text.replace('-', '').split('.');
  const sign = amount < 0 ? MINUS : '';
  return sign + thousands(whole) + (fraction === undefined ? '' : `,${fraction}`);
}

/** A whole number with its thousands set apart: « 1 240 ». Fractions are cut off. */
export function count(n: number): string {
  return (n < 0 ? MINUS : '') + thousands(String(Math.trunc(Math.abs(n))));
}

/** The word that goes with the number, without the number: French is singular below 2. */
export function plural(n: number, one: string, many: string): string {
  return Math.abs(n) < 2 ? one : many;
}

/** « 22 novembre 2026 », and « 1ᵉʳ décembre 2026 » for the first of a month. */
export function longDate(day: ParisDay): string {
  const [year, month, date] = dateParts(day);
  const ordinal = Number(date) === 1 ? '1\u1D49\u02B3' : String(Number(date));
  return `${ordinal}${FIXED}${MONTHS[Number(month) - 1]} ${year}`;
}

/** « 01/12/2026 ». */
export function shortDate(day: ParisDay): string {
  const [year, month, date] = dateParts(day);
  return `${date}/${month}/${year}`;
}

const PARIS_TIME = new Intl.DateTimeFormat('fr-FR', {
  timeZone: 'Europe/Paris',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});

/** The hour in Paris, to the second: « 14:32:18 ». */
export function parisTime(instant: Date): string {
  return PARIS_TIME.format(instant);
}

/** A length of time in its two largest units: « 850 ms », « 1,9 s », « 4 min 12 s », « 2 j 3 h ». */
export function duration(ms: number): string {
  const whole = Math.max(0, Math.round(ms));
  if (whole < 1000) return `${whole}${FIXED}ms`;
  if (whole < 9_950)
    return `${(whole / 1000).toFixed(1).replace('.', ',').replace(',0', '')}${FIXED}s`;
  const seconds = Math.round(whole / 1000);
  if (seconds < 60) return `${seconds}${FIXED}s`;
  if (seconds < 3600) return twoUnits(seconds, 60, 'min', 's');
  const minutes = Math.round(seconds / 60);
  if (minutes < 1440) return twoUnits(minutes, 60, 'h', 'min');
  return twoUnits(Math.round(minutes / 60), 24, 'j', 'h');
}

/** The rate as printed: « 20 % », « 5,5 % », « 2,1 % ». */
export function percent(rate: VatRate): string {
  return `${String(rate / 100).replace('.', ',')}${FIXED}%`;
}

/**
 * How it was paid, to follow « payé » or « acquittée »: « par carte bancaire ». Null when Stripe
 * charged nothing; a method we have no word for is « en ligne ».
 */
export function paidBy(method: string | null): string | null {
  if (method === null) return null;
  return Object.hasOwn(PAYMENT_METHODS, method) ? (PAYMENT_METHODS[method] ?? null) : 'en ligne';
}

// Refunds go back the way the money came. Methods that are left out go back in ways that differ
// from bank to bank, or that Stripe chooses; of them it is only said that they were refunded.
const REFUNDED_TO: readonly (readonly [where: string, methods: string])[] = [
  ['sur votre carte', 'card card_present apple_pay google_pay samsung_pay'],
  [
    'sur votre compte bancaire',
    'acss_debit au_becs_debit bacs_debit bancontact blik eps giropay ideal p24 pay_by_bank ' +
      'sepa_debit sofort swish twint us_bank_account',
  ],
  ['sur votre compte PayPal', 'paypal'],
  ['sur votre compte Amazon Pay', 'amazon_pay'],
  ['sur votre compte Alipay', 'alipay'],
  ['sur votre compte WeChat Pay', 'wechat_pay'],
  ['sur votre compte Revolut', 'revolut_pay'],
  ['par Klarna', 'klarna'],
  ['par Alma', 'alma'],
  ['par Scalapay', 'scalapay'],
  ['par Billie', 'billie'],
];

/** Where a refund arrives, to follow « remboursé »: « sur votre carte ». Null when it is not sure. */
export function refundedTo(method: string | null): string | null {
  const found = REFUNDED_TO.find(([, methods]) => methods.split(' ').includes(method ?? ''));
  return found?.[0] ?? null;
}

function thousands(digits: string): string {
  return digits.replace(/\B(?=(?:\d{3})+$)/g, NARROW);
}

// Making an Intl formatter costs more than printing an invoice's every amount: one a currency.
const signs = new Map<Currency, string>();

function currencySign(currency: Currency): string {
  const known = signs.get(currency);
  if (known !== undefined) return known;
  const parts = new Intl.NumberFormat('fr-FR', { style: 'currency', currency }).formatToParts(0);
  const sign = parts.find((part) => part.type === 'currency')?.value ?? currency;
  signs.set(currency, sign);
  return sign;
}

function dateParts(day: ParisDay): [string, string, string] {
  return day.split('-') as [string, string, string];
}

function twoUnits(amount: number, per: number, large: string, small: string): string {
  const rest = amount % per;
  const first = `${Math.floor(amount / per)}${FIXED}${large}`;
  return rest === 0 ? first : `${first} ${rest}${FIXED}${small}`;
}
