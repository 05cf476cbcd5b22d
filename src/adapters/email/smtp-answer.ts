// What a mail server's answer, or its silence, means for a notification. A 5xx about this recipient
// or this message is for good; one about us (login, sender, connection) is our own fault, and is
// tried again instead of failing every customer's mail while somebody mends the configuration. The
// server's own words are kept, without the customer's address, which servers love to repeat.

import type { NodemailerError } from 'nodemailer';
import { FIXED } from '#adapters/french.ts';
import type { AttemptOutcome, DeliveryAnswer } from '#application/ports.ts';
import type { AttemptResult } from '#domain/notification.ts';
import { discreetReply, type Unspeakable } from './discreet-reply.ts';

type Meaning = {
  readonly result: AttemptResult;
  readonly outcome: AttemptOutcome;
  readonly sentence: string;
};

/** The answer to a mail the server took. `reply` is its last line, as received. */
export function takenAnswer(
  reply: string,
  given: Unspeakable & { readonly messageId: string; readonly durationMs: number },
): DeliveryAnswer {
  return answer(
    { result: 'accepted', outcome: 'accepted', sentence: 'Accepté par le serveur de mail' },
    { ...given, statusCode: Number.parseInt(reply, 10) || null, reply },
  );
}

/**
 * The answer for a failed send. `durationMs` is the attempt's. Throws the error itself when it
 * tells of no network and no server: then it is a fault of this program.
 */
export function failedAnswer(
  error: NodemailerError,
  given: Unspeakable & { readonly durationMs: number },
): DeliveryAnswer {
  const meaning = repliedMeaning(error) ?? unansweredMeaning(error);
  if (!meaning) throw error;
  const statusCode = error.responseCode ?? null;
  return answer(meaning, { ...given, statusCode, reply: error.response ?? null, messageId: null });
}

// 530, 534, 535 and 538 are the codes of RFC 4954 §6 for a login that is missing, weak or wrong.
const LOGIN_CODES = new Set([530, 534, 535, 538]);

function repliedMeaning(error: NodemailerError): Meaning | null {
  const code = error.responseCode;
  if (code === undefined || error.code === 'ETLS') return null;
  if (code < 400 || code > 599) return BAD_ANSWER;
  // 503 tells of a session out of step, not of the message (nodemailer agrees: not permanent).
  if (code < 500 || code === 503) {
    return unavailable('deferred', 'Reporté par le serveur de mail');
  }
  if (error.code === 'EAUTH' || LOGIN_CODES.has(code)) return LOGIN_REFUSED;
  switch (error.command) {
    case 'RCPT TO':
    case 'DATA':
      return refused('Refusé par le serveur de mail');
    case 'MAIL FROM':
      // 552: the message is too large, whoever sends it.
      return code === 552
        ? refused('Refusé par le serveur de mail')
        : unavailable('not-configured', 'Notre adresse d’expéditeur est refusée par le serveur');
    default:
      return unavailable('server-error', 'Le serveur de mail refuse notre connexion');
  }
}

const BAD_ANSWER = unavailable('bad-answer', 'La réponse du serveur n’est pas du SMTP');
const LOGIN_REFUSED = unavailable(
  'not-configured',
  'Identifiants refusés par le serveur de mail, voir EMAIL_URL',
);
const TLS_FAILED = unavailable('tls', 'La connexion chiffrée au serveur de mail a échoué');

// OpenSSL's and Node's names for what can be wrong with a certificate or a handshake.
const TLS_CODES =
  /^(?:ERR_TLS|ERR_SSL|EPROTO$|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|HOSTNAME_|CRL_|INVALID_)/;

// By the first name nodemailer gave the failure…
const BY_CODE: Readonly<Record<string, Meaning>> = {
  EAUTH: LOGIN_REFUSED,
  ENOAUTH: LOGIN_REFUSED,
  ETLS: TLS_FAILED,
  EABORT: unavailable('timeout', 'L’envoi a dépassé le temps accordé'),
  ETIMEDOUT: unavailable('timeout', 'Le serveur de mail n’a pas répondu à temps'),
  EDNS: unavailable('dns', 'Le nom du serveur de mail est introuvable'),
  EPROTOCOL: BAD_ANSWER,
  ECONNECTION: unavailable('connection-lost', 'Le serveur de mail a coupé la connexion'),
  // Without a reply these two are nodemailer's own: too large for the server's announced limit, or
  // an address that no SMTP command can carry. Neither changes with time.
  EMESSAGE: refused('Message plus lourd que le serveur ne l’accepte'),
  EENVELOPE: refused('Adresse impossible à transmettre'),
};

// …and, for a socket's failure, by the operating system's name for it.
const BY_SOCKET: Readonly<Record<string, Meaning>> = {
  ECONNREFUSED: unavailable('connection-refused', 'Le serveur de mail refuse la connexion'),
  ECONNRESET: unavailable('connection-lost', 'Le serveur de mail a coupé la connexion'),
  EPIPE: unavailable('connection-lost', 'Le serveur de mail a coupé la connexion'),
  ETIMEDOUT: unavailable('timeout', 'Le serveur de mail n’a pas répondu à temps'),
};

function unansweredMeaning(error: NodemailerError): Meaning | null {
  const cause = error.originalCode ?? '';
  if (TLS_CODES.test(cause)) return TLS_FAILED;
  if (error.code === 'ESOCKET') {
    return BY_SOCKET[cause] ?? unavailable('unreachable', 'Le serveur de mail est injoignable');
  }
  return BY_CODE[error.code ?? ''] ?? null;
}

function answer(
  meaning: Meaning,
  given: Unspeakable & {
    readonly statusCode: number | null;
    readonly reply: string | null;
    readonly messageId: string | null;
    readonly durationMs: number;
  },
): DeliveryAnswer {
  const words = given.reply === null ? '' : `${FIXED}: ${discreetReply(given.reply, given)}`;
  return {
    result: meaning.result,
    report: {
      outcome: meaning.outcome,
      statusCode: given.statusCode,
      detail: meaning.sentence + words,
      durationMs: Math.round(given.durationMs),
      request: null,
      response: null,
      messageId: given.messageId,
    },
  };
}

function unavailable(outcome: AttemptOutcome, sentence: string): Meaning {
  return { result: 'unavailable', outcome, sentence };
}

function refused(sentence: string): Meaning {
  return { result: 'refused', outcome: 'refused', sentence };
}
