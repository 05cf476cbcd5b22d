// What a transaction needs of partners. Adding and editing them is the registry's work
// (partner-registry.ts), which no payment depends on.

import type { Transaction } from 'kysely';
import type { Partners } from '#application/ports.ts';
import type { Branding, Logo, Partner, PartnerSlug } from '#domain/partner.ts';
import type { Row, Tables } from './tables.ts';

export function postgresPartners(trx: Transaction<Tables>): Partners {
  return {
    async known(slugs) {
      if (slugs.length === 0) return new Set();
      const rows = await trx
        .selectFrom('partner')
        .select('slug')
        .where('slug', 'in', [...slugs])
        .execute();
      return new Set(rows.map((row) => row.slug));
    },

    async branding(slug) {
      const row = await trx
        .selectFrom('partner')
        .select(['name', 'color', 'contact_email', 'contact_phone', 'website'])
        .where('slug', '=', slug)
        .executeTakeFirstOrThrow();
      return brandingOf(row);
    },

    async brandings(slugs) {
      if (slugs.length === 0) return new Map();
      const rows = await trx
        .selectFrom('partner')
        .select(['slug', 'name', 'color', 'contact_email', 'contact_phone', 'website'])
        .where('slug', 'in', [...slugs])
        .execute();
      return new Map(rows.map((row) => [row.slug as PartnerSlug, brandingOf(row)]));
    },
  };
}

export function brandingOf(
  row: Pick<Row<'partner'>, 'name' | 'color' | 'contact_email' | 'contact_phone' | 'website'>,
): Branding {
  return {
    name: row.name,
    color: row.color,
    contactEmail: row.contact_email,
    contactPhone: row.contact_phone,
    website: row.website,
  };
}

export function partnerOf(row: Row<'partner'>): Partner {
  return {
    slug: row.slug as PartnerSlug,
    branding: brandingOf(row),
    stagingUrl: row.staging_url,
    productionUrl: row.production_url,
  };
}

export function logoOf(row: Pick<Row<'partner'>, 'logo' | 'logo_media_type'>): Logo | null {
  return row.logo && row.logo_media_type
    ? { mediaType: row.logo_media_type, bytes: row.logo }
    : null;
}
