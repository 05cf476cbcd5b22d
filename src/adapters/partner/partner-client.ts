// The call to a partner's endpoint: one POST, one deadline over everything from the name's
// resolution to the last byte, and an answer in the words of the attempt log whatever the other
// side does. undici's `request` and not `fetch`: it follows no redirect, decompresses nothing and
// adds no header of its own taste. Its abort signal does not end a connection being made, so each
// call also races with the clock.

import { type Agent, request as httpRequest } from 'undici';
import { duration } from '#adapters/french.ts';
import type {
  AttemptOutcome,
  DeliveryAnswer,
  Headers,
  PartnerCaller,
  PartnerRequest,
} from '#application/ports.ts';
import type { AttemptResult } from '#domain/notification.ts';
import { type CallWay, callFailure, serverOf } from './call-failure.ts';
import { type PartnerAgentOptions, partnerAgent, usesProxy } from './partner-agent.ts';
import {
  answerReport,
  noAnswerYet,
  type PartnerAnswer,
  readAnswer,
  watchedBy,
} from './partner-answer.ts';
import { checkPartnerUrl } from './partner-url.ts';
import { signatureHeaders } from './standard-webhooks.ts';

export type PartnerClientOptions = PartnerAgentOptions;

export type PartnerClient = PartnerCaller & {
  /** Waits for the calls under way, `timeoutMs` at most; later calls throw. */
  close(): Promise<void>;
};

const PART_OF_A_KEY = 6;

type Ending = { readonly outcome: AttemptOutcome; readonly detail: string | null };

/** A caller with its own connections. Throws only for faults of this program or its data. */
export function partnerClient(options: PartnerClientOptions): PartnerClient {
  const agent = partnerAgent(options);
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
    (await call(new URL(request.url), { headers, body }, answer, agent, options));
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
  agent: Agent,
  options: PartnerClientOptions,
): Promise<Ending> {
  const { timeoutMs } = options;
  const way = { url, isProxied: usesProxy(url, options) };
  const dispatcher = agent.compose(watchedBy(answer));
  const abort = new AbortController();
  const exchange = async (): Promise<Ending> => {
    const asked = { ...sent, method: 'POST', dispatcher, signal: abort.signal } as const;
    const response = await httpRequest(url, asked);
    await readAnswer(response, answer);
    return endingOf(response.statusCode);
  };
  const late = Promise.withResolvers<Ending>();
  // Hangs up on who is too late; the loser of the race is never looked at again.
  const clock = setTimeout(() => {
    late.resolve(timedOut(answer, way, timeoutMs));
    abort.abort();
  }, timeoutMs);
  try {
    return await Promise.race([exchange(), late.promise]);
  } catch (error) {
    const failure = callFailure(error, way);
    if (failure === null)
      throw new Error('The call to a partner failed by itself', { cause: error });
    return failure;
  } finally {
    clearTimeout(clock);
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

// Whether the partner can have got the request at all is the first thing both sides ask.
function timedOut(answer: PartnerAnswer, way: CallWay, timeoutMs: number): Ending {
  const time = duration(timeoutMs);
  const detail =
    answer.statusCode !== null
      ? `La réponse ${answer.statusCode} n’était pas terminée après ${time}.`
      : answer.isAwaited
        ? `Aucune réponse en ${time}.`
        : `La connexion avec ${serverOf(way)} n’était pas établie après ${time}.`;
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
  if (apiKey === null) return text;
  const shown = text.replaceAll(apiKey, masked(apiKey));
  // What is kept of an answer may end in the middle of it.
  for (let size = apiKey.length - 1; size >= PART_OF_A_KEY; size -= 1) {
    if (shown.endsWith(apiKey.slice(0, size))) return `${shown.slice(0, -size)}${masked('')}`;
  }
  return shown;
}

/** The last four characters, enough to tell two keys apart; of a very short key none. */
function masked(secret: string): string {
  return `****${secret.length < 12 ? '' : secret.slice(-4)}`;
}
