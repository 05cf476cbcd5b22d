// Somebody at the door without a session: a browser reduced to a cookie jar, which sends forms as a page
// of ours would, and says what the answer was. Accounts for it get a password hash that costs nothing,
// since what a real one costs is tested once, elsewhere.

import { randomBytes, scryptSync } from 'node:crypto';
import { addAccount } from '#adapters/postgres/accounts.ts';
import { openSession, type Role } from '#adapters/postgres/dashboard/account-sessions.ts';
import type { Database } from '#adapters/postgres/database.ts';

export type Answered = {
  readonly status: number;
  /** Path and query; empty when it leads nowhere. */
  readonly location: string;
  readonly html: string;
  readonly headers: Headers;
};

export type Stranger = {
  readonly jar: Map<string, string>;
  /** Redirections are not followed. */
  get(path: string, headers?: Record<string, string>): Promise<Answered>;
  /** With the CSRF token of the last page that had one. */
  post(
    path: string,
    fields: Record<string, string>,
    headers?: Record<string, string>,
  ): Promise<Answered>;
};

const USER_AGENT = 'Mozilla/5.0 (X11; Linux) Firefox/145.0';

export function stranger(url: string): Stranger {
  const jar = new Map<string, string>();
  let csrf = '';
  async function ask(path: string, init: RequestInit): Promise<Answered> {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = { ...(init.headers as Record<string, string>), ...(cookie ? { cookie } : {}) };
    const answer = await fetch(url + path, { redirect: 'manual', ...init, headers });
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '') jar.delete(name);
      else jar.set(name, value);
    }
    const html = await answer.text();
    csrf = /name="csrf" value="([^"]+)"/.exec(html)?.[1] ?? csrf;
    const location = answer.headers.get('location') ?? '';
    return { status: answer.status, location, html, headers: answer.headers };
  }
  return {
    jar,
    get: (path, headers = {}) => ask(path, { headers }),
    post: (path, fields, headers = {}) =>
      ask(path, {
        method: 'POST',
        headers: { origin: url, 'user-agent': USER_AGENT, ...headers },
        body: new URLSearchParams({ csrf, ...fields }),
      }),
  };
}

/** The browser of somebody who has come in already, without the cost of a password. */
export async function insider(url: string, db: Database, email: string, now: Date) {
  const browser = stranger(url);
  const token = await openSession(db, { email, userAgent: USER_AGENT }, now);
  browser.jar.set('comptappart_session', token);
  await browser.get('/dashboard/account');
  return browser;
}

/** A hash that verifies in no time; a program of ours makes none like it. */
export function cheapHash(password: string): string {
  const salt = randomBytes(16);
  const key = scryptSync(password, salt, 32, { N: 2 ** 4, r: 8, p: 1 });
  const text = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '');
  return `$scrypt$ln=4,r=8,p=1$${text(salt)}$${text(key)}`;
}

export const PASSWORD = 'quatre mots pour une porte';

/** An account whose password is `PASSWORD`. */
export async function addPerson(
  db: Database,
  { email, role, name = 'Nadia Benali' }: { email: string; role: Role; name?: string },
  now: Date,
): Promise<string> {
  await addAccount(db, { email, name, role, passwordHash: cheapHash(PASSWORD) }, now);
  return email;
}

/** The page as one reads it: tags gone, blanks single. */
export function textOf(html: string): string {
  return html
    .replace(/<(script|style|svg)[\s\S]*?<\/\1>/g, ' ')
    .replace(/<[^>]+>/g, ' ')
    .replace(/&#x27;/g, "'")
    .replace(/&nbsp;/g, '\u00A0')
    .replace(/&#8239;/g, '\u202F')
    .replace(/[ \n]+/g, ' ');
}
