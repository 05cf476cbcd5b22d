// One request of a partner's people. Every page and every act of the portal passes here: who it is stands
// in the session's row, and the slug that all queries get comes from there alone, so what another partner
// has cannot be asked for, whatever the address says.

import { timingSafeEqual } from 'node:crypto';
import type { Context, Middleware } from 'koa';
import type { DashboardNeeds } from '#adapters/dashboard/needs.ts';
import { type Form, readForm } from '#adapters/pages/form.ts';
import { refuseCrossSite } from '#adapters/pages/page-guard.ts';
import { type PortalGuest, portalGuest } from '#adapters/postgres/portal/portal-access.ts';
import { type PortalPage, showPortalPage } from './portal-frame.ts';

export type PortalVisit = {
  readonly guest: PortalGuest;
  readonly now: Date;
  /** A field of the address, trimmed; empty when it is not there. */
  query(name: string): string;
  /** A part of the path. */
  param(name: string): string;
  /** For what is neither page nor redirection: a file, a stream. */
  readonly ctx: Context;
};

type Answered = PortalPage | { readonly to: string } | null;

/** A GET; who has no session is shown how to get in. `make` may answer by itself and return null. */
export function portalPage(
  needs: DashboardNeeds,
  make: (visit: PortalVisit) => Promise<Answered>,
): Middleware {
  return async (ctx) => {
    const visit = await visitOf(needs, ctx);
    if (visit) answer(needs, visit, await make(visit));
  };
}

/** A POST: also refused without this session's own form. */
export function portalAct(
  needs: DashboardNeeds,
  work: (visit: PortalVisit, form: Form) => Promise<Answered>,
): Middleware {
  const ownSiteOnly = refuseCrossSite(needs.publicUrl);
  return (ctx) =>
    ownSiteOnly(ctx, async () => {
      const visit = await visitOf(needs, ctx);
      if (!visit) return;
      const form = await readForm(ctx);
      if (!form || !isSame(form.exact('csrf'), visit.guest.csrfToken)) {
        const text =
          'Ce formulaire ne vient pas de votre session, ou il est trop grand. ' +
          'Rien n’a été envoyé\u202F: revenez à la page et recommencez.';
        return showPortalPage(needs, ctx, visit.guest, portalProblem(403, 'Demande refusée', text));
      }
      answer(needs, visit, await work(visit, form));
    });
}

/** A page of one sentence. */
export function portalProblem(status: number, heading: string, text: string): PortalPage {
  return { view: 'problem', title: heading, tab: null, status, model: { heading, text } };
}

/** What is not there and what is another's look the same. */
export function notFound(): PortalPage {
  const text = 'L’adresse est fausse, ou ce qu’elle désigne n’est pas à vous.';
  return portalProblem(404, 'Cette page n’existe pas', text);
}

/** The browser's copy of a session. `__Host-` where there is TLS: then no other host can set it. */
export function portalCookie(publicUrl: string): string {
  return publicUrl.startsWith('https:') ? '__Host-portal' : 'comptappart_portal';
}

/** `maxAgeMs` 0 takes it away. */
export function setPortalCookie(
  { publicUrl }: Pick<DashboardNeeds, 'publicUrl'>,
  ctx: Context,
  cookie: { readonly name: string; readonly value: string; readonly maxAgeMs: number },
): void {
  const secure = publicUrl.startsWith('https:');
  // Koa would refuse a secure cookie on the plain connection that a proxy makes.
  ctx.cookies.secure = secure;
  ctx.cookies.set(cookie.name, cookie.value, {
    ...{ httpOnly: true, sameSite: 'lax', secure, path: '/', overwrite: true },
    ...(cookie.maxAgeMs === 0 ? { expires: new Date(0) } : { maxAge: cookie.maxAgeMs }),
  });
}

async function visitOf(needs: DashboardNeeds, ctx: Context): Promise<PortalVisit | null> {
  const now = needs.clock.now();
  const token = ctx.cookies.get(portalCookie(needs.publicUrl));
  const guest = token ? await portalGuest(needs.db, token, now) : null;
  if (!guest) {
    const text =
      'Le portail s’ouvre par un lien de 24\u00A0heures. Demandez-en un à votre contact chez ComptAppart.';
    showPortalPage(needs, ctx, null, portalProblem(401, 'Votre session est terminée', text));
    return null;
  }
  return {
    guest,
    now,
    query: (name) => single(ctx.query[name]).trim(),
    param: (name) => single(ctx.params[name]),
    ctx,
  };
}

function answer(needs: DashboardNeeds, { ctx, guest }: PortalVisit, what: Answered): void {
  if (what === null) return;
  if ('view' in what) {
    showPortalPage(needs, ctx, guest, what);
  } else {
    ctx.status = 303;
    ctx.redirect(what.to);
  }
}

function single(value: unknown): string {
  const one = Array.isArray(value) ? value.at(-1) : value;
  return typeof one === 'string' ? one.slice(0, 2_000) : '';
}

function isSame(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
