// What a call to a partner is signed and opened with, out of the row's boxes: asked for a moment before
// each call, real or for a test, and held nowhere.

import type { SecretBox } from '#adapters/secret-box.ts';
import type { PartnerRequest } from '#application/ports.ts';
import { apiKeyPlace, signingSecretPlace } from './sealed-secrets.ts';
import type { Row } from './tables.ts';

/** Throws when no key of ours opens a box. Two signing secrets stand apart by a space. */
export function callSecrets(
  row: Row<'partner'>,
  { secrets, now }: { readonly secrets: SecretBox; readonly now: Date },
): Pick<PartnerRequest, 'apiKey' | 'signingSecret'> {
  return {
    apiKey: row.api_key && secrets.open(row.api_key, apiKeyPlace(row.slug)),
    signingSecret: signingSecrets(row, now)
      .map((sealed) => secrets.open(sealed, signingSecretPlace(row.slug)))
      .join(' '),
  };
}

/** The present one first; the one before it while its time has not come. */
function signingSecrets(row: Row<'partner'>, now: Date): readonly Buffer[] {
  const {
    signing_secret,
    previous_signing_secret: old,
    previous_signing_secret_until: until,
  } = row;
  return old !== null && (until === null || until > now) ? [signing_secret, old] : [signing_secret];
}
