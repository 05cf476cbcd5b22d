// Whether a message really comes from Amazon SNS: its signature against the certificate that SNS
// publishes under its own name, fetched once and kept. Fetching is bounded in time, size and
// number, since a stranger may ask for it with a made-up certificate.

import { verify, X509Certificate } from 'node:crypto';
import type { Clock } from '#application/ports.ts';
import type { SnsMessage } from './sns-message.ts';

/** The text at an https address, 64 KiB at most; throws when it cannot be had within 5 s. */
export type FetchText = (url: URL) => Promise<string>;

export type SnsVerdict = 'genuine' | 'forged' | 'too-old' | 'from-the-future';

// SNS tries an endpoint for an hour at most (its delivery policy cannot ask for more) and keeps the
// first timestamp. Whatever comes within this time twice is told apart by its MessageId.
const AGE_MAX_MS = 2 * 60 * 60 * 1000;
const SKEW_MAX_MS = 5 * 60 * 1000;
const CERTIFICATES_MAX = 8;

/**
 * Judges messages; throws when the certificate cannot be fetched now, so that SNS is asked to come
 * again.
 */
export function snsSignatures(needs: {
  readonly clock: Clock;
  readonly fetchText: FetchText;
}): (message: SnsMessage) => Promise<SnsVerdict> {
  const kept = new Map<string, Promise<X509Certificate>>();

  function certificateAt(url: URL): Promise<X509Certificate> {
    const known = kept.get(url.href);
    if (known) return known;
    const [oldest] = kept.keys();
    if (kept.size >= CERTIFICATES_MAX && oldest !== undefined) kept.delete(oldest);
    const certificate = needs.fetchText(url).then((pem) => new X509Certificate(pem));
    kept.set(url.href, certificate);
    certificate.catch(() => kept.delete(url.href));
    return certificate;
  }

  return async (message) => {
    const now = needs.clock.now();
    const ageMs = now.getTime() - message.timestamp.getTime();
    if (ageMs > AGE_MAX_MS) return 'too-old';
    if (ageMs < -SKEW_MAX_MS) return 'from-the-future';
    const certificate = await certificateAt(message.certificateUrl);
    const isValid = certificate.validFromDate <= now && now < certificate.validToDate;
    const { algorithm, signedText, signature } = message;
    const isSigned = verify(algorithm, Buffer.from(signedText), certificate.publicKey, signature);
    return isValid && isSigned ? 'genuine' : 'forged';
  };
}

const FETCH_MS = 5_000;
const TEXT_BYTES_MAX = 64 * 1024;

/** Over the internet. Follows nothing: the address is the one that was checked. */
export const fetchText: FetchText = async (url) => {
  const signal = AbortSignal.timeout(FETCH_MS);
  const answer = await fetch(url, { redirect: 'error', signal });
  if (!answer.ok) throw new Error(`${url.host} answered ${answer.status}`);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of answer.body ?? []) {
    size += chunk.length;
    if (size > TEXT_BYTES_MAX) throw new Error(`${url.host} answered too much`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
};
