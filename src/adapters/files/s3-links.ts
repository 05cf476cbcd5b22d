// Links that open one private file of S3 for a time. Two limits are not ours: S3 takes no link that
// lives longer than seven days, and a link dies with the keys that signed it, which for a role is
// within hours, whatever date stands in it. Both are said, once, to whoever reads the log.

import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type { Clock, Notes } from '#application/ports.ts';
import type { S3 } from './s3-client.ts';
import type { S3Address } from './s3-url.ts';

const LIFE_MAX_S = 7 * 24 * 60 * 60;

export type S3Links = {
  readonly address: S3Address;
  readonly clock: Clock;
  readonly notes: Notes;
};

/**
 * Signs links for keys without the prefix, until `expiresAt` to the second, seven days at most.
 * Throws when that is not in the future.
 */
export function s3Links({
  address,
  clock,
  notes,
}: S3Links): (s3: S3, key: string, expiresAt: Date) => Promise<string> {
  const said = new Set<string>();

  function sayOnce(message: string, ids: Record<string, string | number>): void {
    if (said.has(message)) return;
    said.add(message);
    notes.note(message, ids);
  }

  return async ({ sdk, links }, key, expiresAt) => {
    const now = Math.floor(clock.now().getTime() / 1000);
    const wanted = Math.floor(expiresAt.getTime() / 1000) - now;
    if (wanted < 1) throw new RangeError(`a link to ${key} would be dead at once`);
    if (wanted > LIFE_MAX_S) sayOnce('links to S3 live seven days at most', { wanted });
    const { expiration } = await links.config.credentials();
    if (expiration && expiration < expiresAt) {
      const hours = Math.floor((expiration.getTime() / 1000 - now) / 360) / 10;
      sayOnce(ROLE_KEYS, { bucket: address.bucket, hours });
    }
    const command = new sdk.GetObjectCommand({
      Bucket: address.bucket,
      Key: address.prefix + key,
    });
    return getSignedUrl(links, command, {
      expiresIn: Math.min(wanted, LIFE_MAX_S),
      signingDate: new Date(now * 1000),
    });
  };
}

/** The sentence of the log for keys that die before the links they sign. */
export const ROLE_KEYS =
  'the AWS keys in use are lent by a role and end before the links signed with them: a pdf_url ' +
  'dies with them instead of after 24 hours; sign with the keys of an IAM user';
