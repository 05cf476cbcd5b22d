// Euros for what was sold in another currency: the accounts are kept in euros. Rates are given, never
// guessed: units of the currency for one euro, as the European Central Bank publishes them, each for
// its day. It publishes none at weekends and feasts, so the last rate of the week before holds then.

import { apportion } from './allocation.ts';
import type { ParisDay } from './invoice-number.ts';
import { type Cents, type Currency, cents, minorUnitDecimals, roundHalfUp } from './money.ts';

/** How many units of the currency one euro is, as an exact fraction. */
export type UnitsPerEuro = { readonly numerator: bigint; readonly denominator: bigint };

export type ExchangeRates = {
  /** The day's rate, else the last one of the seven days before; null when there is none. */
  on(currency: Currency, day: ParisDay): UnitsPerEuro | null;
};

export const EURO = 'EUR' as Currency;
const PAR: UnitsPerEuro = { numerator: 1n, denominator: 1n };
const DAYS_BACK = 7;

/**
 * Rates from lines `USD;2026-11-20;1,0843`; blank lines and lines from `#` are skipped. Returns the
 * first line that is wrong, counted from 1, instead.
 */
export function parseRates(text: string): ExchangeRates | { readonly faultyLine: number } {
  const rates = new Map<string, UnitsPerEuro>();
  for (const [at, line] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    if (/^\s*(#|$)/.test(line)) continue;
    const match = /^\s*([A-Z]{3})\s*;\s*(\d{4}-\d\d-\d\d)\s*;\s*(\d+)(?:[.,](\d+))?\s*$/.exec(line);
    const [, currency, day, whole = '', decimals = ''] = match ?? [];
    const rate = {
      numerator: BigInt(whole + decimals),
      denominator: 10n ** BigInt(decimals.length),
    };
    if (!match || rate.numerator === 0n || !isDay(day ?? '')) return { faultyLine: at + 1 };
    rates.set(`${currency} ${day}`, rate);
  }
  return {
    on(currency, day) {
      if (currency === EURO) return PAR;
      for (let back = 0; back <= DAYS_BACK; back++) {
        const found = rates.get(`${currency} ${daysBefore(day, back)}`);
        if (found) return found;
      }
      return null;
    },
  };
}

/**
 * The parts in euro cents, adding up to the whole in euro cents (rounded half-up) to the cent. The
 * parts given add up to the whole in the currency's minor unit.
 */
export function inEuros(
  parts: readonly Cents[],
  currency: Currency,
  { numerator, denominator }: UnitsPerEuro,
): Cents[] {
  if (currency === EURO) return [...parts];
  const scale = 100n * denominator;
  const divisor = 10n ** BigInt(minorUnitDecimals(currency)) * numerator;
  const numerators = parts.map((part) => BigInt(part) * scale);
  const whole = numerators.reduce((a, b) => a + b, 0n);
  const total = cents(Number(roundHalfUp(whole, divisor)));
  return apportion(total, { numerators, denominator: divisor });
}

function isDay(day: string): boolean {
  const at = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(day);
}

function daysBefore(day: ParisDay, days: number): string {
  const at = new Date(`${day}T00:00:00Z`);
  at.setUTCDate(at.getUTCDate() - days);
  return at.toISOString().slice(0, 10);
}
