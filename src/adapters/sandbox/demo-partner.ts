// The sandbox's partner: an endpoint as a careful partner would write it. It checks the API key and
// the signature with code of its own (the sender's would only agree with itself), knows an order it
// has seen, and can be told to misbehave, so that refusals and retries can be watched. Everything
// that arrives is kept, refused or not.

import { createHmac, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import type { Middleware } from 'koa';
import getRawBody from 'raw-body';
import type { Clock, NewId } from '#application/ports.ts';
import { boundedLog } from './bounded-log.ts';

export type DemoPartnerOptions = {
  /** Where requests are kept, one JSON line each. */
  readonly file: string;
  /** What the partner was given when it was registered. */
  readonly secrets: () => Promise<DemoPartnerSecrets>;
  readonly clock: Clock;
  readonly newId: NewId;
};

export type DemoPartnerSecrets = {
  readonly apiKey: string | null;
  /** Two during a rotation. */
  readonly signingSecrets: readonly string[];
};

export type Verdict =
  | 'accepted'
  | 'repeated'
  | 'wrong-key'
  | 'wrong-signature'
  | 'too-old'
  | 'not-json'
  | 'unknown-event'
  /** It was told to answer so. */
  | 'as-told';

export type ReceivedRequest = {
  readonly id: string;
  /** ISO 8601, UTC. */
  readonly receivedAt: string;
  /** In the order received; the API key masked. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** As received, to the byte (it is UTF-8 or would not be JSON). */
  readonly body: string;
  readonly orderId: number | null;
  readonly verdict: Verdict;
  /** What was answered; null for no answer at all. */
  readonly status: number | null;
  readonly answer: string;
};

/** How the partner answers an order that it would accept. */
export type Behaviour = 'accept' | 'refuse' | 'fail' | 'hang' | 'redirect';
export const BEHAVIOURS: readonly Behaviour[] = ['accept', 'refuse', 'fail', 'hang', 'redirect'];

export type DemoPartner = {
  readonly receive: Middleware;
  /** Newest first. */
  requests(): readonly ReceivedRequest[];
  behaviour(): Behaviour;
  behave(how: Behaviour): void;
  /** Lets go of callers that are kept waiting. */
  close(): void;
};

type Judgement = { readonly verdict: Verdict; readonly orderId: number | null };
type Answer = { readonly status: number | null; readonly message: string };

const REQUESTS_KEPT = 200;
const BODY_BYTES_MAX = 256 * 1024;
/** The specification's advice against a recorded request that is played again. */
const TOLERANCE_S = 300;

export function demoPartner(options: DemoPartnerOptions): DemoPartner {
  const log = boundedLog<ReceivedRequest>(options.file, REQUESTS_KEPT);
  const closing = new AbortController();
  let behaviour: Behaviour = 'accept';

  function isKnown(orderId: number): boolean {
    const taken = log.newest().filter(({ status }) => status === 200);
    return taken.some((request) => request.orderId === orderId);
  }

  const receive: Middleware = async (ctx) => {
    const receivedAt = options.clock.now();
    const bytes = await getRawBody(ctx.req, { limit: BODY_BYTES_MAX }).catch(() => null);
    if (bytes === null) {
      ctx.status = 413;
      ctx.body = { success: false, message: 'Requête trop longue ou interrompue.' };
      return;
    }
    const secrets = await options.secrets();
    const judged = judge(ctx.req.headersDistinct, bytes, secrets, receivedAt, isKnown);
    const told = judged.verdict === 'accepted' && behaviour !== 'accept';
    const verdict = told ? 'as-told' : judged.verdict;
    const { status, message } = told ? ANSWERS_TOLD[behaviour] : ANSWERS[judged.verdict];
    const answer = JSON.stringify({ success: status === 200, message });
    log.append({
      id: options.newId(),
      receivedAt: receivedAt.toISOString(),
      headers: shownHeaders(ctx.req.rawHeaders),
      body: bytes.toString('utf8'),
      orderId: judged.orderId,
      verdict,
      status,
      answer: status === null ? '' : answer,
    });
    if (status === null) {
      ctx.respond = false;
      await hungUp(ctx.res, closing.signal);
      ctx.res.destroy();
      return;
    }
    ctx.status = status;
    if (status === 302) ctx.set('Location', '/sandbox/partner/ailleurs');
    ctx.type = 'application/json; charset=utf-8';
    ctx.body = answer;
  };

  return {
    receive,
    requests: () => log.newest(),
    behaviour: () => behaviour,
    behave(how) {
      behaviour = how;
    },
    close: () => closing.abort(),
  };
}

const ANSWERS: { readonly [V in Verdict]: Answer } = {
  accepted: { status: 200, message: 'Commande enregistrée' },
  repeated: { status: 200, message: 'Commande déjà traitée' },
  'wrong-key': { status: 401, message: 'Clé API absente ou fausse' },
  'wrong-signature': { status: 401, message: 'Signature absente ou fausse' },
  'too-old': { status: 401, message: 'Signature trop ancienne' },
  'not-json': { status: 400, message: 'Le corps n’est pas du JSON' },
  'unknown-event': { status: 400, message: 'Événement inconnu ou sans numéro de commande' },
  'as-told': { status: 500, message: '' },
};

const ANSWERS_TOLD: { readonly [B in Behaviour]: Answer } = {
  accept: ANSWERS.accepted,
  refuse: { status: 422, message: 'Refus simulé' },
  fail: { status: 503, message: 'Panne simulée' },
  hang: { status: null, message: '' },
  redirect: { status: 302, message: 'Redirection simulée' },
};

type HeadersDistinct = NodeJS.Dict<string[]>;

function judge(
  headers: HeadersDistinct,
  body: Buffer,
  { apiKey, signingSecrets }: DemoPartnerSecrets,
  now: Date,
  isKnown: (orderId: number) => boolean,
): Judgement {
  const orderId = orderIdOf(body);
  const refused = (verdict: Verdict) => ({ verdict, orderId: orderId ?? null });
  if (apiKey !== null && !isSame(headers['x-api-key']?.[0] ?? '', apiKey)) {
    return refused('wrong-key');
  }
  const signed = signatureVerdict(headers, body, signingSecrets, now);
  if (signed !== 'genuine') return refused(signed);
  if (orderId === undefined) return refused('not-json');
  if (orderId === null) return refused('unknown-event');
  return { verdict: isKnown(orderId) ? 'repeated' : 'accepted', orderId };
}

// Standard Webhooks: HMAC-SHA256 over id, timestamp and the raw body, in base64, under any secret.
function signatureVerdict(
  headers: HeadersDistinct,
  body: Buffer,
  secrets: readonly string[],
  now: Date,
): 'genuine' | 'wrong-signature' | 'too-old' {
  const id = headers['webhook-id']?.[0];
  const timestamp = headers['webhook-timestamp']?.[0];
  if (id === undefined || timestamp === undefined) return 'wrong-signature';
  const given = (headers['webhook-signature']?.[0] ?? '').split(' ');
  const genuine = secrets.some((secret) => {
    const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
    const hmac = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body);
    const right = `v1,${hmac.digest('base64')}`;
    return given.some((signature) => isSame(signature, right));
  });
  if (!genuine) return 'wrong-signature';
  const age = Math.abs(now.getTime() / 1000 - Number(timestamp));
  return age <= TOLERANCE_S ? 'genuine' : 'too-old';
}

/** Undefined when the body is not JSON, null when it tells of no order. */
function orderIdOf(body: Buffer): number | null | undefined {
  try {
    const data = JSON.parse(body.toString('utf8')) as Record<string, unknown> | null;
    const isOrder = data?.event_type === 'order.created' && Number.isSafeInteger(data.order_id);
    return isOrder ? (data?.order_id as number) : null;
  } catch {
    return undefined;
  }
}

function isSame(given: string, right: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function shownHeaders(raw: readonly string[]): [string, string][] {
  const shown: [string, string][] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const [name = '', value = ''] = raw.slice(at, at + 2);
    const isKey = name.toLowerCase() === 'x-api-key';
    shown.push([name, isKey ? `****${value.length < 12 ? '' : value.slice(-4)}` : value]);
  }
  return shown;
}

async function hungUp(response: NodeJS.WritableStream, closing: AbortSignal): Promise<void> {
  if (closing.aborted) return;
  await once(response, 'close', { signal: closing }).catch(() => undefined);
}
