// Signing in and out. In the sandbox, where nothing is real and the door is this machine's own, a visitor
// may enter without a password.

import type Router from '@koa/router';
import type { Context } from 'koa';
import { readForm } from '#adapters/pages/form.ts';
import { refuseCrossSite } from '#adapters/pages/page-guard.ts';
import { addAccount } from '#adapters/postgres/accounts.ts';
import { closeSession, openSession } from '#adapters/postgres/dashboard/account-sessions.ts';
import { showOuterPage } from './frame.ts';
import type { DashboardNeeds } from './needs.ts';
import { act, ownPlace, sessionCookie } from './visit.ts';

export function signInRoutes(router: Router, needs: DashboardNeeds): void {
  const ownSiteOnly = refuseCrossSite(needs.publicUrl);
  router.get('/dashboard/sign-in', (ctx) => {
    const next = ownPlace(String(ctx.query.next ?? ''));
    const isSandbox = needs.environment === 'sandbox';
    const model = { next, email: '', fault: null, isSandbox };
    showOuterPage(needs, ctx, { view: 'sign-in', title: 'Connexion', model });
  });
  router.post('/dashboard/sign-in/visitor', ownSiteOnly, async (ctx) => {
    if (needs.environment !== 'sandbox') {
      ctx.status = 404;
      return;
    }
    const form = await readForm(ctx);
    await enter(needs, ctx, await visitorAccount(needs));
    ctx.status = 303;
    ctx.redirect(ownPlace(form?.text('next') ?? ''));
  });
  router.post(
    '/dashboard/sign-out',
    act(needs, 'reader', async ({ ctx }) => {
      const name = sessionCookie(needs.publicUrl);
      const token = ctx.cookies.get(name);
      if (token) await closeSession(needs.db, token);
      ctx.cookies.set(name, null);
      return { to: '/dashboard/sign-in' };
    }),
  );
}

/** Signs the account in: a new session each time, so that one planted before is worth nothing. */
async function enter(needs: DashboardNeeds, ctx: Context, email: string): Promise<void> {
  const now = needs.clock.now();
  const name = sessionCookie(needs.publicUrl);
  const planted = ctx.cookies.get(name);
  if (planted) await closeSession(needs.db, planted);
  const userAgent = ctx.get('user-agent') || null;
  const token = await openSession(needs.db, { email, userAgent }, now);
  ctx.cookies.set(name, token, {
    httpOnly: true,
    sameSite: 'lax',
    secure: needs.publicUrl.startsWith('https:'),
    path: '/',
    overwrite: true,
  });
}

// Has no password that anybody knows.
async function visitorAccount({ db, clock }: DashboardNeeds): Promise<string> {
  const email = 'visite@bac-a-sable.example';
  const account = {
    email,
    name: 'Camille (bac à sable)',
    role: 'admin',
    passwordHash: '!',
  } as const;
  await addAccount(db, account, clock.now());
  return email;
}
