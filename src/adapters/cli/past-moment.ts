// How a person names a moment on the command line: a date, an instant, or how long ago.

import { misuse } from './faults.ts';
import { fr } from './layout.ts';

const UNITS_MS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/**
 * An ISO date or instant, or how long before `now`: `90m`, `24h`, `7d`. Throws a misuse naming the
 * option when it is none of them or not in the past.
 */
export function pastMoment(option: string, text: string, now: Date): Date {
  const ago = /^(\d{1,4})([mhd])$/.exec(text);
  const at = ago
    ? new Date(now.getTime() - Number(ago[1]) * UNITS_MS[ago[2] as keyof typeof UNITS_MS])
    : new Date(text);
  if (Number.isNaN(at.getTime()) || at >= now) {
    throw misuse(fr`${option} : une date passée (2026-11-20), ou une durée (90m, 24h, 7d).`);
  }
  return at;
}
