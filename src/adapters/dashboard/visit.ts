// One request of somebody who is signed in: who it is, what the form says, where the answer goes. Every
// page and every act of the dashboard passes here, so that none can forget to ask who is there, whether
// they may, and whether the form is ours.

import { timingSafeEqual } from 'node:crypto';
import type { Context, Middleware } from 'koa';
import { type Form, readForm } from '#adapters/pages/form.ts';
import { refuseCrossSite } from '#adapters/pages/page-guard.ts';
import {
  leaveNotice,
  type Notice,
  type Role,
  type Viewer,
  viewerOf,
} from '#adapters/postgres/dashboard/account-sessions.ts';
import { type Page, showPage } from './frame.ts';
import type { DashboardNeeds } from './needs.ts';
import { sessionCookie } from './own-cookies.ts';

export { sessionCookie };

export type Visit = {
  readonly viewer: Viewer;
  readonly now: Date;
  /** A field of the address, trimmed; empty when it is not there. */
  query(name: string): string;
  /** A part of the path (`/orders/:id`). */
  param(name: string): string;
  may(role: Role): boolean;
  /** For what is neither page nor redirection: a file, a stream. */
  readonly ctx: Context;
};

/** Leads to a page, where the notice is said. */
export type Onward = { readonly to: string; readonly notice?: Notice };

/** What a route lets in: asked of every route by a test, so that none is added without a guard. */
export type Guard =
  | { readonly kind: 'page' | 'act'; readonly role: Role }
  /** Without a session, on purpose. */
  | { readonly kind: 'open-page' | 'open-act'; readonly role: null };

export type Guarded = Middleware & { readonly guard: Guard };

const RANKS: Readonly<Record<Role, number>> = { reader: 0, operator: 1, admin: 2 };

/**
 * A GET. Leads those who are not signed in to the sign-in page and back; 403 below the role. `make`
 * may answer the request itself through `ctx` and return null.
 */
export function page(
  needs: DashboardNeeds,
  role: Role,
  make: (visit: Visit) => Promise<Page | Onward | null>,
): Guarded {
  return guarded({ kind: 'page', role }, async (ctx) => {
    const visit = await visitOf(needs, ctx, role);
    if (visit) await answer(needs, ctx, visit, await make(visit));
  });
}

/** A POST: also refused without this session's own form. `act` changes something, then leads on. */
export function act(
  needs: DashboardNeeds,
  role: Role,
  work: (visit: Visit, form: Form) => Promise<Page | Onward | null>,
): Guarded {
  const ownSiteOnly = refuseCrossSite(needs.publicUrl);
  return guarded({ kind: 'act', role }, (ctx) =>
    ownSiteOnly(ctx, async () => {
      const visit = await visitOf(needs, ctx, role);
      if (!visit) return;
      const form = await readForm(ctx);
      if (!form || !isSame(form.exact('csrf'), visit.viewer.csrfToken)) {
        const text =
          'Ce formulaire ne vient pas de votre session, ou il est trop grand. ' +
          'Rien n’a été modifié\u202F: revenez à la page et recommencez.';
        return refuse(needs, ctx, visit, 403, 'Demande refusée', text);
      }
      await answer(needs, ctx, visit, await work(visit, form));
    }),
  );
}

/** A GET that needs no session: the sign-in page. Changes nothing. */
export function openPage(work: (ctx: Context) => Promise<void>): Guarded {
  return guarded({ kind: 'open-page', role: null }, work);
}

/** A POST that needs no session; refused when another site's page sent it. */
export function openAct(
  needs: DashboardNeeds,
  work: (ctx: Context, form: Form) => Promise<void>,
): Guarded {
  const ownSiteOnly = refuseCrossSite(needs.publicUrl);
  return guarded({ kind: 'open-act', role: null }, (ctx) =>
    ownSiteOnly(ctx, async () => {
      const form = await readForm(ctx);
      if (form) return work(ctx, form);
      ctx.status = 400;
      ctx.body = 'Ce formulaire ne se lit pas\u202F: rien n’a été modifié.';
    }),
  );
}

/** A page of one sentence in the dashboard's frame: an unknown order, a role that does not suffice. */
export function problem(status: number, heading: string, text: string): Page {
  return { view: 'problem', title: heading, place: null, status, model: { heading, text } };
}

async function visitOf(needs: DashboardNeeds, ctx: Context, role: Role): Promise<Visit | null> {
  const now = needs.clock.now();
  const token = ctx.cookies.get(sessionCookie(needs.publicUrl));
  // What a page fetches by itself is no use of the session.
  const isUse = ctx.get('x-live') === '' && ctx.get('accept') !== 'text/event-stream';
  const viewer = token ? await viewerOf(needs.db, token, now, { isUse }) : null;
  if (!viewer) {
    const back = ctx.method === 'GET' ? ctx.url : '/dashboard';
    ctx.status = 303;
    ctx.redirect(`/dashboard/sign-in?next=${encodeURIComponent(back)}`);
    return null;
  }
  const visit: Visit = {
    viewer,
    now,
    query: (name) => single(ctx.query[name]).trim(),
    param: (name) => single(ctx.params[name]),
    may: (wanted) => RANKS[viewer.role] >= RANKS[wanted],
    ctx,
  };
  if (visit.may(role)) return visit;
  const text = 'Votre compte n’a pas ce droit. Demandez-le à qui administre ComptAppart.';
  await refuse(needs, ctx, visit, 403, 'Accès refusé', text);
  return null;
}

async function answer(
  needs: DashboardNeeds,
  ctx: Context,
  visit: Visit,
  what: Page | Onward | null,
): Promise<void> {
  if (what === null) return;
  if ('view' in what) return showPage(needs, ctx, visit.viewer, what);
  const token = ctx.cookies.get(sessionCookie(needs.publicUrl));
  if (what.notice && token) await leaveNotice(needs.db, token, what.notice);
  ctx.status = 303;
  ctx.redirect(what.to);
}

function refuse(
  needs: DashboardNeeds,
  ctx: Context,
  { viewer }: Visit,
  status: number,
  heading: string,
  text: string,
): Promise<void> {
  return showPage(needs, ctx, viewer, problem(status, heading, text));
}

function guarded(guard: Guard, work: Middleware): Guarded {
  const middleware: Middleware = (ctx, next) => {
    setGuardHeaders(ctx);
    return work(ctx, next);
  };
  return Object.assign(middleware, { guard });
}

// What also holds for answers that are no page: redirections, files, the stream.
function setGuardHeaders(ctx: Context): void {
  ctx.set('Cache-Control', 'no-store');
  ctx.set('X-Content-Type-Options', 'nosniff');
  ctx.set('Referrer-Policy', 'same-origin');
}

function single(value: unknown): string {
  const one = Array.isArray(value) ? value.at(-1) : value;
  return typeof one === 'string' ? one.slice(0, 2_000) : '';
}

function isSame(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
