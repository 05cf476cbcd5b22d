// What people read about a finding of the audit: one French sentence a kind, as data, so that the
// command line, the dashboard and alerts say the same, and a new kind does not compile without one.

import type { Finding, FindingKind } from '#application/audited-books.ts';

type Words = (it: { subject: string; field: string; expected: string; found: string }) => string;

const WORDS: Readonly<Record<FindingKind, Words>> = {
  gap: ({ expected, found }) => `Il manque ${expected} : après lui vient ${found}.`,
  counter: ({ subject, field, expected, found }) =>
    field === ''
      ? `La série ${subject} n’a plus son compteur ; ses documents vont jusqu’à ${expected}.`
      : `Le compteur de ${subject} (${field}) dit ${expected}, le dernier document dit ${found}.`,
  'date-backwards': ({ subject, expected, found }) =>
    `${subject} est daté du ${found}, avant le précédent (${expected}).`,
  'chain-broken': ({ subject, expected, found }) =>
    `${subject} est chaîné à ${short(found)} au lieu de ${short(expected)} : ` +
    'le document d’avant a été changé, retiré ou ajouté.',
  'content-changed': ({ subject }) =>
    `Le contenu de ${subject} n’est plus celui dont l’empreinte a été prise à l’émission.`,
  'content-unreadable': ({ subject }) => `Le contenu de ${subject} n’est plus un document lisible.`,
  'column-differs': ({ subject, field, expected, found }) =>
    `${subject} : la colonne ${field} dit ${found}, le document dit ${expected}.`,
  'totals-wrong': ({ subject, field, expected, found }) =>
    `${subject} : les montants (${field}) font ${expected}, le document dit ${found}.`,
  'order-differs': ({ subject, field, expected, found }) =>
    field === 'id'
      ? `${subject} : la commande ${expected} n’existe plus.`
      : `${subject} : la commande (${field}) dit ${found}, le document dit ${expected}.`,
  'line-differs': ({ subject, field, expected, found }) =>
    `${subject} : la commande (${field}) dit ${found}, le document dit ${expected}.`,
  'credit-note-differs': ({ subject, field, expected, found }) =>
    `${subject} : l’avoir enregistré (${field}) dit ${found}, le document dit ${expected}.`,
  'pdf-record-changed': ({ subject }) =>
    `L’enregistrement du PDF de ${subject} n’est plus celui qui a été scellé à son dépôt.`,
  'printing-differs': ({ subject, field, expected, found }) =>
    field === 'released'
      ? `${subject} : ses envois sont ${found === 'true' ? 'permis' : 'retenus'}, ` +
        `mais son PDF ${found === 'true' ? 'n’est pas déposé' : 'est déposé'}.`
      : `${subject} : son impression est « ${found} », son PDF dit « ${expected} ».`,
  'file-missing': ({ subject, field }) => `Le PDF de ${subject} est introuvable (${field}).`,
  'file-changed': ({ subject, field, expected, found }) =>
    field === 'size_bytes'
      ? `Le PDF de ${subject} fait ${found} octets au lieu de ${expected}.`
      : `Le PDF de ${subject} a changé : empreinte ${short(found)} au lieu de ${short(expected)}.`,
  'head-changed': ({ subject, expected, found }) =>
    found === '—'
      ? `${subject}, vu par un audit précédent, n’existe plus.`
      : `${subject} avait l’empreinte ${short(expected)} lors d’un audit précédent, ` +
        `et ${short(found)} aujourd’hui.`,
  'payment-without-order': ({ subject }) =>
    `Le paiement ${subject} est enregistré, mais n’a plus de commande.`,
  'order-without-payment': ({ subject, found }) =>
    `La commande ${subject} tient à un paiement qui est « ${found} ».`,
  'order-without-invoice': ({ subject }) => `La commande ${subject} n’a pas de facture.`,
  'credit-note-without-document': ({ subject }) =>
    `L’avoir enregistré sous ${subject} n’a pas de document.`,
  'credited-too-much': ({ subject, expected, found }) =>
    `Les avoirs sur ${subject} font ${found} ; la limite est ${expected}.`,
  'record-without-document': ({ subject }) =>
    `Un PDF ou une impression est enregistré pour ${subject}, qui n’existe pas.`,
};

/** One sentence, without no-break spaces: what it is shown on sets them. */
export function findingSentence({ kind, subject, field, expected, found }: Finding): string {
  return WORDS[kind]({
    subject,
    field: field ?? '',
    expected: expected ?? '—',
    found: found ?? '—',
  });
}

/** Enough of a hash to tell it from another. */
function short(hash: string): string {
  return /^[0-9a-f]{64}$/.test(hash) ? `${hash.slice(0, 12)}…` : hash;
}
