// How a partner's people get in: a link that an operator makes and that opens one session, and the
// session. The tables keep digests only. Everything that the portal shows is asked for with the slug
// that stands in the session's row, never with one that came with the request.

import { createHash, randomBytes } from 'node:crypto';
import type { Database } from '#adapters/postgres/database.ts';
import { postgresOperatorActions } from '#adapters/postgres/operator-actions.ts';
import type { PartnerSlug } from '#domain/partner.ts';

export const LINK_LIFE_MS = 24 * 3_600_000;
export const PORTAL_SESSION_MS = 7 * 24 * 3_600_000;

/** Who let the partner in, and why; kept with the operators' actions. */
export type LetIn = { readonly actor: string; readonly why: string | null };

/** The partner that looks, as of now. */
export type PortalGuest = {
  readonly slug: PartnerSlug;
  readonly name: string;
  readonly csrfToken: string;
  readonly endsAt: Date;
};

/** A link's token, for its address; it is stored nowhere. `not-found`: there is no such partner. */
export async function makePortalLink(
  db: Database,
  slug: PartnerSlug,
  by: LetIn,
  now: Date,
): Promise<{ readonly token: string; readonly expiresAt: Date } | 'not-found'> {
  const token = newToken();
  const expiresAt = new Date(now.getTime() + LINK_LIFE_MS);
  return db.transaction().execute(async (trx) => {
    const partner = trx.selectFrom('partner').select('slug').where('slug', '=', slug);
    if (!(await partner.executeTakeFirst())) return 'not-found';
    await trx
      .insertInto('portal_link')
      .values({
        token_hash: tokenHash(token),
        partner_slug: slug,
        made_by: by.actor,
        created_at: now,
        expires_at: expiresAt,
        spent_at: null,
      })
      .execute();
    const action = { ...by, at: now, action: 'portal-link-made', subject: slug };
    await postgresOperatorActions(trx).add(action);
    return { token, expiresAt };
  });
}

/** Whether the link would still open; looking spends nothing. */
export async function isLinkOpen(db: Database, token: string, now: Date): Promise<boolean> {
  const row = await db
    .selectFrom('portal_link')
    .select('partner_slug')
    .where('token_hash', '=', tokenHash(token))
    .where('spent_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirst();
  return row !== undefined;
}

/** Spends the link; of two at once one gets the session's token, the other null. */
export async function spendLink(db: Database, token: string, now: Date): Promise<string | null> {
  return db.transaction().execute(async (trx) => {
    const spent = await trx
      .updateTable('portal_link')
      .set({ spent_at: now })
      .where('token_hash', '=', tokenHash(token))
      .where('spent_at', 'is', null)
      .where('expires_at', '>', now)
      .returning('partner_slug')
      .executeTakeFirst();
    if (!spent) return null;
    const session = newToken();
    await trx
      .insertInto('portal_session')
      .values({
        token_hash: tokenHash(session),
        partner_slug: spent.partner_slug,
        csrf_token: newToken(),
        created_at: now,
        expires_at: new Date(now.getTime() + PORTAL_SESSION_MS),
      })
      .execute();
    return session;
  });
}

/** Whose session it is; null when it is nobody's any more. */
export async function portalGuest(
  db: Database,
  token: string,
  now: Date,
): Promise<PortalGuest | null> {
  const row = await db
    .selectFrom('portal_session as s')
    .innerJoin('partner as p', 'p.slug', 's.partner_slug')
    .select(['p.slug', 'p.name', 's.csrf_token', 's.expires_at'])
    .where('s.token_hash', '=', tokenHash(token))
    .where('s.expires_at', '>', now)
    .executeTakeFirst();
  if (!row) return null;
  return {
    slug: row.slug as PartnerSlug,
    name: row.name,
    csrfToken: row.csrf_token,
    endsAt: row.expires_at,
  };
}

export async function closePortalSession(db: Database, token: string): Promise<void> {
  await db.deleteFrom('portal_session').where('token_hash', '=', tokenHash(token)).execute();
}

/** Ends all sessions of the partner and the links that are still open. Returns how many of both. */
export async function closePortal(
  db: Database,
  slug: PartnerSlug,
  by: LetIn,
  now: Date,
): Promise<number> {
  return db.transaction().execute(async (trx) => {
    const sessions = await trx
      .deleteFrom('portal_session')
      .where('partner_slug', '=', slug)
      .executeTakeFirst();
    const links = await trx
      .updateTable('portal_link')
      .set({ spent_at: now })
      .where('partner_slug', '=', slug)
      .where('spent_at', 'is', null)
      .executeTakeFirst();
    const action = { ...by, at: now, action: 'portal-closed', subject: slug };
    await postgresOperatorActions(trx).add(action);
    return Number(sessions.numDeletedRows + links.numUpdatedRows);
  });
}

/** 256 random bits that fit into an address and a header. */
export function newToken(): string {
  return randomBytes(32).toString('base64url');
}

export function tokenHash(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
