// « Mon compte »: one's own name, password, open sessions, and how the pages look. What would lock
// somebody else out asks for the present password, so that a screen left open is not an account lost.

import type Router from '@koa/router';
import { FIXED } from '#adapters/french.ts';
import { shownTime } from '#adapters/pages/shown-time.ts';
import { hashPassword } from '#adapters/password.ts';
import { secondFactorOf } from '#adapters/postgres/account-second-factor.ts';
import { proofOf, setPassword } from '#adapters/postgres/account-secrets.ts';
import { renameAccount } from '#adapters/postgres/accounts.ts';
import {
  closeOtherSessions,
  closeSessionById,
  leaveNotice,
  type OpenSession,
  openSessionIfStill,
  openSessionsOf,
  type Preferences,
  sessionId,
} from '#adapters/postgres/dashboard/account-sessions.ts';
import { setPreferences } from '#adapters/postgres/dashboard/preferences.ts';
import { plainLine } from '#domain/text.ts';
import { passwordFault, ROLE_WORDS, refusalStatus, refusalText } from './account-words.ts';
import { browserName } from './browser-name.ts';
import type { Page } from './frame.ts';
import type { DashboardNeeds } from './needs.ts';
import { sessionCookie, setCookie } from './own-cookies.ts';
import { judgeOwnPassword } from './sign-in.ts';
import { act, page, type Visit } from './visit.ts';

const HERE = '/dashboard/account';
export const WRONG_PRESENT_PASSWORD = 'Mot de passe actuel incorrect';

type Faults = {
  readonly name?: string;
  readonly present?: string;
  readonly wanted?: string;
  readonly status?: number;
};

export function accountRoutes(router: Router, needs: DashboardNeeds): void {
  router.get(
    HERE,
    page(needs, 'reader', (visit) => accountPage(needs, visit)),
  );
  router.post(
    `${HERE}/name`,
    act(needs, 'reader', async (visit, form) => {
      const { email } = visit.viewer;
      const name = plainLine(form.text('name'), 100);
      if (name === '') {
        return accountPage(needs, visit, { name: 'Le nom ne peut pas être vide.', status: 422 });
      }
      const by = { actor: email, why: null };
      await renameAccount(needs.db, { email, name }, by, visit.now);
      return { to: HERE, notice: { kind: 'done', text: 'Votre nom est enregistré.' } };
    }),
  );
  passwordRoute(router, needs);
  sessionRoutes(router, needs);
  router.post(
    `${HERE}/preferences`,
    act(needs, 'reader', async ({ viewer }, form) => {
      const theme = form.text('theme');
      const preferences: Preferences = {
        ...(theme === 'light' || theme === 'dark' ? { theme } : {}),
        ...(form.text('shortcuts') === 'on' ? {} : { noShortcuts: true }),
      };
      await setPreferences(needs.db, viewer.email, preferences);
      return { to: HERE, notice: { kind: 'done', text: 'Vos préférences sont enregistrées.' } };
    }),
  );
}

function passwordRoute(router: Router, needs: DashboardNeeds): void {
  router.post(
    `${HERE}/password`,
    act(needs, 'reader', async (visit, form) => {
      const { ctx, now } = visit;
      const { email } = visit.viewer;
      const wanted = form.exact('wanted');
      const fault = passwordFault(wanted, email);
      if (fault) return accountPage(needs, visit, { wanted: fault, status: 422 });
      const judged = await judgeOwnPassword(needs, email, form.exact('present'));
      if (judged.kind !== 'right') {
        const present = refusalText(judged, WRONG_PRESENT_PASSWORD, now);
        return accountPage(needs, visit, { present, status: refusalStatus(judged) });
      }
      const passwordHash = await hashPassword(wanted);
      await setPassword(needs.db, { email, passwordHash }, { actor: email, why: null }, now);
      // All sessions are closed, this one, too: whoever holds a copy of its token holds nothing.
      const userAgent = ctx.get('user-agent') || null;
      const token = await openSessionIfStill(needs.db, { email, passwordHash, userAgent }, now);
      if (!token) return { to: '/dashboard/sign-in' };
      setCookie(needs, ctx, sessionCookie(needs.publicUrl), token);
      const text = 'Votre mot de passe est changé. Vos autres sessions sont fermées.';
      await leaveNotice(needs.db, token, { kind: 'done', text });
      return { to: HERE };
    }),
  );
}

function sessionRoutes(router: Router, needs: DashboardNeeds): void {
  router.post(
    `${HERE}/sessions/close`,
    act(needs, 'reader', async ({ viewer }, form) => {
      const { email } = viewer;
      const isClosed = await closeSessionById(needs.db, { email, id: form.text('id') });
      const text = isClosed ? 'La session est fermée.' : 'Cette session était déjà fermée.';
      return { to: HERE, notice: { kind: 'done', text } };
    }),
  );
  router.post(
    `${HERE}/sessions/close-others`,
    act(needs, 'reader', async ({ viewer, ctx }) => {
      const token = ctx.cookies.get(sessionCookie(needs.publicUrl)) ?? '';
      await closeOtherSessions(needs.db, { email: viewer.email, token });
      const text = 'Vos autres sessions sont fermées.';
      return { to: HERE, notice: { kind: 'done', text } };
    }),
  );
}

async function accountPage(
  needs: DashboardNeeds,
  { viewer, ctx, now }: Visit,
  faults: Faults = {},
): Promise<Page> {
  const { email, name, role, preferences } = viewer;
  const [proof, factor, sessions] = await Promise.all([
    proofOf(needs.db, email),
    secondFactorOf(needs.db, email),
    openSessionsOf(needs.db, email, now),
  ]);
  const own = sessionId(ctx.cookies.get(sessionCookie(needs.publicUrl)) ?? '');
  const shown = sessions.map((session) => sessionView(session, own, now));
  return {
    view: 'account',
    title: 'Mon compte',
    place: null,
    status: faults.status ?? 200,
    model: {
      ...{ email, name, role: ROLE_WORDS[role] },
      faults: { name: null, present: null, wanted: null, ...faults },
      hasPassword: proof?.passwordHash != null,
      hasSecondFactor: factor?.isConfirmed === true,
      sessions: shown,
      hasOthers: shown.some(({ isOwn }) => !isOwn),
      themes: [
        { value: 'auto', word: 'Comme l’appareil', isChosen: preferences.theme === undefined },
        { value: 'light', word: 'Clair', isChosen: preferences.theme === 'light' },
        { value: 'dark', word: 'Sombre', isChosen: preferences.theme === 'dark' },
      ],
      hasShortcuts: preferences.noShortcuts !== true,
    },
  };
}

function sessionView({ id, userAgent, createdAt, seenAt }: OpenSession, own: string, now: Date) {
  return {
    ...{ id, isOwn: id === own, browser: browserName(userAgent) },
    ...{ since: shownTime(createdAt, now), seen: shownTime(seenAt, now) },
    label: `Fermer la session${FIXED}: ${browserName(userAgent)}`,
  };
}
