// What the pages of sign-in and accounts say: refusals at the door, roles, faults of a password. One text
// for a wrong address and a wrong password.

import { FIXED, NARROW, parisTime } from '#adapters/french.ts';
import { shownDistance } from '#adapters/pages/shown-time.ts';
import { PASSWORD_CHARACTERS_MAX, PASSWORD_CHARACTERS_MIN } from '#adapters/password.ts';
import type { Role } from '#adapters/postgres/dashboard/account-sessions.ts';
import { PAUSE_MS } from '#adapters/postgres/dashboard/sign-in-failures.ts';
import type { Refusal } from './sign-in.ts';

export const ROLE_WORDS: Readonly<Record<Role, { readonly word: string; readonly may: string }>> = {
  reader: { word: 'Lecture', may: 'regarde tout, ne change rien' },
  operator: { word: 'Exploitation', may: 'relance, écarte, rejoue' },
  admin: { word: 'Administration', may: 'gère aussi les comptes et les secrets des partenaires' },
};

const PAUSE_WORDS = `pause de ${PAUSE_MS / 60_000}${FIXED}minutes`;
const NUMBERS = ['zéro', 'un', 'deux', 'trois', 'quatre'];

/** `what`: « Adresse e-mail ou mot de passe incorrect », without its point. */
export function refusalText(refusal: Refusal, what: string, now: Date): string {
  switch (refusal.kind) {
    case 'busy':
      return 'Trop de connexions à la fois. Réessayez dans quelques secondes.';
    case 'paused':
      return `Trop d’essais. Réessayez à ${whenText(refusal.until, now)}.`;
    case 'wrong': {
      const { left } = refusal;
      if (left === 0) {
        const until = new Date(now.getTime() + PAUSE_MS);
        return `${what}. C’était le dernier essai${FIXED}: ${PAUSE_WORDS}, jusqu’à ${hour(until)}.`;
      }
      const tries = `${NUMBERS[left] ?? left} ${left === 1 ? 'essai' : 'essais'}`;
      return `${what}. Encore ${tries} avant une ${PAUSE_WORDS}.`;
    }
  }
}

export function refusalStatus({ kind }: Refusal): number {
  return { wrong: 422, paused: 429, busy: 503 }[kind];
}

/** What is wrong with a password somebody wants; null when nothing is. */
export function passwordFault(password: string, email: string): string | null {
  const length = [...password].length;
  if (length < PASSWORD_CHARACTERS_MIN) {
    return `Il faut au moins ${PASSWORD_CHARACTERS_MIN} caractères${FIXED}; celui-ci en a ${length}.`;
  }
  if (length > PASSWORD_CHARACTERS_MAX) {
    return `${PASSWORD_CHARACTERS_MAX} caractères au plus.`;
  }
  const low = password.toLowerCase();
  const isObvious = new Set(low).size < 5 || low === email;
  return isObvious ? `Il se devine trop vite${NARROW}: choisissez-en un autre.` : null;
}

function whenText(at: Date, now: Date): string {
  return `${hour(at)}, ${shownDistance(at, now)}`;
}

function hour(at: Date): string {
  return parisTime(at).slice(0, 5);
}
