// Which account of the French chart each part of a sale goes to. The defaults are the usual ones of a
// company that sells services and is paid through Stripe; an accountant who has others gives them as
// JSON, in part or in whole.

import type { VatTreatment } from './vat.ts';

export type Account = { readonly number: string; readonly label: string };
export type Journal = { readonly code: string; readonly label: string };

export type AccountPlan = {
  readonly salesJournal: Journal;
  readonly moneyJournal: Journal;
  readonly customer: Account;
  /** Where Stripe holds the money until it pays it out. */
  readonly money: Account;
  readonly sales: Readonly<Record<VatTreatment, Account>>;
  /** By rate in basis points: `2000` is 20 %. */
  readonly vat: Readonly<Record<string, Account>>;
  /** For every other rate. */
  readonly otherVat: Account;
};

export const DEFAULT_PLAN: AccountPlan = {
  salesJournal: { code: 'VE', label: 'Ventes' },
  moneyJournal: { code: 'ST', label: 'Encaissements Stripe' },
  customer: { number: '411000', label: 'Clients' },
  money: { number: '517000', label: 'Stripe' },
  sales: {
    standard: { number: '706000', label: 'Prestations de services' },
    'reverse-charge': { number: '706100', label: 'Prestations de services, autoliquidation' },
    exempt: { number: '706200', label: 'Prestations de services exonérées' },
  },
  vat: {
    '2000': { number: '445711', label: 'TVA collectée 20 %' },
    '1000': { number: '445712', label: 'TVA collectée 10 %' },
    '550': { number: '445713', label: 'TVA collectée 5,5 %' },
    '210': { number: '445714', label: 'TVA collectée 2,1 %' },
  },
  otherVat: { number: '445710', label: 'TVA collectée, autres taux' },
};

/** The plan with what the JSON changes, or the path of the first value that cannot be. */
export function parsePlan(data: unknown): AccountPlan | { readonly faultyPath: string } {
  const merged = merge(DEFAULT_PLAN, data, '');
  return 'faultyPath' in merged ? merged : (merged.value as AccountPlan);
}

type Merged = { readonly value: unknown } | { readonly faultyPath: string };

const RULES: Readonly<Record<string, RegExp>> = {
  number: /^[1-7][0-9A-Z]{2,19}$/,
  code: /^[0-9A-Z]{1,10}$/,
  label: /^[^\p{Cc}]{1,80}$/u,
};

function merge(base: unknown, change: unknown, path: string): Merged {
  if (change === undefined) return { value: base };
  const leaf = path.split('.').at(-1) ?? '';
  if (typeof base === 'string') {
    const fits = typeof change === 'string' && (RULES[leaf] ?? /./).test(change);
    return fits ? { value: change } : { faultyPath: path };
  }
  if (typeof change !== 'object' || change === null || Array.isArray(change)) {
    return { faultyPath: path || 'JSON' };
  }
  const value: Record<string, unknown> = { ...(base as object) };
  for (const [key, given] of Object.entries(change)) {
    const below = path === '' ? key : `${path}.${key}`;
    // A VAT rate of the accountant's own; everything else is known.
    const isRate = path === 'vat' && /^\d{1,5}$/.test(key);
    if (!Object.hasOwn(value, key) && !isRate) return { faultyPath: below };
    const merged = merge(value[key] ?? DEFAULT_PLAN.otherVat, given, below);
    if ('faultyPath' in merged) return merged;
    value[key] = merged.value;
  }
  return { value };
}
