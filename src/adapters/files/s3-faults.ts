// What went wrong with the store, told so that a person knows where to look: which bucket, which
// right, which setting. One word for programs (doctor has its own sentence for each) and one
// English sentence for logs, without keys or signatures.

import type { S3Address } from './s3-url.ts';

export type S3FaultKind =
  | 'no-bucket'
  | 'no-file'
  | 'denied'
  | 'bad-keys'
  | 'no-keys'
  | 'expired-keys'
  | 'clock'
  | 'other-region'
  | 'no-lock'
  | 'damaged'
  | 'unreachable'
  | 'slow'
  | 'other';

/** A failed operation on the store; `cause` is what the SDK said. */
export class S3Fault extends Error {
  readonly kind: S3FaultKind;
  readonly verb: S3Deed['verb'];
  constructor(kind: S3FaultKind, verb: S3Deed['verb'], message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'S3Fault';
    this.kind = kind;
    this.verb = verb;
  }
}

/** What was tried, on which key (without the prefix). */
export type S3Deed = {
  readonly address: S3Address;
  readonly verb: 'store' | 'read' | 'sign a link to' | 'look at' | 'delete';
  readonly key: string | null;
};

/** The parts of an error of the SDK or of Node that are looked at. */
export type S3Error = Error & {
  /** A name but for the DOM's own errors, which have a number. */
  readonly code?: string | number;
  readonly Region?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
};

const BY_NAME: Readonly<Record<string, S3FaultKind>> = {
  NoSuchBucket: 'no-bucket',
  NoSuchKey: 'no-file',
  AccessDenied: 'denied',
  AllAccessDisabled: 'denied',
  InvalidAccessKeyId: 'bad-keys',
  SignatureDoesNotMatch: 'bad-keys',
  InvalidToken: 'bad-keys',
  CredentialsProviderError: 'no-keys',
  TokenProviderError: 'no-keys',
  ExpiredToken: 'expired-keys',
  RequestTimeTooSkewed: 'clock',
  PermanentRedirect: 'other-region',
  AuthorizationHeaderMalformed: 'other-region',
  IllegalLocationConstraintException: 'other-region',
  ObjectLockConfigurationNotFoundError: 'no-lock',
  BadDigest: 'damaged',
  XAmzContentSHA256Mismatch: 'damaged',
  SlowDown: 'slow',
  TimeoutError: 'slow',
  AbortError: 'slow',
};

const NETWORK =
  /^(?:E[A-Z]+|EAI_[A-Z]+|ERR_(?:TLS|SSL)_.*|CERT_.*|DEPTH_ZERO.*|SELF_SIGNED.*|UNABLE_TO_.*)$/;

/** The error as a fault of the store. An S3Fault stays what it is. */
export function s3Fault(error: unknown, deed: S3Deed): S3Fault {
  if (error instanceof S3Fault) return error;
  const failure = error as S3Error;
  const kind = kindOf(failure);
  return new S3Fault(kind, deed.verb, sentence(kind, failure, deed), failure);
}

function kindOf({ name, code, message, $metadata }: S3Error): S3FaultKind {
  // Looked at before the name: the SDK calls a cut connection a TimeoutError, too.
  if (code === 'ECONNRESET' || code === 'EPIPE') return 'unreachable';
  if (Object.hasOwn(BY_NAME, name)) return BY_NAME[name] ?? 'other';
  if (/object ?lock/i.test(message) && $metadata?.httpStatusCode === 400) return 'no-lock';
  switch ($metadata?.httpStatusCode) {
    case 301:
      return 'other-region';
    case 403:
      return 'denied';
    case 404:
      return 'no-file';
    case 429:
    case 503:
      return 'slow';
    default:
      return typeof code === 'string' && NETWORK.test(code) ? 'unreachable' : 'other';
  }
}

/** The rights that the program needs in IAM's words, with what they are needed on. */
export function rightFor({ address, verb }: Pick<S3Deed, 'address' | 'verb'>): string {
  const objects = `arn:aws:s3:::${address.bucket}/${address.prefix}*`;
  switch (verb) {
    case 'store':
      return `s3:PutObject${address.lock ? ' and s3:PutObjectRetention' : ''} on ${objects}`;
    case 'read':
    case 'sign a link to':
      return `s3:GetObject on ${objects}`;
    case 'delete':
      return `s3:DeleteObject on ${objects}`;
    case 'look at':
      return `s3:ListBucket on arn:aws:s3:::${address.bucket}`;
    default:
      return verb satisfies never;
  }
}

function sentence(kind: S3FaultKind, failure: S3Error, deed: S3Deed): string {
  const { bucket, prefix, region, endpoint } = deed.address;
  const what = deed.key === null ? `bucket ${bucket}` : `s3://${bucket}/${prefix}${deed.key}`;
  const where = endpoint ?? `S3 in ${region}`;
  const tried = `cannot ${deed.verb} ${what}`;
  switch (kind) {
    case 'no-bucket':
      return `${tried}: there is no bucket ${bucket} at ${where}, see STORAGE_URL`;
    case 'no-file':
      return `${tried}: there is no such file`;
    case 'denied':
      return `${tried}: not allowed; it needs ${rightFor(deed)}`;
    case 'bad-keys':
      return `${tried}: ${where} does not know these keys (${failure.name})`;
    case 'no-keys':
      return `${tried}: no AWS keys were found`;
    case 'expired-keys':
      return `${tried}: the keys have expired`;
    case 'clock':
      return `${tried}: this machine's clock is wrong`;
    case 'other-region':
      return `${tried}: bucket ${bucket} is in another region than ${region}${toldRegion(failure)}`;
    case 'no-lock':
      return `${tried}: bucket ${bucket} was made without Object Lock, see STORAGE_URL`;
    case 'damaged':
      return `${tried}: the bytes were damaged on their way`;
    case 'unreachable':
      return `${tried}: ${where} cannot be reached (${failure.code})`;
    case 'slow':
      return `${tried}: ${where} does not answer in time (${failure.name})`;
    case 'other': {
      const status = failure.$metadata?.httpStatusCode;
      const code = status === undefined ? '' : ` ${status}`;
      return `${tried}: ${failure.name}${code}: ${failure.message}`;
    }
    default:
      return kind satisfies never;
  }
}

function toldRegion({ Region }: S3Error): string {
  return Region === undefined ? '' : `: ${Region}`;
}
