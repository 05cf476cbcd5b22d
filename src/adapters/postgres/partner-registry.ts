// The register of partners: what operators add, change and look up. Secrets go in sealed and come
// out only to be sent; lists show whether they exist, never what they are.

import { sql, type UpdateObject } from 'kysely';
import type { SecretBox } from '#adapters/secret-box.ts';
import type { Clock } from '#application/ports.ts';
import type { Logo, Partner, PartnerSlug } from '#domain/partner.ts';
import type { Database } from './database.ts';
import { postgresOperatorActions } from './operator-actions.ts';
import { logoOf, partnerOf } from './partners.ts';
import { apiKeyPlace, signingSecretPlace } from './sealed-secrets.ts';
import type { Row, Tables } from './tables.ts';

export type PartnerChanges = {
  readonly name?: string;
  readonly color?: string | null;
  readonly logo?: Logo | null;
  readonly contactEmail?: string | null;
  readonly contactPhone?: string | null;
  readonly website?: string | null;
  readonly stagingUrl?: string | null;
  readonly productionUrl?: string | null;
  readonly apiKey?: string | null;
};

export type RegisteredPartner = Partner & {
  readonly hasApiKey: boolean;
  readonly logo: Logo | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
};

/** Enough of each secret to tell which one is in use, never enough to use it. */
export type PartnerSecrets = {
  /** The last four characters; null when there is no key, or none of our keys opens it. */
  readonly apiKeyEnd: string | null;
  readonly signingSecretEnd: string | null;
  /** The one before, while it still signs beside the present one; `until` null: without end. */
  readonly previous: { readonly end: string | null; readonly until: Date | null } | null;
};

/** Who does it, and why. */
export type By = { readonly actor: string; readonly why: string | null };

export type PartnerRegistry = {
  /** `exists` when the slug is taken; nothing changes then. */
  add(
    slug: PartnerSlug,
    partner: PartnerChanges & { readonly name: string; readonly signingSecret: string },
  ): Promise<'added' | 'exists'>;
  /** Another API key goes on record with who set it: the new one is sent from the next call on. */
  set(slug: PartnerSlug, changes: PartnerChanges, by?: By): Promise<'changed' | 'not-found'>;
  get(slug: PartnerSlug): Promise<(RegisteredPartner & PartnerSecrets) | null>;
  list(): Promise<RegisteredPartner[]>;
  /**
   * A new signing secret; the present one signs beside it until then, without end for null, not at
   * all for a moment that has passed. One that still signed from before stops.
   */
  rotateSecret(
    slug: PartnerSlug,
    rotation: { readonly secret: string; readonly oldUntil: Date | null },
    by: By,
  ): Promise<'rotated' | 'not-found'>;
  /** The old signing secret stops; `none` when there is none. */
  dropOldSecret(slug: PartnerSlug, by: By): Promise<'dropped' | 'none' | 'not-found'>;
  /** `in-use`: it has orders, which keep their partner for ever. */
  remove(slug: PartnerSlug): Promise<'removed' | 'not-found' | 'in-use'>;
};

const FOREIGN_KEY_VIOLATION = '23503';

export function postgresPartnerRegistry(
  db: Database,
  { secrets, clock }: { readonly secrets: SecretBox; readonly clock: Clock },
): PartnerRegistry {
  function columnsOf(slug: PartnerSlug, changes: PartnerChanges) {
    const { logo, apiKey } = changes;
    return {
      ...(changes.name !== undefined && { name: changes.name }),
      ...(changes.color !== undefined && { color: changes.color?.toLowerCase() ?? null }),
      ...(changes.contactEmail !== undefined && { contact_email: changes.contactEmail }),
      ...(changes.contactPhone !== undefined && { contact_phone: changes.contactPhone }),
      ...(changes.website !== undefined && { website: changes.website }),
      ...(changes.stagingUrl !== undefined && { staging_url: changes.stagingUrl }),
      ...(changes.productionUrl !== undefined && { production_url: changes.productionUrl }),
      ...(logo !== undefined && {
        logo: logo && Buffer.from(logo.bytes),
        logo_media_type: logo?.mediaType ?? null,
      }),
      ...(apiKey !== undefined && {
        api_key: apiKey === null ? null : secrets.seal(apiKey, apiKeyPlace(slug)),
      }),
      updated_at: clock.now(),
    };
  }

  function find(slug: PartnerSlug): Promise<Row<'partner'> | undefined> {
    return db.selectFrom('partner').selectAll().where('slug', '=', slug).executeTakeFirst();
  }

  function change(
    slug: PartnerSlug,
    columns: UpdateObject<Tables, 'partner'>,
    done: { readonly action: string; readonly by: By } | null,
  ): Promise<boolean> {
    return db.transaction().execute(async (trx) => {
      const updated = await trx
        .updateTable('partner')
        .set({ ...columns, updated_at: clock.now() })
        .where('slug', '=', slug)
        .executeTakeFirst();
      if (updated.numUpdatedRows !== 1n) return false;
      if (done) {
        const { action, by } = done;
        await postgresOperatorActions(trx).add({ ...by, at: clock.now(), action, subject: slug });
      }
      return true;
    });
  }

  function secretsOf(row: Row<'partner'>): PartnerSecrets {
    const { slug, previous_signing_secret: old, previous_signing_secret_until: until } = row;
    const isSigning = old !== null && (until === null || until > clock.now());
    return {
      apiKeyEnd: row.api_key && endOf(row.api_key, apiKeyPlace(slug)),
      signingSecretEnd: endOf(row.signing_secret, signingSecretPlace(slug)),
      previous: isSigning ? { end: endOf(old, signingSecretPlace(slug)), until } : null,
    };
  }

  function endOf(sealed: Buffer, place: string): string | null {
    return secrets.keyOf(sealed, place) === null ? null : secrets.open(sealed, place).slice(-4);
  }

  return {
    async add(slug, { signingSecret, ...partner }) {
      const inserted = await db
        .insertInto('partner')
        .values({
          slug,
          ...columnsOf(slug, partner),
          name: partner.name,
          signing_secret: secrets.seal(signingSecret, signingSecretPlace(slug)),
          created_at: clock.now(),
        })
        .onConflict((conflict) => conflict.column('slug').doNothing())
        .executeTakeFirst();
      return inserted.numInsertedOrUpdatedRows === 1n ? 'added' : 'exists';
    },

    async set(slug, changes, by) {
      const done =
        changes.apiKey !== undefined && by ? { action: 'partner-api-key-set', by } : null;
      const isDone = await change(slug, columnsOf(slug, changes), done);
      return isDone ? 'changed' : 'not-found';
    },

    async rotateSecret(slug, { secret, oldUntil }, by) {
      const isKept = oldUntil === null || oldUntil > clock.now();
      const columns = {
        previous_signing_secret: isKept ? sql<Buffer>`signing_secret` : null,
        previous_signing_secret_until: isKept ? oldUntil : null,
        signing_secret: secrets.seal(secret, signingSecretPlace(slug)),
      };
      const isDone = await change(slug, columns, { action: 'partner-secret-rotated', by });
      return isDone ? 'rotated' : 'not-found';
    },

    async dropOldSecret(slug, by) {
      const found = await find(slug);
      if (!found) return 'not-found';
      if (found.previous_signing_secret === null) return 'none';
      const columns = { previous_signing_secret: null, previous_signing_secret_until: null };
      await change(slug, columns, { action: 'partner-old-secret-dropped', by });
      return 'dropped';
    },

    async get(slug) {
      const row = await find(slug);
      return row ? { ...registered(row), ...secretsOf(row) } : null;
    },

    async list() {
      const rows = await db.selectFrom('partner').selectAll().orderBy('slug').execute();
      return rows.map(registered);
    },

    async remove(slug) {
      try {
        const deleted = await db.deleteFrom('partner').where('slug', '=', slug).executeTakeFirst();
        return deleted.numDeletedRows === 1n ? 'removed' : 'not-found';
      } catch (error) {
        if ((error as { code?: string }).code === FOREIGN_KEY_VIOLATION) return 'in-use';
        throw error;
      }
    },
  };
}

function registered(row: Row<'partner'>): RegisteredPartner {
  return {
    ...partnerOf(row),
    hasApiKey: row.api_key !== null,
    logo: logoOf(row),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
