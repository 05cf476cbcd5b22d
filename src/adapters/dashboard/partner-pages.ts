// Partners: the list that says of each whether it receives, and the page of one, which begins with the same
// sentence and goes on to where it is called, with what it signs, how its customers see it and what it
// was told last.

import type Router from '@koa/router';
import { duration } from '#adapters/french.ts';
import { shownTime } from '#adapters/pages/shown-time.ts';
import { attemptView, notificationView } from '#adapters/pages/state-view.ts';
import {
  NARROW_WINDOW,
  partnerHealths,
  WIDE_WINDOW,
} from '#adapters/postgres/dashboard/partner-health.ts';
import {
  newestWebhooks,
  type PartnerNotification,
} from '#adapters/postgres/dashboard/partner-notifications.ts';
import { replayPage } from '#adapters/postgres/dashboard/partner-replays.ts';
import { latestTrials } from '#adapters/postgres/dashboard/partner-trials.ts';
import { fr } from '#adapters/typeset.ts';
import { parsePartnerSlug } from '#domain/partner.ts';
import type { Page } from './frame.ts';
import type { DashboardNeeds } from './needs.ts';
import { partnerFormRoutes } from './partner-form.ts';
import { healthView } from './partner-health-words.ts';
import { partnerIn, registryOf, unknownPartner, urlHere } from './partner-in.ts';
import { partnerLookRoutes } from './partner-look.ts';
import { portalAccessView } from './partner-portal-access.ts';
import { partnerSecretRoutes, secretsView } from './partner-secrets.ts';
import { partnerTestRoutes, trialView } from './partner-test.ts';
import { replayLine } from './replay-pages.ts';
import { act, type Onward, page, type Visit } from './visit.ts';

const NEWEST_SHOWN = 20;
const REPLAYS_SHOWN = 5;

export function partnerRoutes(router: Router, needs: DashboardNeeds): void {
  router.get(
    '/dashboard/partners',
    page(needs, 'reader', (visit) => list(needs, visit)),
  );
  // Before `/:slug`: these names are no partner's.
  partnerFormRoutes(router, needs);
  partnerLookRoutes(router, needs);
  partnerTestRoutes(router, needs);
  partnerSecretRoutes(router, needs);
  router.get(
    '/dashboard/partners/:slug',
    page(needs, 'reader', (visit) => sheet(needs, visit)),
  );
  router.post(
    '/dashboard/partners/:slug/remove',
    act(needs, 'operator', (visit) => remove(needs, visit)),
  );
}

async function list(needs: DashboardNeeds, { now }: Visit): Promise<Page> {
  const partners = await registryOf(needs).list();
  const slugs = partners.map(({ slug }) => slug);
  const healths = await partnerHealths(needs.db, slugs, now, NARROW_WINDOW);
  const rows = partners.map((partner) => ({
    slug: partner.slug,
    name: partner.branding.name,
    href: `/dashboard/partners/${partner.slug}`,
    ...healthView({ health: healths.get(partner.slug), url: urlHere(needs, partner), now }),
  }));
  const troubled = rows.filter(({ state }) => state.fill === 'solid').length;
  const heading = headingOf(rows.length, troubled);
  return {
    view: 'partners',
    title: 'Partenaires',
    place: 'partners',
    live: ['order:*', 'clock'],
    model: { heading, rows: rows.toSorted(byTrouble) },
  };
}

function headingOf(all: number, troubled: number): string {
  if (all === 0) return 'Aucun partenaire encore';
  if (troubled === 0)
    return all === 1 ? 'Le partenaire va bien' : `Les ${all} partenaires vont bien`;
  return troubled === 1
    ? `Un partenaire sur ${all} a besoin de quelqu’un`
    : `${troubled} partenaires sur ${all} ont besoin de quelqu’un`;
}

const LOUDNESS = { solid: 0, tint: 1, bare: 2 } as const;

type Loud = { readonly state: { readonly fill: keyof typeof LOUDNESS } };

function byTrouble(a: Loud, b: Loud): number {
  return LOUDNESS[a.state.fill] - LOUDNESS[b.state.fill];
}

async function sheet(needs: DashboardNeeds, visit: Visit): Promise<Page> {
  const { db } = needs;
  const { now } = visit;
  const partner = await partnerIn(needs, visit);
  if (!partner) return unknownPartner(visit);
  const { slug, branding, stagingUrl, productionUrl } = partner;
  const urls = [stagingUrl, productionUrl].filter((url) => url !== null);
  const [healths, newest, trials, replays, access] = await Promise.all([
    partnerHealths(db, [slug], now, WIDE_WINDOW),
    newestWebhooks(db, slug, NEWEST_SHOWN),
    latestTrials(db, slug, urls),
    replayPage(db, { partner: slug }, REPLAYS_SHOWN),
    portalAccessView(needs, visit, slug),
  ]);
  const address = (which: 'staging' | 'production', label: string, url: string | null) => ({
    ...{ which, label, url },
    isHere: url === urlHere(needs, partner) && which === placeHere(needs),
    trial: url === null ? null : trialView(trials.get(url), now),
  });
  return {
    view: 'partner',
    title: branding.name,
    place: 'partners',
    live: ['order:*', 'replay:*', 'clock'],
    frames: true,
    model: {
      ...{ slug, name: branding.name, branding, access },
      base: `/dashboard/partners/${slug}`,
      health: healthView({ health: healths.get(slug), url: urlHere(needs, partner), now }),
      addresses: [
        address('staging', 'Préproduction', stagingUrl),
        address('production', 'Production', productionUrl),
      ],
      secrets: secretsView(partner, now),
      maySeeSecrets: visit.may('admin'),
      newest: newest.map((it) => newestView(it, now)),
      replays: replays.map((it) => replayLine(it, now)),
      seen: partner.updatedAt.toISOString(),
    },
  };
}

function placeHere({ environment }: DashboardNeeds): 'staging' | 'production' {
  return environment === 'production' ? 'production' : 'staging';
}

function newestView(it: PartnerNotification, now: Date) {
  const { orderId, channel, state, interruptions, outcome, statusCode, durationMs } = it;
  return {
    orderId,
    at: shownTime(it.createdAt, now),
    state: notificationView(channel, state, interruptions),
    outcome: outcome === null ? null : attemptView({ outcome, statusCode }),
    took: durationMs === null ? '–' : duration(durationMs),
    next: it.nextAttemptAt && it.nextAttemptAt > now ? shownTime(it.nextAttemptAt, now) : null,
  };
}

async function remove(needs: DashboardNeeds, visit: Visit): Promise<Page | Onward> {
  const slug = parsePartnerSlug(visit.param('slug'));
  if (!slug) return unknownPartner(visit);
  const by = { actor: visit.viewer.email, why: null };
  const outcome = await registryOf(needs).remove(slug, by);
  switch (outcome) {
    case 'removed': {
      const text = `Le partenaire ${slug} est retiré.`;
      return { to: '/dashboard/partners', notice: { kind: 'done', text } };
    }
    case 'in-use': {
      const text = fr`Le partenaire ${slug} a des commandes : elles le gardent pour toujours.`;
      return { to: `/dashboard/partners/${slug}`, notice: { kind: 'refused', text } };
    }
    case 'not-found':
      return unknownPartner(visit);
    default:
      return outcome satisfies never;
  }
}
