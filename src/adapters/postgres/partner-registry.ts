// The register of partners: what operators add, change and look up. Secrets go in sealed and come
// out only to be sent; lists show whether they exist, never what they are.

import type { SecretBox } from '#adapters/secret-box.ts';
import type { Clock } from '#application/ports.ts';
import type { Logo, Partner, PartnerSlug } from '#domain/partner.ts';
import type { Database } from './database.ts';
import { logoOf, partnerOf } from './partners.ts';

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

export type PartnerRegistry = {
  /** `exists` when the slug is taken; nothing changes then. */
  add(
    slug: PartnerSlug,
    partner: PartnerChanges & { readonly name: string; readonly signingSecret: string },
  ): Promise<'added' | 'exists'>;
  set(slug: PartnerSlug, changes: PartnerChanges): Promise<'changed' | 'not-found'>;
  get(slug: PartnerSlug): Promise<RegisteredPartner | null>;
  list(): Promise<RegisteredPartner[]>;
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
        api_key: apiKey === null ? null : secrets.seal(apiKey, `partner/${slug}/api_key`),
      }),
      updated_at: clock.now(),
    };
  }

  return {
    async add(slug, { signingSecret, ...partner }) {
      const inserted = await db
        .insertInto('partner')
        .values({
          slug,
          ...columnsOf(slug, partner),
          name: partner.name,
          signing_secret: secrets.seal(signingSecret, `partner/${slug}/signing_secret`),
          created_at: clock.now(),
        })
        .onConflict((conflict) => conflict.column('slug').doNothing())
        .executeTakeFirst();
      return inserted.numInsertedOrUpdatedRows === 1n ? 'added' : 'exists';
    },

    async set(slug, changes) {
      const updated = await db
        .updateTable('partner')
        .set(columnsOf(slug, changes))
        .where('slug', '=', slug)
        .executeTakeFirst();
      return updated.numUpdatedRows === 1n ? 'changed' : 'not-found';
    },

    async get(slug) {
      const row = await db
        .selectFrom('partner')
        .selectAll()
        .where('slug', '=', slug)
        .executeTakeFirst();
      return row ? registered(row) : null;
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

function registered(row: Parameters<typeof partnerOf>[0]): RegisteredPartner {
  return {
    ...partnerOf(row),
    hasApiKey: row.api_key !== null,
    logo: logoOf(row),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
