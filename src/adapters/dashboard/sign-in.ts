// The judgement at the door. What an attacker can learn from it is whether a pair of address and password
// is right, and that at five tries per quarter of an hour: an unknown address costs the same work, the
// same time and the same words as a wrong password. A browser that its owner has signed in from is
// counted apart, so that a stranger's failures do not keep the owner out.

import { createHash } from 'node:crypto';
import { hashPassword, isOutdated, judgePassword } from '#adapters/password.ts';
import { useStep } from '#adapters/postgres/account-second-factor.ts';
import { type Proof, proofOf, renewHash } from '#adapters/postgres/account-secrets.ts';
import { note } from '#adapters/postgres/accounts.ts';
import { forgetEnded } from '#adapters/postgres/dashboard/account-sessions.ts';
import {
  forgetTries,
  giveBackTry,
  takeTry,
} from '#adapters/postgres/dashboard/sign-in-failures.ts';
import { totpPlace } from '#adapters/postgres/sealed-secrets.ts';
import { stepOfCode } from '#adapters/totp.ts';
import type { DashboardNeeds } from './needs.ts';

export type Refusal =
  /** `left`: tries before the pause; 0: the pause has begun. */
  | { readonly kind: 'wrong'; readonly left: number }
  | { readonly kind: 'paused'; readonly until: Date }
  /** Too many at once; no try was counted. */
  | { readonly kind: 'busy' };

export type PasswordAnswer =
  | Refusal
  /** `failures`: tries in vain just before. */
  | { readonly kind: 'right'; readonly proof: Proof; readonly failures: number };

const ACCOUNT_LIMIT = 5;
/** A house may share one address, and somebody mistypes every morning. */
const CLIENT_LIMIT = 20;

export type Door = {
  /** As `clientAddress` tells it. */
  readonly client: string;
  /** The id of the browser, if the account's owner has signed in from it. */
  readonly knownBrowser: string | null;
};

/** Judges an address and a password, as typed. Opens nothing. */
export async function judgeSignIn(
  needs: DashboardNeeds,
  typed: { readonly email: string; readonly password: string },
  { client, knownBrowser }: Door,
): Promise<PasswordAnswer> {
  const email = typed.email.toLowerCase();
  const subject = knownBrowser ? `browser:${knownBrowser}` : `account:${digest(email)}`;
  const fromClient = `client:${client}`;
  const now = needs.clock.now();
  const taken = await takeTry(
    needs.db,
    [
      { subject, limit: ACCOUNT_LIMIT },
      { subject: fromClient, limit: CLIENT_LIMIT },
    ],
    now,
  );
  if (taken.kind === 'paused') return taken;
  const proof = await proofOf(needs.db, email);
  const judgement = await judgePassword(typed.password, proof?.passwordHash ?? null);
  if (judgement === 'busy') {
    await giveBackTry(needs.db, subject);
    await giveBackTry(needs.db, fromClient);
    return { kind: 'busy' };
  }
  if (judgement === 'wrong' || !proof) {
    if (taken.left === 0) await tellOfPause(needs, proof, client);
    return { kind: 'wrong', left: taken.left };
  }
  const tries = await forgetTries(needs.db, subject);
  await giveBackTry(needs.db, fromClient);
  await forgetEnded(needs.db, now);
  return { kind: 'right', proof: await renewed(needs, proof, typed.password), failures: tries - 1 };
}

/** The present password of somebody who is signed in, asked again before their account changes. */
export async function judgeOwnPassword(
  needs: DashboardNeeds,
  email: string,
  password: string,
): Promise<Refusal | { readonly kind: 'right' }> {
  const subject = `own:${digest(email)}`;
  const now = needs.clock.now();
  const taken = await takeTry(needs.db, [{ subject, limit: ACCOUNT_LIMIT }], now);
  if (taken.kind === 'paused') return taken;
  const proof = await proofOf(needs.db, email);
  const judgement = await judgePassword(password, proof?.passwordHash ?? null);
  if (judgement === 'wrong') return { kind: 'wrong', left: taken.left };
  if (judgement === 'busy') {
    await giveBackTry(needs.db, subject);
    return { kind: 'busy' };
  }
  await forgetTries(needs.db, subject);
  return { kind: 'right' };
}

/** Judges the code of the second factor and uses it up: the same one is wrong the next time. */
export async function judgeCode(
  needs: DashboardNeeds,
  { email, secondFactor }: Proof,
  code: string,
  { client }: Pick<Door, 'client'>,
): Promise<Refusal | { readonly kind: 'right' }> {
  const subject = `code:${digest(email)}`;
  const fromClient = `client:${client}`;
  const now = needs.clock.now();
  const limits = [
    { subject, limit: ACCOUNT_LIMIT },
    { subject: fromClient, limit: CLIENT_LIMIT },
  ];
  const taken = await takeTry(needs.db, limits, now);
  if (taken.kind === 'paused') return taken;
  const secret = secondFactor && needs.secrets.open(secondFactor, totpPlace(email));
  const step = secret ? stepOfCode(secret, code, now) : null;
  const isRight =
    secondFactor && step !== null
      ? await useStep(needs.db, { email, secret: secondFactor, step })
      : false;
  if (isRight) {
    await forgetTries(needs.db, subject);
    await giveBackTry(needs.db, fromClient);
    return { kind: 'right' };
  }
  if (taken.left === 0) await tellOfPause(needs, { email }, client);
  return { kind: 'wrong', left: taken.left };
}

// One row a pause, so that a flood of tries is no flood of rows. The address it came from goes to the
// log, which ends; the journal does not.
async function tellOfPause(
  { db, clock, log }: DashboardNeeds,
  account: { readonly email: string } | null,
  client: string,
): Promise<void> {
  const subject = account?.email ?? 'adresse inconnue';
  log.warn({ client, subject }, 'sign-in was refused too often and rests');
  const by = { actor: 'inconnu', why: 'trop d’essais, pause de 15 min' };
  const told = { at: clock.now(), action: 'sign-in-refused', subject, by };
  await db.transaction().execute((trx) => note(trx, told));
}

async function renewed(needs: DashboardNeeds, proof: Proof, password: string): Promise<Proof> {
  const { email, passwordHash: from } = proof;
  if (from === null || !isOutdated(from)) return proof;
  const to = await hashPassword(password);
  await renewHash(needs.db, { email, from, to });
  return { ...proof, passwordHash: to };
}

// What was typed is kept as a digest: people type their password into the wrong field.
function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
