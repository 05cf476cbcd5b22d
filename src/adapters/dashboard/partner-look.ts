// How a partner's branding looks: the frame with invoice and mail, out of what is stored or of a form that
// is not saved yet, and the specimen as a real PDF. The frame's answer has a policy of its own, under
// which a template's inline styles live and nothing runs.

import type Router from '@koa/router';
import type { Form } from '#adapters/pages/form.ts';
import { readLogo, readPartner } from '#adapters/partner-fields.ts';
import type { Logo, PartnerSlug } from '#domain/partner.ts';
import { parsePartnerSlug } from '#domain/partner.ts';
import type { DashboardNeeds } from './needs.ts';
import {
  BRANDING_POLICY,
  type Branded,
  brandedSpecimen,
  brandingDocument,
} from './partner-branding.ts';
import { partnerIn, registryOf, unknownPartner } from './partner-in.ts';
import { keptLogo } from './partner-typed.ts';
import { act, page, type Visit } from './visit.ts';

const NOBODY = 'nouveau' as PartnerSlug;
const NO_BRANDING: Branded = {
  slug: NOBODY,
  branding: {
    ...{ name: 'Nouveau partenaire', color: null },
    ...{ contactEmail: null, contactPhone: null, website: null },
  },
  logo: null,
};

export function partnerLookRoutes(router: Router, needs: DashboardNeeds): void {
  router.get(
    '/dashboard/partners/new/look',
    page(needs, 'reader', async (visit) => {
      sendFrame(needs, visit, NO_BRANDING);
      return null;
    }),
  );
  router.post(
    '/dashboard/partners/new/look',
    act(needs, 'operator', async (visit, form) => {
      sendFrame(needs, visit, await typedLook(needs, form));
      return null;
    }),
  );
  router.get(
    '/dashboard/partners/:slug/look',
    page(needs, 'reader', async (visit) => {
      const partner = await partnerIn(needs, visit);
      if (!partner) return unknownPartner(visit);
      sendFrame(needs, visit, partner);
      return null;
    }),
  );
  router.get(
    '/dashboard/partners/:slug/specimen.pdf',
    page(needs, 'reader', async (visit) => {
      const partner = await partnerIn(needs, visit);
      if (!partner) return unknownPartner(visit);
      await sendSpecimen(needs, visit, partner);
      return null;
    }),
  );
}

/** What the form would look like saved; fields that cannot be taken look as they are stored. */
async function typedLook(needs: DashboardNeeds, form: Form): Promise<Branded> {
  const slug = parsePartnerSlug(form.text('slug'));
  const stored = (slug && (await registryOf(needs).get(slug))) || null;
  const was = stored ?? { ...NO_BRANDING, slug: slug ?? NOBODY };
  const typed = {
    ...{ name: form.text('name'), color: form.text('color'), website: form.text('website') },
    ...{ contactEmail: form.text('contactEmail'), contactPhone: form.text('contactPhone') },
  };
  const { changes } = await readPartner(typed, { allowInsecure: true });
  return {
    slug: was.slug,
    branding: { ...was.branding, ...changes },
    logo: typedLogo(form, was.logo),
  };
}

function typedLogo(form: Form, stored: Logo | null): Logo | null {
  if (form.text('logoGone') !== '') return null;
  const bytes = form.file('logo')?.bytes ?? keptLogo(form);
  const read = bytes && readLogo(bytes);
  return read && 'logo' in read ? read.logo : stored;
}

function sendFrame(
  { seller }: DashboardNeeds,
  { ctx, now, viewer }: Visit,
  branded: Branded,
): void {
  ctx.set('Content-Security-Policy', BRANDING_POLICY);
  ctx.set('X-Content-Type-Options', 'nosniff');
  ctx.set('Referrer-Policy', 'no-referrer');
  ctx.set('Cross-Origin-Resource-Policy', 'same-origin');
  ctx.set('Cache-Control', 'no-store');
  ctx.status = 200;
  ctx.type = 'html';
  ctx.body = brandingDocument(branded, seller, { now, theme: viewer.preferences.theme });
}

async function sendSpecimen(
  { printer, seller }: DashboardNeeds,
  { ctx, now }: Visit,
  partner: Branded,
): Promise<void> {
  const { bytes } = await printer.print(brandedSpecimen(partner, seller, now), partner.logo);
  ctx.set('X-Content-Type-Options', 'nosniff');
  ctx.set('X-Frame-Options', 'DENY');
  ctx.set('Cross-Origin-Resource-Policy', 'same-origin');
  ctx.set('Cache-Control', 'no-store');
  ctx.set('Content-Disposition', `inline; filename="specimen-${partner.slug}.pdf"`);
  ctx.status = 200;
  ctx.type = 'application/pdf';
  ctx.body = Buffer.from(bytes);
}
