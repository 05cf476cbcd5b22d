// Partners' people and programs for tests of the portal: a link made and pressed as a browser would, and
// requests with the cookie or the token that come of it.

import { portalCookie } from '#adapters/portal/portal-visit.ts';
import type { Database } from '#adapters/postgres/database.ts';
import { makePortalLink } from '#adapters/postgres/portal/portal-access.ts';
import { makePortalToken } from '#adapters/postgres/portal/portal-tokens.ts';
import type { PartnerSlug } from '#domain/partner.ts';
import type { TestPages } from './dashboard.ts';

export const BY = { actor: 'nadia@example.fr', why: null } as const;

export type Guest = {
  readonly cookie: string;
  /** Redirections are not followed. */
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  /** A form of a page of this session. */
  post(path: string, fields?: Record<string, string>): Promise<Response>;
};

type Pages = Pick<TestPages, 'url'> & {
  readonly books: { readonly db: Database; readonly clock: { now(): Date } };
};

/** The token in a new link's address. */
export async function linkToken({ books }: Pages, slug: string): Promise<string> {
  const made = await makePortalLink(books.db, slug as PartnerSlug, BY, books.clock.now());
  if (made === 'not-found') throw new Error(`no partner ${slug}`);
  return made.token;
}

/** Opens the link and presses the button. */
export async function enterPortal(pages: Pages, slug: string): Promise<Guest> {
  const opened = await fetch(`${pages.url}/portal/open/${await linkToken(pages, slug)}`, {
    redirect: 'manual',
  });
  const held = cookiesOf(opened);
  const pressed = await fetch(`${pages.url}/portal/open`, {
    ...{ method: 'POST', redirect: 'manual' },
    headers: { cookie: held, origin: pages.url },
  });
  if (pressed.status !== 303) throw new Error(`the portal stays shut: ${pressed.status}`);
  const cookie = cookiesOf(pressed)
    .split('; ')
    .find((it) => it.startsWith(`${portalCookie(pages.url)}=`));
  if (!cookie) throw new Error('no session');
  return guestOf(pages.url, cookie);
}

/** A browser that sends this cookie. */
export function guestOf(url: string, cookie: string): Guest {
  const redirect = 'manual';
  const get: Guest['get'] = (path, headers = {}) =>
    fetch(url + path, { redirect, headers: { cookie, ...headers } });
  return {
    cookie,
    get,
    async post(path, fields = {}) {
      const [, csrf = ''] =
        /name="csrf" value="([^"]+)"/.exec(await (await get('/portal')).text()) ?? [];
      return fetch(url + path, {
        ...{ redirect, method: 'POST', headers: { cookie, origin: url } },
        body: new URLSearchParams({ csrf, ...fields }),
      });
    },
  };
}

/** A token for the partner's programs. */
export async function apiToken({ books }: Pages, slug: string): Promise<string> {
  const of = { slug: slug as PartnerSlug, label: 'ERP' };
  const made = await makePortalToken(books.db, of, BY, books.clock.now());
  if (made === 'not-found') throw new Error(`no partner ${slug}`);
  return made.token;
}

/** Names and values of the cookies that the answer sets, without those it takes away. */
export function cookiesOf(answer: Response): string {
  return answer.headers
    .getSetCookie()
    .map((it) => it.split(';')[0] ?? '')
    .filter((it) => !it.endsWith('='))
    .join('; ');
}
