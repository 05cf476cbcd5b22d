// What SES's answer, or its silence, means for a notification. A refusal of this mail or recipient
// is for good. What is about us (keys, rights, the sender, a paused account, a quota) is tried
// again instead of failing every customer's mail while somebody mends it. SES's own words are kept,
// without any address.

import { FIXED } from '#adapters/french.ts';
import type { AttemptOutcome, DeliveryAnswer } from '#application/ports.ts';
import type { AttemptResult } from '#domain/notification.ts';
import { discreetReply } from './discreet-reply.ts';

type Meaning = {
  readonly result: AttemptResult;
  readonly outcome: AttemptOutcome;
  readonly sentence: string;
};

/** The parts of an error of the SDK, of Node or of OpenSSL that are looked at. */
export type SesFailure = Error & {
  /** A name but for the DOM's own errors, which have a number. */
  readonly code?: string | number;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: unknown;
};

type Given = { readonly recipient: string; readonly durationMs: number };

/** The answer to a mail that SES took under that id. `durationMs` is the attempt's. */
export function takenBySes(
  messageId: string,
  statusCode: number | null,
  given: Given,
): DeliveryAnswer {
  const taken = { result: 'accepted', outcome: 'accepted', sentence: 'Accepté par SES' } as const;
  return answer(taken, { ...given, statusCode, words: null, messageId });
}

/** An answer that says « taken » and does not say under which id. */
export function unreadableSes(statusCode: number | null, given: Given): DeliveryAnswer {
  return answer(BAD_ANSWER, { ...given, statusCode, words: null, messageId: null });
}

/**
 * The answer for a failed send. Throws the error itself when it tells of no network and of no SES:
 * then it is a fault of this program.
 */
export function failedBySes(error: SesFailure, given: Given): DeliveryAnswer {
  const statusCode = error.$metadata?.httpStatusCode ?? null;
  const meaning = isUnreadable(error) ? BAD_ANSWER : (saidBySes(error) ?? notSaid(error));
  if (!meaning) throw error;
  const words = statusCode === null || isUnreadable(error) ? null : error.message;
  return answer(meaning, { ...given, statusCode, words, messageId: null });
}

const BAD_ANSWER = unavailable('bad-answer', 'La réponse n’est pas celle de SES, voir EMAIL_URL');
const TOO_FAST = unavailable('deferred', 'SES demande d’attendre');
const PAUSED = unavailable('not-configured', 'SES a suspendu nos envois');
const SENDER = unavailable(
  'not-configured',
  'SES ne connaît pas notre expéditeur, voir EMAIL_FROM',
);
const SETTINGS = unavailable('not-configured', 'SES refuse nos réglages, voir EMAIL_URL');
const KEYS = unavailable('not-configured', 'AWS refuse nos identifiants ou leurs droits');
const CLOCK = unavailable('not-configured', 'AWS juge notre demande trop ancienne, voir l’horloge');
const REFUSED = { result: 'refused', outcome: 'refused', sentence: 'Refusé par SES' } as const;

// SES v2's errors, then those every service of AWS shares. Read in the API reference of SES v2
// (SendEmail, CommonErrors) on 2026-11-23.
const BY_NAME: Readonly<Record<string, Meaning>> = {
  MessageRejected: REFUSED,
  BadRequestException: REFUSED,
  ValidationError: REFUSED,
  ValidationException: REFUSED,
  TooManyRequestsException: TOO_FAST,
  LimitExceededException: TOO_FAST,
  Throttling: TOO_FAST,
  ThrottlingException: TOO_FAST,
  SendingPausedException: PAUSED,
  AccountSuspendedException: PAUSED,
  MailFromDomainNotVerifiedException: SENDER,
  NotFoundException: SETTINGS,
  RequestExpired: CLOCK,
  RequestTimeTooSkewed: CLOCK,
  CredentialsProviderError: unavailable('not-configured', 'Aucun identifiant AWS n’a été trouvé'),
  TokenProviderError: unavailable('not-configured', 'Aucun identifiant AWS n’a été trouvé'),
};

function saidBySes(error: SesFailure): Meaning | null {
  const status = error.$metadata?.httpStatusCode;
  if (status !== undefined && status >= 500) {
    return unavailable('server-error', 'SES est en panne');
  }
  const named = Object.hasOwn(BY_NAME, error.name) ? BY_NAME[error.name] : undefined;
  if (named === REFUSED) return ofUs(error.message) ?? REFUSED;
  if (named) return named;
  if (status === undefined) return null;
  if (status === 429) return TOO_FAST;
  if (status === 413) return REFUSED;
  if (status === 401 || status === 403) {
    return /signature (?:expired|not yet current)/i.test(error.message) ? CLOCK : KEYS;
  }
  return BAD_ANSWER;
}

// SES says by the same error that a mail is bad and that we may not send at all. In the trial mode
// of an account every recipient must be verified, too: that is mended by us, not by the customer.
function ofUs(message: string): Meaning | null {
  if (/not verified/i.test(message)) return SENDER;
  if (/configuration set/i.test(message)) return SETTINGS;
  return /sending (?:is |was |has been )?(?:paused|suspended|disabled)/i.test(message)
    ? PAUSED
    : null;
}

// OpenSSL's and Node's names for what can be wrong with a certificate or a handshake.
const TLS_CODES =
  /^(?:ERR_TLS|ERR_SSL|EPROTO$|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|HOSTNAME_|CRL_|INVALID_)/;

const LOST = unavailable('connection-lost', 'SES a coupé la connexion');
const LATE = unavailable('timeout', 'SES n’a pas répondu à temps');
const UNKNOWN_NAME = unavailable('dns', 'Le nom de SES est introuvable');

const BY_CODE: Readonly<Record<string, Meaning>> = {
  ENOTFOUND: UNKNOWN_NAME,
  EAI_AGAIN: UNKNOWN_NAME,
  ECONNREFUSED: unavailable('connection-refused', 'SES refuse la connexion'),
  ECONNRESET: LOST,
  ECONNABORTED: LOST,
  EPIPE: LOST,
  ETIMEDOUT: LATE,
  EHOSTUNREACH: unavailable('unreachable', 'SES est injoignable'),
  ENETUNREACH: unavailable('unreachable', 'SES est injoignable'),
};

function notSaid(error: SesFailure): Meaning | null {
  const code = typeof error.code === 'string' ? error.code : '';
  if (TLS_CODES.test(code)) {
    return unavailable('tls', `La connexion chiffrée à SES a échoué (${code})`);
  }
  if (code.startsWith('HPE_')) return BAD_ANSWER;
  // Looked at before the name: the SDK calls a cut connection a TimeoutError, too.
  if (Object.hasOwn(BY_CODE, code)) return BY_CODE[code] ?? null;
  return error.name === 'TimeoutError' || error.name === 'AbortError' ? LATE : null;
}

// The SDK's way to say that the bytes were no answer of this service.
function isUnreadable(error: SesFailure): boolean {
  return error instanceof SyntaxError && error.$response !== undefined;
}

function answer(
  meaning: Meaning,
  given: Given & {
    readonly statusCode: number | null;
    readonly words: string | null;
    readonly messageId: string | null;
  },
): DeliveryAnswer {
  const { recipient, statusCode, messageId } = given;
  const words = given.words && discreetReply(given.words, { recipient, password: null });
  return {
    result: meaning.result,
    report: {
      outcome: meaning.outcome,
      statusCode,
      detail: words ? `${meaning.sentence}${FIXED}: ${words}` : meaning.sentence,
      durationMs: Math.round(given.durationMs),
      request: null,
      response: null,
      messageId,
    },
  };
}

function unavailable(outcome: AttemptOutcome, sentence: string): Meaning {
  return { result: 'unavailable', outcome, sentence };
}
