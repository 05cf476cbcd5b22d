// A partner's secrets, for administrators: another signing secret, another API key, the end of the old
// one. What is new is shown once, on the page that answers the form, and stands in no address, no
// notice and no log; a form that is sent again shows nothing and changes nothing.

import { randomBytes } from 'node:crypto';
import type Router from '@koa/router';
import { parisTime } from '#adapters/french.ts';
import type { Form } from '#adapters/pages/form.ts';
import { shownMoment } from '#adapters/pages/shown-time.ts';
import { newSigningSecret } from '#adapters/partner/standard-webhooks.ts';
import { readPartner } from '#adapters/partner-fields.ts';
import type { PartnerSecrets, RegisteredPartner } from '#adapters/postgres/partner-registry.ts';
import { fr } from '#adapters/typeset.ts';
import type { Page } from './frame.ts';
import type { DashboardNeeds } from './needs.ts';
import { partnerIn, registryOf, unknownPartner } from './partner-in.ts';
import { act, type Onward, page, type Visit } from './visit.ts';

const HOUR_MS = 3_600_000;
/** How long the old signing secret signs on beside the new one. */
const KEPT = [
  { value: '1', label: 'une heure', ms: HOUR_MS },
  { value: '24', label: '24\u00A0heures', ms: 24 * HOUR_MS },
  { value: '168', label: '7\u00A0jours', ms: 168 * HOUR_MS },
  { value: 'next', label: 'jusqu’à la prochaine rotation', ms: null },
  { value: '0', label: 'pas du tout (fuite)', ms: 0 },
] as const;
const KEPT_DEFAULT = '24';
const NEW_KEY_BYTES = 32;

type Found = RegisteredPartner & PartnerSecrets;
type Outcome = Page | Onward;

export function partnerSecretRoutes(router: Router, needs: DashboardNeeds): void {
  const path = '/dashboard/partners/:slug/secrets';
  const onPartner = (work: (visit: Visit, partner: Found, form: Form) => Promise<Outcome>) =>
    act(needs, 'admin', async (visit, form) => {
      const partner = await partnerIn(needs, visit);
      return partner ? work(visit, partner, form) : unknownPartner(visit);
    });
  router.get(
    path,
    page(needs, 'admin', async (visit) => {
      const partner = await partnerIn(needs, visit);
      return partner ? secretsPage(partner, visit) : unknownPartner(visit);
    }),
  );
  router.post(
    `${path}/rotate`,
    onPartner((visit, partner, form) => rotate(needs, visit, partner, form)),
  );
  router.post(
    `${path}/drop-old`,
    onPartner((visit, partner) => dropOld(needs, visit, partner)),
  );
  router.post(
    `${path}/api-key`,
    onPartner((visit, partner, form) => setKey(needs, visit, partner, form)),
  );
}

/** Ends only: enough to tell one from another, never enough to use it. */
export function secretsView(partner: Found, now: Date) {
  const { hasApiKey, apiKeyEnd, signingSecretEnd, previous } = partner;
  const lost = fr`scellé avec une clé absente : voyez « secrets status »`;
  return {
    apiKey: hasApiKey ? (apiKeyEnd ? `…${apiKeyEnd}` : lost) : null,
    signing: signingSecretEnd ? `whsec_…${signingSecretEnd}` : lost,
    previous: previous && {
      end: previous.end ? `whsec_…${previous.end}` : '',
      until: previous.until && shownMoment(previous.until, now),
    },
  };
}

type Shown = {
  readonly shown?: { readonly title: string; readonly value: string; readonly after: string };
  readonly keyFault?: string;
  readonly trouble?: string;
  readonly status?: number;
};

function secretsPage(
  partner: Found,
  { now }: Pick<Visit, 'now'>,
  { shown, keyFault, trouble, status = 200 }: Shown = {},
): Page {
  const { slug, branding, updatedAt } = partner;
  return {
    view: 'partner-secrets',
    title: `Secrets de ${branding.name}`,
    place: 'partners',
    status,
    model: {
      ...{
        name: branding.name,
        base: `/dashboard/partners/${slug}`,
        seen: updatedAt.toISOString(),
      },
      secrets: secretsView(partner, now),
      shown: shown ?? null,
      keyFault: keyFault ?? null,
      trouble: trouble ?? null,
      kept: KEPT.map(({ value, label }) => ({ value, label, isHere: value === KEPT_DEFAULT })),
    },
  };
}

async function rotate(
  needs: DashboardNeeds,
  visit: Visit,
  partner: Found,
  form: Form,
): Promise<Outcome> {
  const seenAt = new Date(form.text('seen'));
  const kept = KEPT.find(({ value }) => value === form.text('kept'));
  if (Number.isNaN(seenAt.getTime()) || !kept) return overtaken(partner, visit);
  const secret = newSigningSecret();
  const oldUntil = kept.ms === null ? null : new Date(visit.now.getTime() + kept.ms);
  const rotation = { secret, oldUntil, seenAt };
  const outcome = await registryOf(needs).rotateSecret(partner.slug, rotation, by(visit, form));
  if (outcome === 'not-found') return unknownPartner(visit);
  if (outcome === 'stale') return overtaken(partner, visit);
  return shownOnce(needs, visit, {
    title: 'Nouveau secret de signature',
    value: secret,
    after: endOfOld(kept.ms, oldUntil, visit.now),
  });
}

function endOfOld(ms: number | null, oldUntil: Date | null, now: Date): string {
  if (oldUntil === null) return 'L’ancien signe à côté de lui jusqu’à la prochaine rotation.';
  if (ms === 0) {
    return fr`L’ancien ne signe plus : les appels sont refusés tant que le partenaire ne l’a pas changé.`;
  }
  return fr`L’ancien signe à côté de lui jusqu’au ${shownMoment(oldUntil, now).text}.`;
}

async function dropOld(needs: DashboardNeeds, visit: Visit, partner: Found): Promise<Outcome> {
  const { slug } = partner;
  const actor = { actor: visit.viewer.email, why: null };
  const outcome = await registryOf(needs).dropOldSecret(slug, actor);
  const to = `/dashboard/partners/${slug}/secrets`;
  switch (outcome) {
    case 'dropped':
      return { to, notice: { kind: 'done', text: 'L’ancien secret ne signe plus.' } };
    case 'none':
      return { to, notice: { kind: 'refused', text: 'Il n’y a pas d’ancien secret.' } };
    case 'not-found':
      return unknownPartner(visit);
    default:
      return outcome satisfies never;
  }
}

async function setKey(
  needs: DashboardNeeds,
  visit: Visit,
  partner: Found,
  form: Form,
): Promise<Outcome> {
  const { slug } = partner;
  const seenAt = new Date(form.text('seen'));
  if (Number.isNaN(seenAt.getTime())) return overtaken(partner, visit);
  const wish = form.text('wish');
  const made = wish === 'make' ? randomBytes(NEW_KEY_BYTES).toString('base64url') : null;
  const typed = wish === 'clear' ? '' : (made ?? form.text('apiKey'));
  if (wish === 'typed' && typed === '') {
    const keyFault = 'Collez la clé que le partenaire vous a transmise.';
    return secretsPage(partner, visit, { keyFault, status: 422 });
  }
  const { changes, faults } = await readPartner({ apiKey: typed }, { allowInsecure: false });
  if (faults.apiKey !== undefined) {
    return secretsPage(partner, visit, { keyFault: faults.apiKey, status: 422 });
  }
  const outcome = await registryOf(needs).set(slug, changes, by(visit, form), seenAt);
  if (outcome === 'not-found') return unknownPartner(visit);
  if (outcome === 'stale') return overtaken(partner, visit);
  if (made !== null) {
    const after = fr`Elle part avec chaque appel, dès le prochain ; l’ancienne n’est plus envoyée.`;
    return shownOnce(needs, visit, { title: 'Nouvelle clé d’API', value: made, after });
  }
  const text =
    typed === ''
      ? fr`La clé d’API est retirée : les appels partent sans elle.`
      : `La clé d’API qui finit par …${typed.slice(-4)} part dès le prochain appel.`;
  return { to: `/dashboard/partners/${slug}/secrets`, notice: { kind: 'done', text } };
}

function by({ viewer }: Visit, form: Form) {
  return { actor: viewer.email, why: form.text('why').slice(0, 500) || null };
}

async function shownOnce(
  needs: DashboardNeeds,
  visit: Visit,
  shown: NonNullable<Shown['shown']>,
): Promise<Page> {
  const partner = await partnerIn(needs, visit);
  return partner ? secretsPage(partner, visit, { shown }) : unknownPartner(visit);
}

// Sent twice (a page loaded again), or somebody else was quicker.
function overtaken(partner: Found, visit: Visit): Page {
  const trouble = fr`Ce formulaire a déjà servi, ou ce partenaire a changé à ${parisTime(partner.updatedAt)} : rien de plus n’est fait. Un secret n’est montré qu’une fois ; pour un autre, recommencez ici.`;
  return secretsPage(partner, visit, { trouble, status: 409 });
}
