// The page of a one-time link: whoever was invited, or has lost their password, sets one that nobody else
// knows. Looking at the page spends nothing, since mail programs look at links, too.

import type Router from '@koa/router';
import type { Context } from 'koa';
import { hashPassword } from '#adapters/password.ts';
import { accountOfLink, setPasswordByLink } from '#adapters/postgres/account-secrets.ts';
import { passwordFault } from './account-words.ts';
import { showOuterPage } from './frame.ts';
import type { DashboardNeeds } from './needs.ts';
import { openAct, openPage } from './visit.ts';

/** The address to be handed to the person. */
export function welcomeUrl(publicUrl: string, token: string): string {
  return `${publicUrl}/dashboard/welcome?token=${token}`;
}

export function welcomeRoutes(router: Router, needs: DashboardNeeds): void {
  const ofLink = (token: string) => accountOfLink(needs.db, token, needs.clock.now());
  router.get(
    '/dashboard/welcome',
    openPage(async (ctx) => {
      const token = String(ctx.query.token ?? '');
      const account = await ofLink(token);
      if (!account) return showSpent(needs, ctx);
      show(needs, ctx, { ...account, token, fault: null });
    }),
  );
  router.post(
    '/dashboard/welcome',
    openAct(needs, async (ctx, form) => {
      const token = form.text('token');
      const account = await ofLink(token);
      if (!account) return showSpent(needs, ctx);
      const password = form.exact('password');
      const fault = passwordFault(password, account.email);
      if (fault) return show(needs, ctx, { ...account, token, fault });
      const passwordHash = await hashPassword(password);
      const now = needs.clock.now();
      if (!(await setPasswordByLink(needs.db, { token, passwordHash }, now))) {
        return showSpent(needs, ctx);
      }
      ctx.status = 303;
      ctx.redirect(`/dashboard/sign-in?set&email=${encodeURIComponent(account.email)}`);
    }),
  );
}

function show(
  needs: DashboardNeeds,
  ctx: Context,
  model: {
    readonly email: string;
    readonly name: string;
    readonly token: string;
    readonly fault: string | null;
  },
): void {
  const status = model.fault ? 422 : 200;
  showOuterPage(needs, ctx, { view: 'welcome', title: 'Votre mot de passe', model, status });
}

function showSpent(needs: DashboardNeeds, ctx: Context): void {
  const title = 'Ce lien ne sert plus';
  showOuterPage(needs, ctx, { view: 'welcome-spent', title, model: {}, status: 410 });
}
