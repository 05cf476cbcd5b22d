// Adding and changing a partner. The form is read by the rules of the command line, its addresses by the
// guard of the calls, with the same words; a form that was overtaken by somebody else's saving is shown
// again with both values instead of wiping out theirs.

import type Router from '@koa/router';
import type { Form } from '#adapters/pages/form.ts';
import { shownMoment } from '#adapters/pages/shown-time.ts';
import { newSigningSecret } from '#adapters/partner/standard-webhooks.ts';
import { type ReadPartner, readPartner, SLUG_RULE } from '#adapters/partner-fields.ts';
import { lastActionOn } from '#adapters/postgres/dashboard/partner-actions.ts';
import type { RegisteredPartner } from '#adapters/postgres/partner-registry.ts';
import { fr } from '#adapters/typeset.ts';
import { type PartnerSlug, parsePartnerSlug } from '#domain/partner.ts';
import type { Page } from './frame.ts';
import type { DashboardNeeds } from './needs.ts';
import { partnerIn, registryOf, unknownPartner } from './partner-in.ts';
import {
  FIELDS,
  type FormField,
  fieldViews,
  keptLogo,
  NO_VALUES,
  type TypedLogo,
  touched,
  typedLogo,
  typedValues,
  type Values,
  valuesOf,
} from './partner-typed.ts';
import { act, type Onward, page, type Visit } from './visit.ts';

export function partnerFormRoutes(router: Router, needs: DashboardNeeds): void {
  router.get(
    '/dashboard/partners/new',
    page(needs, 'operator', async (visit) => formPage({ slug: visit.query('slug') })),
  );
  router.post(
    '/dashboard/partners/new',
    act(needs, 'operator', (visit, form) => add(needs, visit, form)),
  );
  router.get(
    '/dashboard/partners/:slug/edit',
    page(needs, 'operator', async (visit) => {
      const partner = await partnerIn(needs, visit);
      return partner ? formPage({ partner }) : unknownPartner(visit);
    }),
  );
  router.post(
    '/dashboard/partners/:slug/edit',
    act(needs, 'operator', (visit, form) => change(needs, visit, form)),
  );
}

type Shown = {
  readonly partner?: RegisteredPartner;
  /** As typed, of a new one. */
  readonly slug?: string;
  readonly slugFault?: string | null;
  readonly values?: Values;
  /** As the form was first shown; absent: as it is stored. */
  readonly was?: Values;
  readonly faults?: ReadPartner['faults'];
  readonly logo?: TypedLogo;
  readonly kept?: Uint8Array | null;
  readonly theirs?: Readonly<Partial<Record<FormField, string>>>;
  /** Above the form, when it comes back. */
  readonly trouble?: string | null;
  readonly status?: number;
};

/** The form, empty, filled from the register, or as it came back. */
function formPage(shown: Shown): Page {
  const { partner, slug = '', slugFault = null, logo, kept = null, trouble = null } = shown;
  const { faults, theirs, status = 200 } = shown;
  const was = shown.was ?? (partner ? valuesOf(partner) : NO_VALUES);
  const heading = partner ? `Modifier ${partner.branding.name}` : 'Ajouter un partenaire';
  const path = `/dashboard/partners/${partner ? partner.slug : 'new'}`;
  return {
    view: 'partner-form',
    title: heading,
    place: 'partners',
    status,
    frames: true,
    model: {
      ...{ heading, trouble, slug: partner?.slug ?? slug, slugFault, isNew: !partner },
      action: partner ? `${path}/edit` : path,
      look: `${path}/look`,
      back: partner ? path : '/dashboard/partners',
      seen: partner?.updatedAt.toISOString() ?? '',
      fields: fieldViews({
        values: shown.values ?? was,
        was,
        ...(faults && { faults }),
        ...(theirs && { theirs }),
      }),
      logo: {
        fault: logo?.fault ?? null,
        hasStored: Boolean(partner?.logo),
        kept: kept === null ? null : { base64: Buffer.from(kept).toString('base64'), kB: kB(kept) },
        isGone: logo?.logo === null,
      },
    },
  };
}

function kB(bytes: Uint8Array): number {
  return Math.ceil(bytes.length / 1024);
}

async function add(needs: DashboardNeeds, visit: Visit, form: Form): Promise<Page | Onward> {
  const typedSlug = form.text('slug');
  const slug = parsePartnerSlug(typedSlug);
  const values = typedValues(form);
  const { read, logo } = await readForm(needs, form, values);
  const slugFault =
    slug === null || slug === ('new' as string)
      ? fr`« ${typedSlug} » n’est pas un identifiant : ${SLUG_RULE}.`
      : null;
  const again = (fault: string | null) =>
    formPage({
      ...{ slug: typedSlug, slugFault: fault, values, faults: read.faults, logo },
      ...{ kept: keptOf(form, logo), trouble: FAULTY, status: 422 },
    });
  if (slug === null || slugFault || isFaulty(read, logo)) return again(slugFault);
  const signingSecret = newSigningSecret();
  const { name = slug, ...changes } = read.changes;
  const added = { ...changes, ...logoChange(logo), name, signingSecret };
  const by = { actor: visit.viewer.email, why: null };
  if ((await registryOf(needs).add(slug, added, by)) === 'exists') {
    return again(`Le partenaire ${slug} existe déjà.`);
  }
  return addedPage(slug, name, { warnings: warningsOf(read, logo), visit, signingSecret });
}

// The page that answers the form: where else could a secret be shown once?
function addedPage(
  slug: PartnerSlug,
  name: string,
  given: {
    readonly warnings: readonly string[];
    readonly visit: Visit;
    readonly signingSecret: string;
  },
): Page {
  return {
    view: 'partner-added',
    title: `${name} est ajouté`,
    place: 'partners',
    model: {
      ...{ slug, name, warnings: given.warnings },
      secret: given.visit.may('admin') ? given.signingSecret : null,
    },
  };
}

async function change(needs: DashboardNeeds, visit: Visit, form: Form): Promise<Page | Onward> {
  const partner = await partnerIn(needs, visit);
  if (!partner) return unknownPartner(visit);
  const values = typedValues(form);
  const was = typedValues(form, 'was.');
  const { read, logo } = await readForm(needs, form, touched(values, was));
  if (isFaulty(read, logo)) {
    const shown = { partner: asSeen(partner, form), values, was, faults: read.faults, logo };
    const kept = keptOf(form, logo);
    return formPage({ ...shown, kept, trouble: FAULTY, status: 422 });
  }
  const { slug } = partner;
  const seenAt = new Date(form.text('seen'));
  const changes = { ...read.changes, ...logoChange(logo) };
  if (Object.keys(changes).length === 0) return done(slug, 'Rien n’a changé.', []);
  const by = { actor: visit.viewer.email, why: null };
  const isDated = !Number.isNaN(seenAt.getTime());
  const outcome = isDated ? await registryOf(needs).set(slug, changes, by, seenAt) : 'stale';
  switch (outcome) {
    case 'changed':
      return done(slug, `${read.changes.name ?? partner.branding.name} est à jour.`, [
        ...warningsOf(read, logo),
      ]);
    case 'stale':
      return overtaken(needs, visit, form, { values, was, logo });
    case 'not-found':
      return unknownPartner(visit);
    default:
      return outcome satisfies never;
  }
}

// A form that comes back with faults has still been shown at its own time, not at this one.
function asSeen(partner: RegisteredPartner, form: Form): RegisteredPartner {
  const seenAt = new Date(form.text('seen'));
  return Number.isNaN(seenAt.getTime()) ? partner : { ...partner, updatedAt: seenAt };
}

/** Somebody saved in between: theirs stands where this person typed nothing, beside where both did. */
async function overtaken(
  needs: DashboardNeeds,
  visit: Visit,
  form: Form,
  typed: { readonly values: Values; readonly was: Values; readonly logo: TypedLogo },
): Promise<Page> {
  const partner = await partnerIn(needs, visit);
  if (!partner) return unknownPartner(visit);
  const { values, was, logo } = typed;
  const stored = valuesOf(partner);
  const theirs: Partial<Record<FormField, string>> = {};
  const merged: Record<string, string> = {};
  for (const { field } of FIELDS) {
    const isMine = values[field] !== was[field];
    merged[field] = isMine ? values[field] : stored[field];
    if (stored[field] !== was[field] && stored[field] !== values[field])
      theirs[field] = stored[field];
  }
  const last = await lastActionOn(needs.db, partner.slug);
  const who = last ? last.name : 'Quelqu’un';
  const at = shownMoment(last?.at ?? partner.updatedAt, visit.now).text;
  const trouble =
    fr`${who} a modifié ce partenaire le ${at}, pendant que vous le modifiiez : rien de vous n’est enregistré. ` +
    'Ses valeurs sont indiquées à côté des vôtres. Enregistrez à nouveau pour garder ce que montre le formulaire.';
  const kept = keptOf(form, logo);
  return formPage({
    ...{ partner, values: merged as Values, theirs, logo, kept, trouble, status: 409 },
  });
}

const FAULTY = 'Rien n’est enregistré : voyez les champs signalés.'.replace(' :', '\u00A0:');

async function readForm(
  needs: DashboardNeeds,
  form: Form,
  typed: Parameters<typeof readPartner>[0],
): Promise<{ readonly read: ReadPartner; readonly logo: TypedLogo }> {
  const guard = { allowInsecure: needs.allowInsecurePartnerUrls };
  return { read: await readPartner(typed, guard), logo: typedLogo(form) };
}

function isFaulty({ faults }: ReadPartner, { fault }: TypedLogo): boolean {
  return fault !== null || Object.keys(faults).length > 0;
}

function keptOf(form: Form, { fault, logo }: TypedLogo): Uint8Array | null {
  return fault === null && logo ? (form.file('logo')?.bytes ?? keptLogo(form)) : null;
}

function logoChange({ logo }: TypedLogo) {
  return logo === undefined ? {} : { logo };
}

function warningsOf({ warnings }: ReadPartner, logo: TypedLogo): readonly string[] {
  return [...new Set([...warnings.map(({ text }) => text), ...logo.warnings])];
}

function done(slug: PartnerSlug, text: string, warnings: readonly string[]): Onward {
  const notice = { kind: 'done' as const, text: [text, ...warnings].join(' ') };
  return { to: `/dashboard/partners/${slug}`, notice };
}
