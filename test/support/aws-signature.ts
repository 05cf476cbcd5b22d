// Signature Version 4 as its receiver computes it, written from Amazon's description and checked
// against the example there, so that a server of the tests can refuse what Amazon would refuse.

import { createHash, createHmac } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

export type SecretKeys = { readonly accessKeyId: string; readonly secretAccessKey: string };

export type SignedRequest = Pick<IncomingMessage, 'method' | 'url' | 'headers'> & {
  readonly body: Buffer;
};

/** Why the request is refused, in S3's words, or null when it is genuine and alive. */
export function refusalOf(request: SignedRequest, keys: SecretKeys, now: Date): string | null {
  const url = new URL(request.url ?? '/', 'http://here');
  const inLink = url.searchParams.has('X-Amz-Signature');
  const claim = inLink ? claimOfLink(url) : claimOfHeaders(request);
  if (!claim) return 'AccessDenied';
  if (claim.credential.split('/')[0] !== keys.accessKeyId) return 'InvalidAccessKeyId';
  const at = instantOf(claim.at);
  const ageS = (now.getTime() - at.getTime()) / 1000;
  if (inLink ? ageS >= claim.lifeS : Math.abs(ageS) > 900) {
    return inLink ? 'AccessDenied' : 'RequestTimeTooSkewed';
  }
  const hash = createHash('sha256').update(request.body).digest('hex');
  if (claim.payload !== 'UNSIGNED-PAYLOAD' && claim.payload !== hash) {
    return 'XAmzContentSHA256Mismatch';
  }
  return signatureOf(request, claim, keys) === claim.signature ? null : 'SignatureDoesNotMatch';
}

type Claim = {
  readonly credential: string;
  readonly signedHeaders: string;
  readonly signature: string;
  readonly at: string;
  readonly lifeS: number;
  readonly payload: string;
};

function claimOfLink({ searchParams }: URL): Claim {
  const get = (name: string) => searchParams.get(`X-Amz-${name}`) ?? '';
  return {
    credential: get('Credential'),
    signedHeaders: get('SignedHeaders'),
    signature: get('Signature'),
    at: get('Date'),
    lifeS: Number(get('Expires')),
    payload: 'UNSIGNED-PAYLOAD',
  };
}

function claimOfHeaders({ headers }: SignedRequest): Claim | null {
  const parts = /^AWS4-HMAC-SHA256 Credential=(\S+), ?SignedHeaders=(\S+), ?Signature=(\S+)$/.exec(
    headers.authorization ?? '',
  );
  if (!parts) return null;
  const [, credential = '', signedHeaders = '', signature = ''] = parts;
  const header = (name: string) => String(headers[name] ?? '');
  const payload = header('x-amz-content-sha256');
  return { credential, signedHeaders, signature, at: header('x-amz-date'), lifeS: 0, payload };
}

function signatureOf(request: SignedRequest, claim: Claim, keys: SecretKeys): string {
  const [path = '', query = ''] = (request.url ?? '').split('?');
  const canonical = [
    request.method,
    path,
    query
      .split('&')
      .filter((it) => it !== '' && !it.startsWith('X-Amz-Signature='))
      .map((it) => (it.includes('=') ? it : `${it}=`))
      .sort()
      .join('&'),
    ...claim.signedHeaders
      .split(';')
      .map((name) => `${name}:${String(request.headers[name] ?? '').trim()}`),
    '',
    claim.signedHeaders,
    claim.payload,
  ].join('\n');
  const scope = claim.credential.split('/').slice(1);
  const hash = createHash('sha256').update(canonical).digest('hex');
  const text = ['AWS4-HMAC-SHA256', claim.at, scope.join('/'), hash].join('\n');
  const secret = Buffer.from(`AWS4${keys.secretAccessKey}`);
  const key = scope.reduce<Buffer>(hmac, secret);
  return hmac(key, text).toString('hex');
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function instantOf(stamp: string): Date {
  return new Date(stamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
}
