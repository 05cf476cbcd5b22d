// How a partner gets into its portal and its programs to the pull API, from the partner's page: a link of
// one day, tokens, and the end of both. What opens something is shown once, on the page that answers the
// form, and stands in no address and no notice.

import type Router from '@koa/router';
import type { Form } from '#adapters/pages/form.ts';
import { type ShownTime, shownTime } from '#adapters/pages/shown-time.ts';
import { closePortal, makePortalLink } from '#adapters/postgres/portal/portal-access.ts';
import {
  makePortalToken,
  portalTokens,
  revokePortalToken,
  TOKEN_LABEL_CHARACTERS_MAX,
} from '#adapters/postgres/portal/portal-tokens.ts';
import { type PartnerSlug, parsePartnerSlug } from '#domain/partner.ts';
import { plainLine } from '#domain/text.ts';
import type { Page } from './frame.ts';
import type { DashboardNeeds } from './needs.ts';
import { act, type Onward, problem, type Visit } from './visit.ts';

/** For `{{> partner-portal-access access}}` in the partner's page. */
export type PortalAccessView = {
  /** `/dashboard/partners/<slug>/portal`: where its forms go. */
  readonly base: string;
  readonly csrf: string;
  readonly mayLink: boolean;
  readonly mayToken: boolean;
  readonly tokens: readonly {
    readonly id: number;
    readonly label: string;
    readonly lastFour: string;
    readonly madeBy: string;
    readonly created: ShownTime;
    readonly used: ShownTime | null;
    readonly revoked: ShownTime | null;
  }[];
};

/** What the section « Accès du partenaire » shows of the partner. */
export async function portalAccessView(
  needs: DashboardNeeds,
  { viewer, now, may }: Pick<Visit, 'viewer' | 'now' | 'may'>,
  slug: PartnerSlug,
): Promise<PortalAccessView> {
  const tokens = await portalTokens(needs.db, slug);
  return {
    base: `/dashboard/partners/${slug}/portal`,
    csrf: viewer.csrfToken,
    mayLink: may('operator'),
    mayToken: may('admin'),
    tokens: tokens.map(({ id, label, lastFour, madeBy, createdAt, usedAt, revokedAt }) => ({
      ...{ id, label, lastFour, madeBy },
      created: shownTime(createdAt, now),
      used: usedAt && shownTime(usedAt, now),
      revoked: revokedAt && shownTime(revokedAt, now),
    })),
  };
}

export function partnerPortalRoutes(router: Router, needs: DashboardNeeds): void {
  const base = '/dashboard/partners/:slug/portal';
  router.post(
    `${base}/link`,
    act(needs, 'operator', async (visit) => linkMade(needs, visit)),
  );
  router.post(
    `${base}/tokens`,
    act(needs, 'admin', async (visit, form) => tokenMade(needs, visit, form)),
  );
  router.post(
    `${base}/tokens/:id/revoke`,
    act(needs, 'admin', async (visit) => tokenRevoked(needs, visit)),
  );
  router.post(
    `${base}/close`,
    act(needs, 'operator', async (visit) => {
      const slug = slugIn(visit);
      if (!slug) return unknown();
      await closePortal(needs.db, slug, byWhom(visit), visit.now);
      const text =
        'Les sessions du portail sont fermées et les liens encore ouverts ne servent plus.';
      return { to: back(slug), notice: { kind: 'done', text } };
    }),
  );
}

async function linkMade(needs: DashboardNeeds, visit: Visit): Promise<Page> {
  const slug = slugIn(visit);
  const made = slug && (await makePortalLink(needs.db, slug, byWhom(visit), visit.now));
  if (!slug || !made || made === 'not-found') return unknown();
  return shownOnce(slug, {
    heading: 'Lien du portail créé',
    lead:
      'Transmettez-le à votre contact chez le partenaire. Il vaut 24\u00A0heures, sert une seule fois ' +
      'et ouvre une session de 7\u00A0jours.',
    secret: `${needs.publicUrl}/portal/open/${made.token}`,
  });
}

async function tokenMade(needs: DashboardNeeds, visit: Visit, form: Form): Promise<Page> {
  const slug = slugIn(visit);
  const label = plainLine(form.text('label'), TOKEN_LABEL_CHARACTERS_MAX) || 'Sans nom';
  const made = slug && (await makePortalToken(needs.db, { slug, label }, byWhom(visit), visit.now));
  if (!slug || !made || made === 'not-found') return unknown();
  return shownOnce(slug, {
    heading: 'Jeton d’API créé',
    lead:
      'Il lit les notifications de ce partenaire jusqu’à ce qu’il soit révoqué. Transmettez-le par un ' +
      'moyen sûr\u00A0: il ne sera plus jamais montré.',
    secret: made.token,
  });
}

async function tokenRevoked(needs: DashboardNeeds, visit: Visit): Promise<Page | Onward> {
  const slug = slugIn(visit);
  const id = Number(visit.param('id'));
  if (!slug || !Number.isSafeInteger(id)) return unknown();
  const outcome = await revokePortalToken(needs.db, { slug, id }, byWhom(visit), visit.now);
  return outcome === 'revoked'
    ? {
        to: back(slug),
        notice: { kind: 'done', text: 'Le jeton est révoqué\u00A0: il n’ouvre plus rien.' },
      }
    : { to: back(slug), notice: { kind: 'refused', text: 'Ce jeton était déjà révoqué.' } };
}

function shownOnce(
  slug: PartnerSlug,
  shown: { readonly heading: string; readonly lead: string; readonly secret: string },
): Page {
  const model = { ...shown, back: back(slug) };
  return { view: 'partner-portal-shown', title: shown.heading, place: 'partners', model };
}

function slugIn(visit: Visit): PartnerSlug | null {
  return parsePartnerSlug(visit.param('slug'));
}

function byWhom({ viewer }: Visit) {
  return { actor: viewer.email, why: null };
}

function back(slug: PartnerSlug): string {
  return `/dashboard/partners/${slug}#portail`;
}

function unknown(): Page {
  return problem(404, 'Ce partenaire n’existe pas', 'Il a pu être retiré entre-temps.');
}
