// Where Stripe's own dashboard shows a thing, by the beginning of its id. The sandbox's Stripe is ours and
// has no such pages: its ids are shown without a link.

import type { DashboardNeeds } from './needs.ts';

const FOLDERS: Readonly<Record<string, string>> = {
  pi: 'payments',
  ch: 'payments',
  py: 'payments',
  cs: 'checkout/sessions',
  in: 'invoices',
  evt: 'events',
  cus: 'customers',
  prod: 'products',
  sub: 'subscriptions',
  du: 'disputes',
  dp: 'disputes',
};

export type StripeLink = { readonly id: string; readonly href: string | null };

/** The id with its page at Stripe; null where there is none to open. */
export function stripeLink(id: string, environment: DashboardNeeds['environment']): StripeLink {
  const folder = /^([a-z]+)_\w+$/.exec(id)?.[1] ?? '';
  if (environment === 'sandbox' || !Object.hasOwn(FOLDERS, folder)) return { id, href: null };
  const mode = environment === 'production' ? '' : 'test/';
  return { id, href: `https://dashboard.stripe.com/${mode}${FOLDERS[folder]}/${id}` };
}
