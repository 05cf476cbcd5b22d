// The register of partners: what operators add, change and look up. Secrets go in sealed and come
// out only to be sent; lists show whether they exist, never what they are.

import { sql, type Transaction, type UpdateObject } from 'kysely';
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
    by?: By,
  ): Promise<'added' | 'exists'>;
  /**
   * Goes on record with who did it; another API key is sent from the next call on. `stale` when the
   * row has changed since the instant `seenAt`, where one is given: nothing changes then.
   */
  set(
    slug: PartnerSlug,
    changes: PartnerChanges,
    by?: By,
    seenAt?: Date,
  ): Promise<'changed' | 'not-found' | 'stale'>;
  get(slug: PartnerSlug): Promise<(RegisteredPartner & PartnerSecrets) | null>;
  list(): Promise<RegisteredPartner[]>;
  /**
   * A new signing secret; the present one signs beside it until then, without end for null, not at
   * all for a moment that has passed. One that still signed from before stops. `stale` as above.
   */
  rotateSecret(
    slug: PartnerSlug,
    rotation: { readonly secret: string; readonly oldUntil: Date | null; readonly seenAt?: Date },
    by: By,
  ): Promise<'rotated' | 'not-found' | 'stale'>;
  /** The old signing secret stops; `none` when there is none. */
  dropOldSecret(slug: PartnerSlug, by: By): Promise<'dropped' | 'none' | 'not-found'>;
  /** `in-use`: it has orders, which keep their partner for ever. What else was its own goes along. */
  remove(slug: PartnerSlug, by?: By): Promise<'removed' | 'not-found' | 'in-use'>;
};

const FOREIGN_KEY_VIOLATION = '23503';
/** What a partner without orders may leave behind. */
const ITS_OWN = [
  'portal_link',
  'portal_session',
  'portal_token',
  'partner_trial',
  'replay',
] as const;

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

  type Done = { readonly action: string; readonly by: By };

  function change(
    slug: PartnerSlug,
    columns: UpdateObject<Tables, 'partner'>,
    done: readonly Done[],
    seenAt?: Date,
  ): Promise<'changed' | 'not-found' | 'stale'> {
    return db.transaction().execute(async (trx) => {
      const own = trx.updateTable('partner').set({ ...columns, updated_at: clock.now() });
      const unseen = own.where('slug', '=', slug);
      const { numUpdatedRows } = await (seenAt
        ? unseen.where(sql`date_trunc('milliseconds', updated_at)`, '=', seenAt)
        : unseen
      ).executeTakeFirst();
      if (numUpdatedRows !== 1n) {
        const found = trx.selectFrom('partner').select('slug').where('slug', '=', slug);
        return (await found.executeTakeFirst()) ? 'stale' : 'not-found';
      }
      await record(trx, slug, done);
      return 'changed';
    });
  }

  async function record(
    trx: Transaction<Tables>,
    slug: PartnerSlug,
    done: readonly Done[],
  ): Promise<void> {
    for (const { action, by } of done) {
      await postgresOperatorActions(trx).add({ ...by, at: clock.now(), action, subject: slug });
    }
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
    add(slug, { signingSecret, ...partner }, by) {
      return db.transaction().execute(async (trx) => {
        const inserted = await trx
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
        if (inserted.numInsertedOrUpdatedRows !== 1n) return 'exists';
        if (by) await record(trx, slug, [{ action: 'partner-added', by }]);
        return 'added';
      });
    },

    set(slug, changes, by, seenAt) {
      const { apiKey, ...others } = changes;
      const actions = [
        ...(apiKey === undefined ? [] : ['partner-api-key-set']),
        ...(Object.keys(others).length === 0 ? [] : ['partner-changed']),
      ];
      const done = by ? actions.map((action) => ({ action, by })) : [];
      return change(slug, columnsOf(slug, changes), done, seenAt);
    },

    async rotateSecret(slug, { secret, oldUntil, seenAt }, by) {
      const isKept = oldUntil === null || oldUntil > clock.now();
      const columns = {
        previous_signing_secret: isKept ? sql<Buffer>`signing_secret` : null,
        previous_signing_secret_until: isKept ? oldUntil : null,
        signing_secret: secrets.seal(secret, signingSecretPlace(slug)),
      };
      const action = 'partner-secret-rotated';
      const outcome = await change(slug, columns, [{ action, by }], seenAt);
      return outcome === 'changed' ? 'rotated' : outcome;
    },

    async dropOldSecret(slug, by) {
      const found = await find(slug);
      if (!found) return 'not-found';
      if (found.previous_signing_secret === null) return 'none';
      const columns = { previous_signing_secret: null, previous_signing_secret_until: null };
      await change(slug, columns, [{ action: 'partner-old-secret-dropped', by }]);
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

    async remove(slug, by) {
      try {
        return await db.transaction().execute(async (trx) => {
          for (const own of ITS_OWN) {
            await trx.deleteFrom(own).where('partner_slug', '=', slug).execute();
          }
          const deleted = await trx
            .deleteFrom('partner')
            .where('slug', '=', slug)
            .executeTakeFirst();
          if (deleted.numDeletedRows !== 1n) return 'not-found';
          if (by) await record(trx, slug, [{ action: 'partner-removed', by }]);
          return 'removed';
        });
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
