// The call to a partner's endpoint: one POST, one deadline over everything from the name's
// resolution to the last byte, and an answer in the words of the attempt log whatever the other
// side does. undici's `request` and not `fetch`: it follows no redirect, decompresses nothing and
// adds no header of its own taste. Its abort signal does not end a connection being made, so each
// call also races with the clock.

import { Agent, request as httpRequest } from 'undici';
import { duration } from '#adapters/french.ts';
import type {
  AttemptOutcome,
  DeliveryAnswer,
  Headers,
  PartnerCaller,
  PartnerRequest,
} from '#application/ports.ts';
import type { AttemptResult } from '#domain/notification.ts';
import { callFailure } from './call-failure.ts';
import { answerReport, noAnswerYet, type PartnerAnswer, readAnswer } from './partner-answer.ts';
import { checkPartnerUrl } from './partner-url.ts';
import { guardedLookup } from './public-address.ts';
import { dnsResolve, type ResolveHost, systemResolve } from './resolve-host.ts';
import { signatureHeaders } from './standard-webhooks.ts';

export type PartnerClientOptions = {
  /** For the whole call, name resolution and body included. */
  readonly timeoutMs: number;
  /** Local tests: HTTP, IP addresses and private networks too. TLS is verified all the same. */
  readonly allowInsecure: boolean;
  /** PEM; trusted instead of the machine's authorities. */
  readonly ca?: string;
  /** Instead of the machine's DNS. */
  readonly resolve?: ResolveHost;
};

export type PartnerClient = PartnerCaller & {
  /** Waits for the calls under way, `timeoutMs` at most; later calls throw. */
  close(): Promise<void>;
};

type Ending = { readonly outcome: AttemptOutcome; readonly detail: string | null };

const HEADERS_BYTES_MAX = 16 * 1024;
// Servers close idle connections after two seconds (Gunicorn) or more, some without saying so. A
// call on a connection that is just being closed would cost the partner one of three attempts.
const IDLE_SOCKET_MS = 1_000;
const IDLE_SOCKET_MAX_MS = 4_000;
// Node gives up on each address but the last after 250 ms, which is a slow night across an ocean.
const NEXT_ADDRESS_AFTER_MS = 1_000;

/** A caller with its own connections. Throws only for faults of this program or its data. */
export function partnerClient(options: PartnerClientOptions): PartnerClient {
  const agent = newAgent(options);
  const underWay = new Set<Promise<DeliveryAnswer>>();
  let closed = false;
  return {
    async post(request) {
      if (closed) throw new Error('The partner client is closed');
      const call = post(request, agent, options);
      underWay.add(call);
      return call.finally(() => underWay.delete(call));
    },
    async close() {
      closed = true;
      await Promise.allSettled(underWay);
      await agent.destroy();
    },
  };
}

// No limit of connections per host: the cap per partner is the claim's, and partners behind one
// host (a no-code platform) would else wait for each other inside their own deadlines.
function newAgent({ timeoutMs, allowInsecure, ca, resolve }: PartnerClientOptions): Agent {
  const resolveHost = resolve ?? (allowInsecure ? systemResolve : dnsResolve());
  return new Agent({
    // With HTTP/2 on offer undici makes all calls to a host wait for the first one's handshake.
    allowH2: false,
    pipelining: 1,
    keepAliveTimeout: IDLE_SOCKET_MS,
    keepAliveMaxTimeout: IDLE_SOCKET_MAX_MS,
    maxHeaderSize: HEADERS_BYTES_MAX,
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: {
      lookup: guardedLookup(resolveHost, { publicOnly: !allowInsecure }),
      timeout: timeoutMs,
      // Said aloud, because NODE_TLS_REJECT_UNAUTHORIZED=0 would else switch it off.
      rejectUnauthorized: true,
      autoSelectFamily: true,
      autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_AFTER_MS,
      ...(ca === undefined ? {} : { ca }),
    },
  });
}

async function post(
  request: PartnerRequest,
  agent: Agent,
  options: PartnerClientOptions,
): Promise<DeliveryAnswer> {
  const startedAt = performance.now();
  const answer = noAnswerYet();
  const body = Buffer.from(request.body);
  const headers = requestHeaders(request, body);
  const ending =
    refusedUnsent(request, options) ??
    (await call(new URL(request.url), { headers, body }, answer, agent, options.timeoutMs));
  const shown = request.apiKey === null ? {} : { 'X-API-KEY': masked(request.apiKey) };
  return {
    result: resultOf(ending.outcome),
    report: {
      ...ending,
      // A status without its whole answer in time is no answer; the detail tells it.
      statusCode: answer.complete ? answer.statusCode : null,
      durationMs: Math.round(performance.now() - startedAt),
      request: { url: request.url, headers: { ...headers, ...shown }, body: request.body },
      response: answerReport(answer, (text) => concealed(text, request.apiKey)),
      messageId: null,
    },
  };
}

function requestHeaders(request: PartnerRequest, body: Buffer): Headers {
  const { notificationId: id, sentAt } = request;
  // During a rotation the secret is two, the new one and the old one, with a space between.
  const secrets = request.signingSecret.split(' ');
  return {
    'Content-Type': 'application/json',
    'User-Agent': 'ComptAppart-Webhook/1.0',
    'Accept-Encoding': 'identity',
    ...(request.apiKey === null ? {} : { 'X-API-KEY': request.apiKey }),
    ...signatureHeaders({ id, sentAt, body, secrets }),
  };
}

// What must not or cannot be sent, whatever the partner's server is like. An IP address in the URL
// is caught here and nowhere else: no lookup is ever made for one.
function refusedUnsent(request: PartnerRequest, options: PartnerClientOptions): Ending | null {
  const url = checkPartnerUrl(request.url, options);
  if (!url.ok) return { outcome: 'blocked-address', detail: url.problem };
  if (request.apiKey !== null && !/^[!-~](?:[ -~]*[!-~])?$/.test(request.apiKey)) {
    const detail = 'La clé API contient des caractères qu’un en-tête HTTP ne peut pas porter.';
    return { outcome: 'not-configured', detail };
  }
  return null;
}

async function call(
  url: URL,
  sent: { readonly headers: Headers; readonly body: Buffer },
  answer: PartnerAnswer,
  dispatcher: Agent,
  timeoutMs: number,
): Promise<Ending> {
  const abort = new AbortController();
  const exchange = async (): Promise<Ending> => {
    const options = { ...sent, method: 'POST', dispatcher, signal: abort.signal } as const;
    const response = await httpRequest(url, options);
    await readAnswer(response, answer);
    return endingOf(response.statusCode);
  };
  const late = Promise.withResolvers<Ending>();
  const clock = setTimeout(() => late.resolve(timedOut(answer, timeoutMs)), timeoutMs);
  try {
    return await Promise.race([exchange(), late.promise]);
  } catch (error) {
    const failure = callFailure(error, url);
    if (failure === null)
      throw new Error('The call to a partner failed by itself', { cause: error });
    return failure;
  } finally {
    clearTimeout(clock);
    // Hangs up on who was too late; the loser of the race is never looked at again.
    abort.abort();
  }
}

/** The partner guide's table, taken literally: 408 and 429 are 4xx, and 3xx is no success. */
function endingOf(statusCode: number): Ending {
  const status = `(réponse ${statusCode})`;
  switch (Math.floor(statusCode / 100)) {
    case 2:
      return { outcome: 'accepted', detail: null };
    case 3:
      return {
        outcome: 'redirect',
        detail: `Le partenaire redirige ${status}, et les redirections ne sont pas suivies.`,
      };
    case 4:
      return { outcome: 'refused', detail: `Le partenaire a refusé la notification ${status}.` };
    case 5:
      return {
        outcome: 'server-error',
        detail: `Le serveur du partenaire est en erreur ${status}.`,
      };
    default:
      return { outcome: 'bad-answer', detail: `Ce code n’existe pas en HTTP ${status}.` };
  }
}

function timedOut(answer: PartnerAnswer, timeoutMs: number): Ending {
  const detail =
    answer.statusCode === null
      ? `Aucune réponse en ${duration(timeoutMs)}.`
      : `La réponse ${answer.statusCode} n’était pas terminée après ${duration(timeoutMs)}.`;
  return { outcome: 'timeout', detail };
}

function resultOf(outcome: AttemptOutcome): AttemptResult {
  switch (outcome) {
    case 'accepted':
      return 'accepted';
    case 'refused':
    case 'redirect':
    case 'blocked-address':
    case 'not-configured':
      return 'refused';
    default:
      return 'unavailable';
  }
}

function concealed(text: string, apiKey: string | null): string {
  return apiKey === null ? text : text.replaceAll(apiKey, masked(apiKey));
}

/** The last four characters, enough to tell two keys apart; of a very short key none. */
function masked(secret: string): string {
  return `****${secret.length < 12 ? '' : secret.slice(-4)}`;
}
