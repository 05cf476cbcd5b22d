// What the door hands to a browser to bring back, sealed, so that no row is needed for somebody who is
// not in yet: that the password was right and the code is to come, and that the owner of an account has
// been here before. Neither opens anything by itself.

import { createHash, randomBytes } from 'node:crypto';
import type { Context } from 'koa';
import { type Proof, proofOf } from '#adapters/postgres/account-secrets.ts';
import type { DashboardNeeds } from './needs.ts';
import { dropCookie, knownCookie, setCookie, stepCookie } from './own-cookies.ts';

const STEP_LIFE_MS = 5 * 60_000;
const KNOWN_LIFE_MS = 365 * 24 * 3_600_000;

/** Password right, code to come. `failures`: tries in vain just before. */
export type Step = { readonly proof: Proof; readonly failures: number };

type SealedStep = {
  readonly email: string;
  /** Of the hash that was found right: a new password voids the step. */
  readonly mark: string;
  readonly until: number;
  readonly failures: number;
};

export function beginStep(needs: DashboardNeeds, ctx: Context, { proof, failures }: Step): void {
  const step: SealedStep = {
    ...{ email: proof.email, mark: markOf(proof), failures },
    until: needs.clock.now().getTime() + STEP_LIFE_MS,
  };
  const name = stepCookie(needs.publicUrl);
  setCookie(needs, ctx, name, sealed(needs, step, name), STEP_LIFE_MS);
}

/** The step this browser is at; null when it took too long, or the account is no longer the same. */
export async function presentStep(needs: DashboardNeeds, ctx: Context): Promise<Step | null> {
  const name = stepCookie(needs.publicUrl);
  const step = opened<SealedStep>(needs, ctx.cookies.get(name), name);
  if (!step || step.until <= needs.clock.now().getTime()) return null;
  const proof = await proofOf(needs.db, step.email);
  const isSame = proof?.secondFactor && markOf(proof) === step.mark;
  return isSame ? { proof, failures: step.failures } : null;
}

export function endStep(needs: DashboardNeeds, ctx: Context): void {
  const name = stepCookie(needs.publicUrl);
  if (ctx.cookies.get(name)) dropCookie(needs, ctx, name);
}

/** The browser's id if this account was signed in to from it before; null otherwise. */
export function knownBrowser(needs: DashboardNeeds, ctx: Context, email: string): string | null {
  const name = knownCookie(needs.publicUrl);
  const known = opened<Known>(needs, ctx.cookies.get(name), name);
  return known?.email === email.toLowerCase() ? known.id : null;
}

export function rememberBrowser(needs: DashboardNeeds, ctx: Context, email: string): void {
  const name = knownCookie(needs.publicUrl);
  const id = knownBrowser(needs, ctx, email) ?? randomBytes(16).toString('hex');
  setCookie(needs, ctx, name, sealed(needs, { id, email }, name), KNOWN_LIFE_MS);
}

type Known = { readonly id: string; readonly email: string };

function markOf({ passwordHash }: Proof): string {
  return createHash('sha256')
    .update(passwordHash ?? '')
    .digest('base64url');
}

function sealed({ secrets }: DashboardNeeds, what: object, name: string): string {
  return secrets.seal(JSON.stringify(what), `cookie/${name}`).toString('base64url');
}

// One that was tampered with, or sealed with a key of long ago, is none.
function opened<T>({ secrets }: DashboardNeeds, text: string | undefined, name: string): T | null {
  if (!text) return null;
  try {
    return JSON.parse(secrets.open(Buffer.from(text, 'base64url'), `cookie/${name}`)) as T;
  } catch {
    return null;
  }
}
