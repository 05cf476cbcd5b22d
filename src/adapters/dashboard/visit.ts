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

/** The browser's copy of a session. `__Host-` where there is TLS: then no other host can set it. */
export function sessionCookie(publicUrl: string): string {
  return publicUrl.startsWith('https:') ? '__Host-session' : 'comptappart_session';
}

const RANKS: Readonly<Record<Role, number>> = { reader: 0, operator: 1, admin: 2 };

/**
 * A GET. Leads those who are not signed in to the sign-in page and back; 403 below the role. `make`
 * may answer the request itself through `ctx` and return null.
 */
export function page(
  needs: DashboardNeeds,
  role: Role,
  make: (visit: Visit) => Promise<Page | Onward | null>,
): Middleware {
  return async (ctx) => {
    const visit = await visitOf(needs, ctx, role);
    if (visit) await answer(needs, ctx, visit, await make(visit));
  };
}

/** A POST: also refused without this session's own form. `act` changes something, then leads on. */
export function act(
  needs: DashboardNeeds,
  role: Role,
  work: (visit: Visit, form: Form) => Promise<Page | Onward | null>,
): Middleware {
  const ownSiteOnly = refuseCrossSite(needs.publicUrl);
  return (ctx, next) =>
    ownSiteOnly(ctx, async () => {
      const visit = await visitOf(needs, ctx, role);
      if (!visit) return next;
      const form = await readForm(ctx);
      if (!form || !isSame(form.exact('csrf'), visit.viewer.csrfToken)) {
        const text =
          'Ce formulaire ne vient pas de votre session, ou il est trop grand. ' +
          'Rien n’a été modifié\u202F: revenez à la page et recommencez.';
        return refuse(needs, ctx, visit, 403, 'Demande refusée', text);
      }
      await answer(needs, ctx, visit, await work(visit, form));
    });
}

/** A page of one sentence in the dashboard's frame: an unknown order, a role that does not suffice. */
export function problem(status: number, heading: string, text: string): Page {
  return { view: 'problem', title: heading, place: null, status, model: { heading, text } };
}

async function visitOf(needs: DashboardNeeds, ctx: Context, role: Role): Promise<Visit | null> {
  const now = needs.clock.now();
  const token = ctx.cookies.get(sessionCookie(needs.publicUrl));
  const viewer = token ? await viewerOf(needs.db, token, now) : null;
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

/** The place to go back to after signing in: one of ours, or the overview. */
export function ownPlace(wanted: string): string {
  const url = URL.parse(wanted, 'http://here.invalid');
  const isOurs = url?.origin === 'http://here.invalid' && url.pathname.startsWith('/dashboard');
  return isOurs ? url.pathname + url.search : '/dashboard';
}

function single(value: unknown): string {
  const one = Array.isArray(value) ? value.at(-1) : value;
  return typeof one === 'string' ? one.slice(0, 2_000) : '';
}

function isSame(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
