// Every column that holds something sealed, in one list, so that no box is forgotten when the key is
// replaced. Boxes are sealed anew one statement at a time, each only if it is still the one that was
// read: a run that is cut short goes on where it was, and what a person changed meanwhile stays.

import { sql } from 'kysely';
import type { SecretBox } from '#adapters/secret-box.ts';
import type { Database } from './database.ts';

type SealedColumn = {
  readonly table: 'partner' | 'account';
  readonly row: 'slug' | 'email';
  readonly column: 'api_key' | 'signing_secret' | 'previous_signing_secret' | 'totp_secret';
  readonly placeOf: (row: string) => string;
};

/** Both of a partner's signing secrets share a place: one becomes the other by being moved. */
const SEALED: readonly SealedColumn[] = [
  { table: 'partner', row: 'slug', column: 'api_key', placeOf: apiKeyPlace },
  { table: 'partner', row: 'slug', column: 'signing_secret', placeOf: signingSecretPlace },
  { table: 'partner', row: 'slug', column: 'previous_signing_secret', placeOf: signingSecretPlace },
  { table: 'account', row: 'email', column: 'totp_secret', placeOf: totpPlace },
];

export function apiKeyPlace(slug: string): string {
  return `partner/${slug}/api_key`;
}

export function signingSecretPlace(slug: string): string {
  return `partner/${slug}/signing_secret`;
}

export function totpPlace(email: string): string {
  return `account/${email}/totp_secret`;
}

export type SealedSecrets = {
  readonly total: number;
  /** Number of boxes by the id of the key that opens them. */
  readonly byKey: ReadonlyMap<string, number>;
  /** Places of boxes that no key of ours opens. */
  readonly lost: readonly string[];
};

type Found = { readonly of: SealedColumn; readonly row: string; readonly sealed: Buffer };

/** What is sealed, and with which keys. Changes nothing. */
export async function sealedSecrets(db: Database, box: SecretBox): Promise<SealedSecrets> {
  const found = await allSealed(db);
  const byKey = new Map<string, number>();
  const lost: string[] = [];
  for (const { of, row, sealed } of found) {
    const place = of.placeOf(row);
    const key = box.keyOf(sealed, place);
    if (key === null) lost.push(place);
    else byKey.set(key, (byKey.get(key) ?? 0) + 1);
  }
  return { total: found.length, byKey, lost };
}

/**
 * Seals everything with the box's current key that is not yet. Returns how many were sealed anew;
 * those that no key opens stay as they are. May be repeated at any time.
 */
export async function resealAll(
  db: Database,
  box: SecretBox,
  onSealed: (done: number, of: number) => void,
): Promise<number> {
  const found = await allSealed(db);
  let resealed = 0;
  for (const [index, { of, row, sealed }] of found.entries()) {
    const place = of.placeOf(row);
    if (needsSealing(box, sealed, place)) {
      const fresh = box.seal(box.open(sealed, place), place);
      const { numAffectedRows } = await sql`
        update ${sql.table(of.table)} set ${sql.ref(of.column)} = ${fresh}
        where ${sql.ref(of.row)} = ${row} and ${sql.ref(of.column)} = ${sealed}`.execute(db);
      resealed += Number(numAffectedRows ?? 0n);
    }
    onSealed(index + 1, found.length);
  }
  return resealed;
}

// One that opens with the current key but does not name it is sealed anew, too.
function needsSealing(box: SecretBox, sealed: Buffer, place: string): boolean {
  const key = box.keyOf(sealed, place);
  return key !== null && (key !== box.currentKey || sealed[0] === 1);
}

async function allSealed(db: Database): Promise<Found[]> {
  const found: Found[] = [];
  for (const of of SEALED) {
    const { rows } = await sql<{ row: string; sealed: Buffer }>`
      select ${sql.ref(of.row)} as row, ${sql.ref(of.column)} as sealed
      from ${sql.table(of.table)} where ${sql.ref(of.column)} is not null
      order by 1`.execute(db);
    found.push(...rows.map((it) => ({ of, ...it })));
  }
  return found;
}
