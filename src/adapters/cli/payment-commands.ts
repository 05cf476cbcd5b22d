// `payments list`: every payment with its state, and for those that wait, why and what to do.

import { listPayments, type PaymentListing } from '#adapters/postgres/book-lists.ts';
import { explainQuarantine } from '#adapters/quarantine-words.ts';
import { PAYMENT_WORDS } from '#adapters/state-words.ts';
import { systemClock } from '#adapters/system-clock.ts';
import type { PaymentState } from '#application/ports.ts';
import { withBooks } from './books.ts';
import type { Answer, Cli } from './cli.ts';
import { fr, moment, wrapped } from './layout.ts';

export async function paymentsList(
  cli: Cli,
  options: { readonly state?: PaymentState; readonly limit: number },
): Promise<Answer> {
  const { config } = cli.configure();
  return withBooks(config, async (db) => {
    const payments = await listPayments(db, options);
    const json = {
      payments: payments.map((payment) => ({
        ...payment,
        explanation: payment.state === 'quarantined' ? explained(payment) : null,
      })),
    };
    if (payments.length > 0) return { json, text: payments.map(entry).join('\n') };
    const text =
      options.state === 'quarantined'
        ? fr`Rien en quarantaine. Ce que le programme refuse de deviner apparaîtra ici.`
        : 'Aucun paiement.';
    return { json, text };
  });
}

function entry(payment: PaymentListing): string {
  const { key, state, orderIds } = payment;
  const when = moment(payment.updatedAt, systemClock.now());
  const head = [PAYMENT_WORDS[state], when, key].join(' · ');
  const orders = orderIds.map((id) => fr`n° ${id}`).join(', ');
  switch (state) {
    case 'recorded':
      // Money that went back has no orders of its own.
      if (orderIds.length === 0) return `${head} · avoir émis`;
      return `${head} · ${orderIds.length > 1 ? 'commandes' : 'commande'} ${orders}`;
    case 'dismissed': {
      const why = fr`Par ${payment.dismissedBy} : ${payment.dismissedWhy}`;
      return payment.dismissedBy === null ? head : `${head}\n${wrapped(why, '    ')}`;
    }
    case 'waiting':
      return `${head}\n${wrapped(waitingSentence(payment.reason), '    ')}`;
    case 'quarantined': {
      const { sentence, detail, action } = explained(payment);
      const seen = detail === null ? sentence : `${sentence} (${detail})`;
      return [head, wrapped(seen, '    '), wrapped(`→ ${action}`, '    ')].join('\n');
    }
    default:
      return state satisfies never;
  }
}

function explained({ reason, detail }: PaymentListing) {
  return explainQuarantine(reason, detail);
}

function waitingSentence(reason: string | null): string {
  switch (reason) {
    case 'awaiting-payment':
      return fr`La banque n’a pas encore confirmé ; un prélèvement prend quelques jours ouvrés.`;
    case 'payment-failed':
      return fr`La banque a refusé le paiement : ni commande ni facture, rien à faire.`;
    default:
      return 'Stripe n’a pas encore tout dit de ce paiement ; il sera relu de lui-même.';
  }
}
