// Small forms of words that several of the sandbox's pages share: instants, sizes, how the demo
// partner is told to behave.

import { duration, euros, FIXED, NARROW, parisTime, shortDate } from '#adapters/french.ts';
import { parisDay } from '#domain/invoice-number.ts';
import { cents, currency } from '#domain/money.ts';
import type { SandboxProduct } from './catalogue.ts';
import type { Behaviour } from './demo-partner.ts';

export type InstantView = { readonly iso: string; readonly text: string };

/** « 22/11/2026 14:32:18 », Paris; the page names the zone once. */
export function instantView(at: Date): InstantView {
  return { iso: at.toISOString(), text: `${shortDate(parisDay(at))} ${parisTime(at)}` };
}

/** « 812 octets », « 61 ko ». */
export function fileSize(bytes: number): string {
  return bytes < 1000 ? `${bytes}${FIXED}octets` : `${Math.round(bytes / 1000)}${FIXED}ko`;
}

/** « 99,99 € ». The currency as Stripe writes it. */
export function price(amountCents: number, of: string): string {
  return euros(cents(amountCents), currency(of));
}

/** « 29,00 € par mois ». */
export function productPrice({ unitAmountCents, currency: of, interval }: SandboxProduct): string {
  const period = interval && { month: ' par mois', year: ' par an' }[interval];
  return price(unitAmountCents, of) + (period ?? '');
}

/** Under ten seconds to the hundredth, since that is what the newcomer looks at: « 1,42 s ». */
export function elapsed(ms: number): string {
  if (ms < 1000 || ms >= 10_000) return duration(ms);
  return `${(ms / 1000).toFixed(2).replace('.', ',')}${FIXED}s`;
}

export const BEHAVIOUR_WORDS: { readonly [B in Behaviour]: { label: string; effect: string } } = {
  accept: { label: 'Accepter (200)', effect: 'Le partenaire accepte les commandes.' },
  refuse: {
    label: 'Refuser (422)',
    effect: 'Le partenaire refuse les commandes (422). Un refus n’est jamais retenté de lui-même.',
  },
  fail: {
    label: 'Être en panne (503)',
    effect:
      'Le partenaire est en panne (503). Il y aura deux autres essais, après 5 et 30 minutes.',
  },
  hang: {
    label: 'Ne pas répondre',
    effect: `Le partenaire ne répond pas. Après 10${FIXED}s, c’est compté comme une panne.`,
  },
  redirect: {
    label: 'Rediriger (302)',
    effect: `Le partenaire redirige (302). Ce n’est jamais suivi${NARROW}; c’est un refus.`,
  },
};
