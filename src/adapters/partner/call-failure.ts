// Why a call to a partner brought no usable answer, told from the error that Node, OpenSSL, the
// DNS or undici raised: one word for the attempt log and one sentence for people. What is not a
// failure of the network or of the other side is ours, has no word here, and is thrown on; but no
// partner may be able to make us throw, so undici's complaints about an answer are the partner's.

import { FIXED } from '#adapters/french.ts';
import type { AttemptOutcome } from '#application/ports.ts';
import { EgressProxyFailure } from './egress-proxy.ts';
import { EndlessPrelude } from './partner-answer.ts';
import { privateAddressProblem } from './partner-url.ts';
import { BlockedAddress } from './public-address.ts';
import { UnknownHost } from './resolve-host.ts';

/** Where a call goes, and whether the egress proxy takes it there. */
export type CallWay = { readonly url: URL; readonly isProxied: boolean };

export type CallFailure = { readonly outcome: AttemptOutcome; readonly detail: string };

type Coded = Error & { readonly code?: string; readonly library?: string };

const BY_CODE: Readonly<Record<string, AttemptOutcome>> = {
  ECONNREFUSED: 'connection-refused',
  ECONNRESET: 'connection-lost',
  ECONNABORTED: 'connection-lost',
  EPIPE: 'connection-lost',
  UND_ERR_SOCKET: 'connection-lost',
  ETIMEDOUT: 'timeout',
  UND_ERR_CONNECT_TIMEOUT: 'timeout',
  EPROTO: 'tls',
  UND_ERR_HEADERS_OVERFLOW: 'bad-answer',
  // undici's parser asserts what it believes of an answer; status 042 is enough to prove it wrong.
  ERR_ASSERTION: 'bad-answer',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'bad-answer',
};

// The operating system's other words (EHOSTUNREACH, ENETDOWN, …) are all the same to us, except
// those that say that this machine has run out of something.
const ERRNO = /^E(?!MFILE|NFILE|NOBUFS|NOMEM|RR_)[A-Z0-9]+$/;

// OpenSSL's verdicts on a certificate carry their own names and no prefix in common.
const CERTIFICATE_PROBLEMS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'le certificat a expiré',
  CERT_NOT_YET_VALID: 'le certificat n’est pas encore valable',
  CERT_REVOKED: 'le certificat a été révoqué',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'le certificat est auto-signé',
  SELF_SIGNED_CERT_IN_CHAIN: 'l’autorité du certificat est inconnue',
  UNABLE_TO_GET_ISSUER_CERT: 'l’autorité du certificat est inconnue',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'l’autorité du certificat est inconnue',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'la chaîne de certificats est incomplète',
  ERR_TLS_CERT_ALTNAME_INVALID: 'le certificat est celui d’un autre nom',
  ERR_SSL_WRONG_VERSION_NUMBER: 'ce port ne parle pas TLS',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'ce port ne parle pas TLS',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'la version de TLS est trop ancienne',
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: 'la version de TLS est trop ancienne',
  ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: 'le serveur ne parle pas HTTP/1.1',
  'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE': 'aucun chiffrement n’est accepté des deux côtés',
};
const TLS_CODE = /^(?:ERR_TLS_|ERR_SSL_|CERT_|CRL_|UNABLE_TO_|SELF_SIGNED_|INVALID_(?:CA|PURPOSE))/;

// With several addresses each may fail in its own way: the most telling is told.
const TELLING: readonly AttemptOutcome[] = ['tls', 'connection-refused', 'timeout', 'unreachable'];

/** The failure of a call, or null when the error is a fault of this program. */
export function callFailure(error: unknown, way: CallWay): CallFailure | null {
  const failures = attempts(error).map((one) => failureOf(one, way));
  const known = failures.filter((one) => one !== null);
  const rank = (one: CallFailure): number => TELLING.indexOf(one.outcome);
  return known.toSorted((a, b) => rank(a) - rank(b))[0] ?? null;
}

/** One error for each address that was tried. */
function attempts(error: unknown): readonly unknown[] {
  return error instanceof AggregateError ? error.errors : [error];
}

/** The server of a sentence: its name, its port when it is not the usual one, and the way to it. */
export function serverOf({ url, isProxied }: CallWay): string {
  const server = url.port === '' ? url.hostname : `${url.hostname}, port ${url.port}`;
  return isProxied ? `${server} (par le proxy de sortie)` : server;
}

function failureOf(error: unknown, way: CallWay): CallFailure | null {
  if (error instanceof BlockedAddress)
    return {
      outcome: 'blocked-address',
      detail: privateAddressProblem(error.host, error.address),
    };
  if (error instanceof UnknownHost)
    return {
      outcome: 'dns',
      detail: `Le nom ${error.host} est introuvable dans le DNS (${error.code}).`,
    };
  if (error instanceof EgressProxyFailure)
    return { outcome: 'unreachable', detail: proxyProblem(error, way.url) };
  if (!(error instanceof Error)) return null;
  const outcome = outcomeOf(error);
  return outcome && { outcome, detail: detailOf(outcome, error, serverOf(way)) };
}

// The proxy is ours and said to be: the partner, who may read this, cannot do anything about it.
function proxyProblem({ statusCode, cause }: EgressProxyFailure, url: URL): string {
  const server = serverOf({ url, isProxied: false });
  const proxy = 'Le proxy de sortie de ComptAppart';
  const status = `(réponse ${statusCode})`;
  switch (statusCode) {
    case null: {
      const { code, name } = cause as Coded;
      return `${proxy} est injoignable ou ne répond pas en HTTP (${code ?? name}).`;
    }
    case 407:
      return `${proxy} ne reconnaît pas nos identifiants ${status}.`;
    case 502:
    case 503:
    case 504:
      return `${proxy} n’a pas pu joindre ${server} ${status}.`;
    default:
      return `${proxy} refuse d’ouvrir une connexion vers ${server} ${status}.`;
  }
}

function outcomeOf(error: Coded): AttemptOutcome | null {
  // undici's words for a status 100 or 101 that nobody asked for.
  if (error.code === 'UND_ERR_SOCKET' && /^bad /.test(error.message)) return 'bad-answer';
  if (error instanceof EndlessPrelude || error.name === 'HTTPParserError') return 'bad-answer';
  const code = error.code ?? '';
  if (
    error.library === 'SSL routines' ||
    Object.hasOwn(CERTIFICATE_PROBLEMS, code) ||
    TLS_CODE.test(code)
  )
    return 'tls';
  return BY_CODE[code] ?? (ERRNO.test(code) ? 'unreachable' : null);
}

function detailOf(outcome: AttemptOutcome, error: Coded, server: string): string {
  const code = error.code ? ` (${error.code})` : '';
  switch (outcome) {
    case 'connection-refused':
      return `Le serveur ${server} refuse la connexion${code}.`;
    case 'connection-lost':
      return `Le serveur ${server} a coupé la connexion avant la fin de sa réponse${code}.`;
    case 'timeout':
      return `Le serveur ${server} n’accepte pas de connexion${code}.`;
    case 'tls': {
      const problem = CERTIFICATE_PROBLEMS[error.code ?? ''];
      const why = problem === undefined ? code : `${FIXED}: ${problem}${code}`;
      return `La connexion sécurisée avec ${server} est impossible${why}.`;
    }
    case 'bad-answer':
      return `La réponse de ${server} n’est pas du HTTP correct (${firstLine(error.message)}).`;
    default:
      return `Le serveur ${server} est injoignable${code}.`;
  }
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0]?.replace(/[ .:]+$/, '') ?? '';
}
