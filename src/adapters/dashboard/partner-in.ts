// The partner that a path names, for all pages under it, and the page that says there is none.

import {
  type PartnerRegistry,
  type PartnerSecrets,
  postgresPartnerRegistry,
  type RegisteredPartner,
} from '#adapters/postgres/partner-registry.ts';
import { fr } from '#adapters/typeset.ts';
import { parsePartnerSlug } from '#domain/partner.ts';
import type { Page } from './frame.ts';
import type { DashboardNeeds } from './needs.ts';
import { problem, type Visit } from './visit.ts';

/** With the ends of its secrets; null when there is none. */
export async function partnerIn(
  needs: DashboardNeeds,
  visit: Visit,
): Promise<(RegisteredPartner & PartnerSecrets) | null> {
  const slug = parsePartnerSlug(visit.param('slug'));
  return slug && registryOf(needs).get(slug);
}

export function registryOf({ db, secrets, clock }: DashboardNeeds): PartnerRegistry {
  return postgresPartnerRegistry(db, { secrets, clock });
}

/** The address that this deployment calls. */
export function urlHere(
  { environment }: DashboardNeeds,
  partner: RegisteredPartner,
): string | null {
  return environment === 'production' ? partner.productionUrl : partner.stagingUrl;
}

/** 404. */
export function unknownPartner(visit: Visit): Page {
  const slug = parsePartnerSlug(visit.param('slug'));
  const text = slug ? fr`Aucun partenaire ne s’appelle ${slug}.` : 'L’adresse est fausse.';
  return problem(404, 'Ce partenaire n’existe pas', text);
}
