// What is sold in the hundred cases: products of two partners, one of nobody, subscriptions, and odd
// currencies. Made for these tests alone, so that the sandbox's shop may change.

import type { SandboxProduct } from '#adapters/sandbox/catalogue.ts';

const product = (id: string, own: Partial<SandboxProduct> = {}): SandboxProduct => ({
  id,
  name: `Prestation ${id.slice(5)}`,
  description: null,
  unitAmountCents: 99_99,
  currency: 'eur',
  interval: null,
  partner: 'fiscalia',
  ...own,
});

export const PRODUCTS: readonly SandboxProduct[] = [
  product('prod_bilan', { name: 'Bilan annuel' }),
  product('prod_acte', { name: 'Acte notarié', unitAmountCents: 50_00, partner: 'notaria' }),
  product('prod_sans', { name: 'Sans partenaire', partner: null }),
  product('prod_mois', { name: 'Suivi mensuel', unitAmountCents: 29_00, interval: 'month' }),
  product('prod_plus', { name: 'Suivi renforcé', unitAmountCents: 49_00, interval: 'month' }),
  product('prod_veille', {
    ...{ name: 'Veille juridique', unitAmountCents: 12_00, interval: 'month', partner: 'notaria' },
  }),
  product('prod_libre', { name: 'Prix libre', unitAmountCents: 10_00, priceIsFree: true }),
  product('prod_jpy', { unitAmountCents: 500, currency: 'jpy' }),
  product('prod_kwd', { unitAmountCents: 1000, currency: 'kwd' }),
  product('prod_isk', { unitAmountCents: 500, currency: 'isk' }),
  product('prod_usd', { unitAmountCents: 100_00, currency: 'usd' }),
];

/** One of each, of this product. */
export const of = (...ids: readonly string[]) => ({
  items: ids.map((productId) => ({ productId, quantity: 1 })),
});
export const BILAN = of('prod_bilan');
export const MONTHLY = { ...of('prod_mois'), mode: 'subscription' } as const;
