// What went back of a purchase, as steps of its story: one for each credit note that is there, and one
// for each that a scenario says will come. The number, the PDF and the mail are one step: nobody but
// the customer is told.

import { euros, NARROW } from '#adapters/french.ts';
import type { JourneyCreditNote } from '#adapters/postgres/payment-journey.ts';
import { cents, currency } from '#domain/money.ts';
import { creditNotesOf, type PurchaseFacts } from './purchase-facts.ts';
import type { Since, Step } from './purchase-story.ts';
import type { Purchase } from './purchases.ts';

const NOTHING = {
  ...{ badge: null, text: null, link: null, command: null },
  ...{ beganMs: null, doneMs: null },
} as const;
const STUCK = { word: 'E-mail non envoyé', family: 'bad' } as const;

/** In the order of their numbers; none for a purchase of which nothing goes back. */
export function creditNoteSteps(
  { expected }: Purchase,
  facts: PurchaseFacts,
  since: Since,
): readonly Step[] {
  const found = creditNotesOf(facts.journey);
  const count = Math.max(found.length, expected?.creditNotes ?? 0);
  return Array.from({ length: count }, (_, index): Step => {
    const step = { ...NOTHING, name: `credit-note-${index + 1}` } as const;
    const note = found[index];
    if (note) return { ...step, ...creditNoteStep(note, facts, since) };
    const text = 'Il viendra avec l’argent rendu.';
    return { ...step, title: 'Avoir', state: facts.journey ? 'doing' : 'todo', text };
  });
}

function creditNoteStep(
  note: JourneyCreditNote,
  { journey, creditNoteHrefs }: PurchaseFacts,
  since: Since,
): Pick<Step, 'state' | 'title' | 'text' | 'link' | 'beganMs'> & Partial<Step> {
  const order = journey?.orders.find(({ creditNotes }) => creditNotes.includes(note));
  const amount = euros(cents(note.gross), currency(order?.currency ?? 'EUR'));
  const href = creditNoteHrefs[note.number];
  const link = href === undefined ? null : { href, label: 'Ouvrir le PDF' };
  const step = { title: `Avoir ${note.number}`, link, beganMs: since(note.recordedAt) };
  const mail = note.notifications[0];
  switch (mail?.state) {
    case 'completed': {
      const text = `${amount} en moins sur la facture${NARROW}; le client l’a par e-mail.`;
      return { ...step, state: 'done', text, doneMs: since(mail.completedAt) };
    }
    case 'failed':
    case 'exhausted':
    case 'quarantined': {
      const command = `npx comptappart notifications retry ${mail.id}`;
      const text = mail.attempts.at(-1)?.detail ?? null;
      return { ...step, state: 'trouble', badge: STUCK, text, command };
    }
    default: {
      const text = link === null ? `${amount}. Numéro attribué, PDF en préparation.` : `${amount}.`;
      return { ...step, state: 'doing', text };
    }
  }
}
