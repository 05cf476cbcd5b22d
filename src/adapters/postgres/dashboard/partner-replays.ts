// Replays as the pages list them: the newest of all, of one partner, and those that are not over.

import type { Database } from '#adapters/postgres/database.ts';
import type { ReplayListing } from '#adapters/postgres/replays.ts';
import { replayListingOf } from '#adapters/postgres/replays.ts';
import type { PartnerSlug } from '#domain/partner.ts';

export type WhichReplays = {
  readonly partner?: PartnerSlug;
  /** Running or paused. */
  readonly areOpen?: boolean;
  /** Those older than this one. */
  readonly before?: number;
};

/** Newest first. */
export async function replayPage(
  db: Database,
  { partner, areOpen = false, before }: WhichReplays,
  limit: number,
): Promise<readonly ReplayListing[]> {
  let query = db.selectFrom('replay').selectAll().orderBy('id', 'desc').limit(limit);
  if (partner !== undefined) query = query.where('partner_slug', '=', partner);
  if (areOpen) query = query.where('state', 'in', ['running', 'paused']);
  if (before !== undefined) query = query.where('id', '<', before);
  return (await query.execute()).map(replayListingOf);
}
