// Signing in and out. A session is opened only when everything asked for was right, and always a new
// one. In the sandbox, where nothing is real and the door is this machine's own, a visitor may enter
// without a password.

import type Router from '@koa/router';
import type { Context } from 'koa';
import type { Proof } from '#adapters/postgres/account-secrets.ts';
import { addAccount, hasAnyAccount, NO_PASSWORD, note } from '#adapters/postgres/accounts.ts';
import {
  closeSession,
  openSession,
  openSessionIfStill,
  viewerOf,
} from '#adapters/postgres/dashboard/account-sessions.ts';
import { PAUSE_MS } from '#adapters/postgres/dashboard/sign-in-failures.ts';
import { refusalStatus, refusalText } from './account-words.ts';
import { clientAddress } from './client-address.ts';
import { showOuterPage } from './frame.ts';
import type { DashboardNeeds } from './needs.ts';
import { dropCookie, sessionCookie, setCookie } from './own-cookies.ts';
import { ownPlace } from './own-place.ts';
import {
  beginStep,
  endStep,
  knownBrowser,
  presentStep,
  rememberBrowser,
} from './sealed-cookies.ts';
import { judgeCode, judgeSignIn, type Refusal } from './sign-in.ts';
import { act, openAct, openPage } from './visit.ts';

const WRONG_PAIR = 'Adresse e-mail ou mot de passe incorrect';
const WRONG_CODE = 'Code incorrect ou déjà utilisé';

export function signInRoutes(router: Router, needs: DashboardNeeds): void {
  router.get(
    '/dashboard/sign-in',
    openPage(async (ctx) => {
      const next = ownPlace(one(ctx.query.next));
      const token = ctx.cookies.get(sessionCookie(needs.publicUrl));
      if (token && (await viewerOf(needs.db, token, needs.clock.now()))) return onward(ctx, next);
      const email = one(ctx.query.email).slice(0, 254);
      await showSignIn(needs, ctx, { next, email, isSet: 'set' in ctx.query });
    }),
  );
  router.post(
    '/dashboard/sign-in',
    openAct(needs, async (ctx, form) => {
      const [email, next] = [form.text('email').slice(0, 254), ownPlace(form.text('next'))];
      const door = { client: clientAddress(ctx), knownBrowser: knownBrowser(needs, ctx, email) };
      const answer = await judgeSignIn(needs, { email, password: form.exact('password') }, door);
      if (answer.kind !== 'right') return showSignIn(needs, ctx, { next, email, refusal: answer });
      const { proof, failures } = answer;
      if (proof.secondFactor) {
        beginStep(needs, ctx, { proof, failures });
        return onward(ctx, `/dashboard/sign-in/code?next=${encodeURIComponent(next)}`);
      }
      await enter(needs, ctx, { proof, failures, next });
    }),
  );
  codeRoutes(router, needs);
  visitorRoute(router, needs);
  router.post(
    '/dashboard/sign-out',
    act(needs, 'reader', async ({ ctx }) => {
      const name = sessionCookie(needs.publicUrl);
      const token = ctx.cookies.get(name);
      if (token) await closeSession(needs.db, token);
      dropCookie(needs, ctx, name);
      return { to: '/dashboard/sign-in' };
    }),
  );
}

// The second page: reached by the password alone, with no session yet.
function codeRoutes(router: Router, needs: DashboardNeeds): void {
  const show = (ctx: Context, next: string, refusal: Refusal | null): void => {
    const fault = refusal && refusalText(refusal, WRONG_CODE, needs.clock.now());
    const status = refusal ? refusalStatus(refusal) : 200;
    const model = { next, fault };
    showOuterPage(needs, ctx, { view: 'sign-in-code', title: 'Code de connexion', model, status });
  };
  const again = (ctx: Context, next: string) =>
    onward(ctx, `/dashboard/sign-in?next=${encodeURIComponent(next)}`);
  router.get(
    '/dashboard/sign-in/code',
    openPage(async (ctx) => {
      const next = ownPlace(one(ctx.query.next));
      if (!(await presentStep(needs, ctx))) return again(ctx, next);
      show(ctx, next, null);
    }),
  );
  router.post(
    '/dashboard/sign-in/code',
    openAct(needs, async (ctx, form) => {
      const next = ownPlace(form.text('next'));
      const step = await presentStep(needs, ctx);
      if (!step) return again(ctx, next);
      const door = { client: clientAddress(ctx) };
      const answer = await judgeCode(needs, step.proof, form.text('code'), door);
      if (answer.kind !== 'right') return show(ctx, next, answer);
      endStep(needs, ctx);
      await enter(needs, ctx, { ...step, next });
    }),
  );
}

function visitorRoute(router: Router, needs: DashboardNeeds): void {
  router.post(
    '/dashboard/sign-in/visitor',
    openAct(needs, async (ctx, form) => {
      if (needs.environment !== 'sandbox') {
        ctx.status = 404;
        return;
      }
      const email = await visitorAccount(needs);
      const userAgent = ctx.get('user-agent') || null;
      const token = await openSession(needs.db, { email, userAgent }, needs.clock.now());
      await tell(needs, email, 'sans mot de passe');
      await hand(needs, ctx, token);
      onward(ctx, ownPlace(form.text('next')));
    }),
  );
}

async function showSignIn(
  needs: DashboardNeeds,
  ctx: Context,
  what: {
    readonly next: string;
    readonly email: string;
    readonly refusal?: Refusal;
    /** A password was just set by a link. */
    readonly isSet?: boolean;
  },
): Promise<void> {
  const { next, email, refusal } = what;
  const isSandbox = needs.environment === 'sandbox';
  const model = {
    ...{ next, email, isSandbox, hasAccounts: await hasAnyAccount(needs.db) },
    fault: refusal ? refusalText(refusal, WRONG_PAIR, needs.clock.now()) : null,
  };
  const text = 'Votre mot de passe est enregistré. Connectez-vous.';
  const notice = what.isSet ? ({ kind: 'done', text } as const) : null;
  const status = refusal ? refusalStatus(refusal) : 200;
  if (refusal?.kind === 'busy') ctx.set('Retry-After', '5');
  if (refusal?.kind === 'paused') ctx.set('Retry-After', `${PAUSE_MS / 1000}`);
  showOuterPage(needs, ctx, { view: 'sign-in', title: 'Connexion', model, status, notice });
}

/** Opens the session, unless the account has changed since it was judged. */
async function enter(
  needs: DashboardNeeds,
  ctx: Context,
  how: { readonly proof: Proof; readonly failures: number; readonly next: string },
): Promise<void> {
  const { email, passwordHash } = how.proof;
  const now = needs.clock.now();
  const of = { email, passwordHash: passwordHash ?? '', userAgent: ctx.get('user-agent') || null };
  const token = await openSessionIfStill(needs.db, of, now);
  if (!token) return onward(ctx, '/dashboard/sign-in');
  const { failures } = how;
  const tries = failures === 1 ? '1 essai refusé' : `${failures} essais refusés`;
  await tell(needs, email, failures > 0 ? `après ${tries}` : null);
  await hand(needs, ctx, token);
  rememberBrowser(needs, ctx, email);
  onward(ctx, how.next);
}

async function tell({ db, clock }: DashboardNeeds, email: string, why: string | null) {
  const told = { at: clock.now(), action: 'signed-in', subject: email, by: { actor: email, why } };
  await db.transaction().execute((trx) => note(trx, told));
}

// A new token each time, and the end of the one that was there: planted before, it is worth nothing.
async function hand(needs: DashboardNeeds, ctx: Context, token: string): Promise<void> {
  const name = sessionCookie(needs.publicUrl);
  const planted = ctx.cookies.get(name);
  if (planted) await closeSession(needs.db, planted);
  setCookie(needs, ctx, name, token);
}

// Has no password that anybody knows.
async function visitorAccount({ db, clock }: DashboardNeeds): Promise<string> {
  const email = 'visite@bac-a-sable.example';
  const name = 'Camille (bac à sable)';
  await addAccount(db, { email, name, role: 'admin', passwordHash: NO_PASSWORD }, clock.now());
  return email;
}

function onward(ctx: Context, to: string): void {
  ctx.status = 303;
  ctx.redirect(to);
}

function one(value: string | string[] | undefined): string {
  return (Array.isArray(value) ? value.at(-1) : value) ?? '';
}
