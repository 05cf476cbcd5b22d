// One's own second factor: shown as a picture once, in force when a first code has proved that the
// telephone holds it. Beginning and removing ask for the password, since a session alone must not be
// able to lock its owner out, nor to weaken the account.

import type Router from '@koa/router';
import {
  beginSecondFactor,
  confirmSecondFactor,
  removeSecondFactor,
  secondFactorOf,
} from '#adapters/postgres/account-second-factor.ts';
import { closeOtherSessions } from '#adapters/postgres/dashboard/account-sessions.ts';
import { totpPlace } from '#adapters/postgres/sealed-secrets.ts';
import { newTotpSecret, spelled, stepOfCode, totpPicture } from '#adapters/totp.ts';
import { WRONG_PRESENT_PASSWORD } from './account-page.ts';
import { refusalText } from './account-words.ts';
import type { Page } from './frame.ts';
import type { DashboardNeeds } from './needs.ts';
import { sessionCookie } from './own-cookies.ts';
import { judgeOwnPassword } from './sign-in.ts';
import { act, type Onward, page, type Visit } from './visit.ts';

const ACCOUNT = '/dashboard/account';
const HERE = `${ACCOUNT}/second-factor`;
const ISSUERS = {
  sandbox: 'ComptAppart (bac à sable)',
  staging: 'ComptAppart (préproduction)',
  production: 'ComptAppart',
};

export function secondFactorRoutes(router: Router, needs: DashboardNeeds): void {
  router.get(
    HERE,
    page(needs, 'reader', async (visit) => {
      const secret = await pendingSecret(needs, visit);
      return secret ? factorPage(needs, visit, secret, null) : { to: ACCOUNT };
    }),
  );
  router.post(
    `${HERE}/begin`,
    act(needs, 'reader', async (visit, form) => {
      const { email } = visit.viewer;
      const refused = await refusedPassword(needs, visit, form.exact('present'));
      if (refused) return refused;
      const sealed = needs.secrets.seal(newTotpSecret(), totpPlace(email));
      const hasBegun = await beginSecondFactor(needs.db, { email, sealed });
      return { to: hasBegun ? HERE : ACCOUNT };
    }),
  );
  router.post(
    `${HERE}/confirm`,
    act(needs, 'reader', (visit, form) => confirm(needs, visit, form.text('code'))),
  );
  router.post(
    `${HERE}/remove`,
    act(needs, 'reader', async (visit, form) => {
      const { email } = visit.viewer;
      const refused = await refusedPassword(needs, visit, form.exact('present'));
      if (refused) return refused;
      await removeSecondFactor(needs.db, email, { actor: email, why: null }, visit.now);
      const text = 'Le second facteur est retiré. Votre mot de passe suffit à nouveau.';
      return { to: ACCOUNT, notice: { kind: 'done', text } };
    }),
  );
}

async function confirm(needs: DashboardNeeds, visit: Visit, code: string): Promise<Page | Onward> {
  const { viewer, now, ctx } = visit;
  const { email } = viewer;
  const factor = await secondFactorOf(needs.db, email);
  if (!factor || factor.isConfirmed) return { to: ACCOUNT };
  const secret = needs.secrets.open(factor.secret, totpPlace(email));
  const step = stepOfCode(secret, code, now);
  if (step === null) {
    const fault =
      'Ce code n’est pas celui du moment. Attendez le suivant, et vérifiez l’heure du téléphone.';
    return factorPage(needs, visit, secret, fault);
  }
  const of = { email, secret: factor.secret, step };
  if (!(await confirmSecondFactor(needs.db, of, now))) return { to: ACCOUNT };
  // Those were opened by the password alone.
  const token = ctx.cookies.get(sessionCookie(needs.publicUrl)) ?? '';
  await closeOtherSessions(needs.db, { email, token });
  const text = 'Le second facteur est activé : un code sera demandé à chaque connexion.';
  return { to: ACCOUNT, notice: { kind: 'done', text } };
}

async function pendingSecret(needs: DashboardNeeds, { viewer }: Visit): Promise<string | null> {
  const factor = await secondFactorOf(needs.db, viewer.email);
  if (!factor || factor.isConfirmed) return null;
  return needs.secrets.open(factor.secret, totpPlace(viewer.email));
}

async function refusedPassword(
  needs: DashboardNeeds,
  { viewer, now }: Visit,
  password: string,
): Promise<Onward | null> {
  const judged = await judgeOwnPassword(needs, viewer.email, password);
  if (judged.kind === 'right') return null;
  const text = refusalText(judged, WRONG_PRESENT_PASSWORD, now);
  return { to: ACCOUNT, notice: { kind: 'refused', text } };
}

function factorPage(
  { environment }: DashboardNeeds,
  { viewer }: Visit,
  secret: string,
  fault: string | null,
): Page {
  return {
    view: 'second-factor',
    title: 'Second facteur',
    place: null,
    status: fault ? 422 : 200,
    model: {
      fault,
      picture: totpPicture(secret, viewer.email, ISSUERS[environment]),
      spelled: spelled(secret),
    },
  };
}
