// « Comptes », for administrators: who may come in, and as what. Nobody types another person's password:
// the administrator hands on a link, shown once. Nobody changes their own role or shuts themselves
// out here, and the last administrator stays.

import type Router from '@koa/router';
import { shownTime } from '#adapters/pages/shown-time.ts';
import { removeSecondFactor } from '#adapters/postgres/account-second-factor.ts';
import { makeAccountLink } from '#adapters/postgres/account-secrets.ts';
import {
  type Account,
  type AccountChange,
  addAccount,
  changeRole,
  disableAccount,
  enableAccount,
  findAccount,
  listAccounts,
  NO_PASSWORD,
} from '#adapters/postgres/accounts.ts';
import type { Notice, Role } from '#adapters/postgres/dashboard/account-sessions.ts';
import { isSingleEmail } from '#domain/customer.ts';
import { plainLine } from '#domain/text.ts';
import { ROLE_WORDS } from './account-words.ts';
import type { Page } from './frame.ts';
import type { DashboardNeeds } from './needs.ts';
import { act, type Onward, page, problem, type Visit } from './visit.ts';
import { welcomeUrl } from './welcome-page.ts';

const HERE = '/dashboard/people';
const ROLES: readonly Role[] = ['reader', 'operator', 'admin'];

type Typed = { readonly email: string; readonly name: string; readonly role: string };
type Faults = { readonly email: string | null; readonly name: string | null };

export function peopleRoutes(router: Router, needs: DashboardNeeds): void {
  router.get(
    HERE,
    page(needs, 'admin', (visit) => peoplePage(needs, visit)),
  );
  router.post(
    `${HERE}/add`,
    act(needs, 'admin', async (visit, form) => {
      const role = ROLES.find((it) => it === form.text('role')) ?? 'reader';
      const email = form.text('email').toLowerCase();
      const name = plainLine(form.text('name'), 100);
      const typed = { email, name, role };
      const faults = {
        email: isSingleEmail(email) ? null : 'Ce n’est pas une adresse e-mail.',
        name: name === '' ? 'Le nom ne peut pas être vide.' : null,
      };
      if (faults.email || faults.name) return peoplePage(needs, visit, typed, faults);
      const by = byOf(visit);
      const account = { ...typed, passwordHash: NO_PASSWORD };
      if ((await addAccount(needs.db, account, visit.now, by)) === 'exists') {
        const fault = 'Cette adresse a déjà un compte.';
        return peoplePage(needs, visit, typed, { email: fault, name: null });
      }
      return linkPage(needs, visit, { email, name });
    }),
  );
  router.get(
    `${HERE}/:email`,
    page(needs, 'admin', (visit) => personPage(needs, visit)),
  );
  changeRoutes(router, needs);
}

function changeRoutes(router: Router, needs: DashboardNeeds): void {
  const change = (
    what: string,
    done: string,
    work: (visit: Visit, email: string, typed: string) => Promise<AccountChange>,
  ) =>
    router.post(
      `${HERE}/:email/${what}`,
      act(needs, 'admin', async (visit, form) => {
        const email = visit.param('email').toLowerCase();
        const self = 'C’est votre propre compte : un autre administrateur peut le changer.';
        if (email === visit.viewer.email) return back(email, { kind: 'refused', text: self });
        return back(email, changed(await work(visit, email, form.text('role')), done));
      }),
    );
  change('role', 'Le rôle est changé.', async (visit, email, typed) => {
    const role = ROLES.find((it) => it === typed);
    if (!role) return 'same';
    return changeRole(needs.db, { email, role }, byOf(visit), visit.now);
  });
  change('disable', 'Le compte est désactivé, ses sessions sont fermées.', (visit, email) =>
    disableAccount(needs.db, email, byOf(visit), visit.now),
  );
  change('enable', 'Le compte est réactivé.', (visit, email) =>
    enableAccount(needs.db, email, byOf(visit), visit.now),
  );
  change('remove-second-factor', 'Le second facteur est retiré.', async (visit, email) => {
    const isRemoved = await removeSecondFactor(needs.db, email, byOf(visit), visit.now);
    return isRemoved ? 'changed' : 'same';
  });
  router.post(
    `${HERE}/:email/link`,
    act(needs, 'admin', async (visit) => {
      const account = await findAccount(needs.db, visit.param('email'));
      if (!account) return unknown();
      if (account.disabledAt) {
        const text = 'Ce compte est désactivé : réactivez-le d’abord.';
        return back(account.email, { kind: 'refused', text });
      }
      return linkPage(needs, visit, account);
    }),
  );
}

async function peoplePage(
  needs: DashboardNeeds,
  { now, viewer }: Visit,
  typed: Typed = { email: '', name: '', role: 'reader' },
  faults: Faults = { email: null, name: null },
): Promise<Page> {
  const accounts = await listAccounts(needs.db);
  return {
    view: 'people',
    title: 'Comptes',
    place: 'people',
    status: faults.email || faults.name ? 422 : 200,
    model: {
      accounts: accounts.map((account) => accountView(account, viewer.email, now)),
      ...{ typed, faults, roles: rolesView(typed.role) },
    },
  };
}

async function personPage(needs: DashboardNeeds, visit: Visit): Promise<Page> {
  const account = await findAccount(needs.db, visit.param('email'));
  if (!account) return unknown();
  const view = accountView(account, visit.viewer.email, visit.now);
  return {
    view: 'person',
    title: account.name,
    place: 'people',
    model: { account: view, roles: rolesView(account.role) },
  };
}

// Shown in the answer to the form itself: there is no address at which it could be seen again.
async function linkPage(
  needs: DashboardNeeds,
  visit: Visit,
  { email, name }: { readonly email: string; readonly name: string },
): Promise<Page> {
  const { token, expiresAt } = await makeAccountLink(needs.db, email, byOf(visit), visit.now);
  const url = welcomeUrl(needs.publicUrl, token);
  const model = { email, name, url, expires: shownTime(expiresAt, visit.now) };
  return { view: 'person-link', title: 'Lien à transmettre', place: 'people', model };
}

function accountView(account: Account, own: string, now: Date) {
  const { email, name, disabledAt, hasPassword, hasSecondFactor, signedInAt } = account;
  return {
    ...{ email, name, hasPassword, hasSecondFactor, isOwn: email === own },
    href: hrefOf(email),
    journal: `/dashboard/actions?who=${encodeURIComponent(email)}`,
    role: ROLE_WORDS[account.role],
    added: shownTime(account.createdAt, now),
    disabled: disabledAt && shownTime(disabledAt, now),
    signedIn: signedInAt && shownTime(signedInAt, now),
  };
}

function rolesView(chosen: string) {
  return ROLES.map((value) => ({ value, ...ROLE_WORDS[value], isChosen: value === chosen }));
}

function changed(change: AccountChange, done: string): Notice {
  switch (change) {
    case 'changed':
      return { kind: 'done', text: done };
    case 'same':
      return { kind: 'done', text: 'C’était déjà le cas : rien n’a été modifié.' };
    case 'unknown':
      return { kind: 'refused', text: 'Ce compte n’existe pas.' };
    case 'last-admin':
      return {
        kind: 'refused',
        text: 'C’est le dernier compte d’administration : nommez-en un autre d’abord.',
      };
  }
}

function back(email: string, notice: Notice): Onward {
  return { to: hrefOf(email), notice };
}

function hrefOf(email: string): string {
  return `${HERE}/${encodeURIComponent(email)}`;
}

function byOf({ viewer }: Visit) {
  return { actor: viewer.email, why: null };
}

function unknown(): Page {
  return problem(404, 'Ce compte n’existe pas', 'L’adresse est fausse, ou trop ancienne.');
}
