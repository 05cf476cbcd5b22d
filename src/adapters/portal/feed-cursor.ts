// A place in a partner's feed as text that nobody needs to understand. It holds no secret and no partner:
// whoever changes it moves about in their own notifications.

import type { FeedPlace } from '#adapters/postgres/portal/pull-feed.ts';

const VERSION = '1';
const AT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;
const ID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;

/** The cursor that goes on after the place; null: from the beginning. */
export function cursorText(place: FeedPlace | null): string {
  const text = place ? `${VERSION} ${place.at} ${place.id}` : VERSION;
  return Buffer.from(text).toString('base64url');
}

/** The place; null: the beginning; undefined: this is no cursor of ours. */
export function placeOf(cursor: string): FeedPlace | null | undefined {
  if (!/^[\w-]{1,200}$/.test(cursor)) return undefined;
  const [version, at, id, ...more] = Buffer.from(cursor, 'base64url').toString('utf8').split(' ');
  if (version !== VERSION || more.length > 0) return undefined;
  if (at === undefined) return null;
  const isInstant = AT.test(at) && !Number.isNaN(Date.parse(at));
  return isInstant && id !== undefined && ID.test(id) ? { at, id } : undefined;
}
