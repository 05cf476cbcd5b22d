// Tokens by which a partner's programs pull what they missed. Shown once, kept as digests, valid until
// somebody revokes them; the last four characters tell them apart.

import type { Database } from '#adapters/postgres/database.ts';
import { postgresOperatorActions } from '#adapters/postgres/operator-actions.ts';
import type { PartnerSlug } from '#domain/partner.ts';
import { type LetIn, newToken, tokenHash } from './portal-access.ts';

export type PortalToken = {
  readonly id: number;
  readonly label: string;
  readonly lastFour: string;
  readonly madeBy: string;
  readonly createdAt: Date;
  /** To the minute; null: never. */
  readonly usedAt: Date | null;
  readonly revokedAt: Date | null;
};

/** Tells people and secret scanners whose it is. */
const PREFIX = 'ca_pull_';
export const TOKEN_LABEL_CHARACTERS_MAX = 60;
const USED_EVERY_MS = 60_000;

/** The token itself, this once. `not-found`: there is no such partner. */
export async function makePortalToken(
  db: Database,
  of: { readonly slug: PartnerSlug; readonly label: string },
  by: LetIn,
  now: Date,
): Promise<{ readonly id: number; readonly token: string } | 'not-found'> {
  const token = PREFIX + newToken();
  return db.transaction().execute(async (trx) => {
    const partner = trx.selectFrom('partner').select('slug').where('slug', '=', of.slug);
    if (!(await partner.executeTakeFirst())) return 'not-found';
    const { id } = await trx
      .insertInto('portal_token')
      .values({
        token_hash: tokenHash(token),
        partner_slug: of.slug,
        label: of.label,
        last_four: token.slice(-4),
        made_by: by.actor,
        created_at: now,
        used_at: null,
        revoked_at: null,
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    const action = { ...by, at: now, action: 'portal-token-made', subject: `${of.slug}/${id}` };
    await postgresOperatorActions(trx).add(action);
    return { id, token };
  });
}

/** The partner's tokens, newest first, revoked ones too. */
export async function portalTokens(db: Database, slug: PartnerSlug): Promise<PortalToken[]> {
  const rows = await db
    .selectFrom('portal_token')
    .selectAll()
    .where('partner_slug', '=', slug)
    .orderBy('id', 'desc')
    .limit(100)
    .execute();
  return rows.map((row) => ({
    id: row.id,
    label: row.label,
    lastFour: row.last_four,
    madeBy: row.made_by,
    createdAt: row.created_at,
    usedAt: row.used_at,
    revokedAt: row.revoked_at,
  }));
}

/** `not-found` when that partner has no such token that is still valid. */
export async function revokePortalToken(
  db: Database,
  of: { readonly slug: PartnerSlug; readonly id: number },
  by: LetIn,
  now: Date,
): Promise<'revoked' | 'not-found'> {
  return db.transaction().execute(async (trx) => {
    const revoked = await trx
      .updateTable('portal_token')
      .set({ revoked_at: now })
      .where('id', '=', of.id)
      .where('partner_slug', '=', of.slug)
      .where('revoked_at', 'is', null)
      .executeTakeFirst();
    if (revoked.numUpdatedRows !== 1n) return 'not-found';
    const subject = `${of.slug}/${of.id}`;
    await postgresOperatorActions(trx).add({
      ...by,
      at: now,
      action: 'portal-token-revoked',
      subject,
    });
    return 'revoked';
  });
}

/** Whose program it is; null for a token that is none, or none any more. Notes that it was used. */
export async function tokenOwner(
  db: Database,
  token: string,
  now: Date,
): Promise<{ readonly id: number; readonly slug: PartnerSlug } | null> {
  const row = await db
    .selectFrom('portal_token')
    .select(['id', 'partner_slug', 'used_at'])
    .where('token_hash', '=', tokenHash(token))
    .where('revoked_at', 'is', null)
    .executeTakeFirst();
  if (!row) return null;
  if (!row.used_at || now.getTime() - row.used_at.getTime() > USED_EVERY_MS) {
    const used = db.updateTable('portal_token').set({ used_at: now });
    await used.where('id', '=', row.id).execute();
  }
  return { id: row.id, slug: row.partner_slug as PartnerSlug };
}
