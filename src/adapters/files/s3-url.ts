// What `STORAGE_URL=s3://…` says. Read without loading the SDK, so that a fault in it is told with
// all the others before anything starts. An endpoint that is not Amazon's makes the store a foreign
// one: spoken to with fewer of S3's newer words, and trusted less.

import { AWS_REGION, NO_KEYS, originOf } from '#adapters/aws-address.ts';
import { isFileKey } from './file-key.ts';

export type S3Address = {
  readonly bucket: string;
  /** Empty, or ending in a slash. */
  readonly prefix: string;
  readonly region: string;
  /** Origin of another server than the region's; null: the region's. */
  readonly endpoint: string | null;
  /** Origin by which the holders of links reach the same store; null: the endpoint. */
  readonly linkEndpoint: string | null;
  /** A server that is not Amazon's. */
  readonly isForeign: boolean;
  readonly lock: S3Lock | null;
};

/** Files cannot be deleted until the end of the calendar year that is `years` after their own. */
export type S3Lock = { readonly mode: 'GOVERNANCE' | 'COMPLIANCE'; readonly years: number };

const AMAZON = /\.amazonaws\.(?:com|com\.cn|eu)$/;
// Foreign stores have none, but a signature needs one; this is the one they all take.
const NO_REGION = 'us-east-1';

/**
 * `s3://bucket/prefix?region=…&endpoint=…&link-endpoint=…&object-lock=…&lock-years=…`. A fault is a
 * phrase that follows the name of the variable.
 */
export function parseS3Url(text: string): S3Address | { readonly fault: string } {
  const url = URL.parse(text);
  if (url?.protocol !== 's3:' || url.port !== '' || url.hash !== '') {
    return { fault: 'must look like s3://bucket/prefix?region=eu-west-3' };
  }
  if (url.username !== '' || url.password !== '') return { fault: NO_KEYS };
  const bucket = url.hostname;
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)) {
    return { fault: 'must name a bucket after s3:// (3 to 63 of a-z, 0-9, - and .)' };
  }
  const path = url.pathname.replace(/^\/|\/$/g, '');
  if (path !== '' && !isFileKey(path))
    return { fault: 'has a prefix that is no path of plain names' };
  const options = readOptions(url.searchParams);
  if ('fault' in options) return options;
  const { region, endpoint, linkEndpoint, lock } = options;
  const isForeign = endpoint !== null && !AMAZON.test(new URL(endpoint).hostname);
  if (region === null && !isForeign) return { fault: 'must name its region: ?region=eu-west-3' };
  return {
    bucket,
    prefix: path === '' ? '' : `${path}/`,
    region: region ?? NO_REGION,
    endpoint,
    linkEndpoint,
    isForeign,
    lock,
  };
}

type Options = Pick<S3Address, 'endpoint' | 'linkEndpoint' | 'lock'> & {
  readonly region: string | null;
};

const NAMES = ['region', 'endpoint', 'link-endpoint', 'object-lock', 'lock-years'];

function readOptions(given: URLSearchParams): Options | { readonly fault: string } {
  const unknown = [...given.keys()].find((name) => !NAMES.includes(name));
  if (unknown !== undefined) return { fault: `has an unknown option: ${unknown}` };
  const region = given.get('region');
  if (region !== null && !AWS_REGION.test(region) && !given.has('endpoint')) {
    return { fault: 'has a region that AWS does not have' };
  }
  const origins = { endpoint: given.get('endpoint'), linkEndpoint: given.get('link-endpoint') };
  for (const origin of Object.values(origins)) {
    if (origin !== null && originOf(origin) === null) {
      return { fault: 'has an endpoint that is not an http(s):// origin' };
    }
  }
  const lock = readLock(given.get('object-lock'), given.get('lock-years'));
  if (lock !== null && 'fault' in lock) return lock;
  return {
    region,
    endpoint: origins.endpoint && originOf(origins.endpoint),
    linkEndpoint: origins.linkEndpoint && originOf(origins.linkEndpoint),
    lock,
  };
}

function readLock(
  mode: string | null,
  years: string | null,
): S3Lock | null | { readonly fault: string } {
  if (mode === null) {
    return years === null ? null : { fault: 'has lock-years without object-lock' };
  }
  if (mode !== 'governance' && mode !== 'compliance') {
    return { fault: 'has an object-lock that is neither governance nor compliance' };
  }
  if (years !== null && !/^(?:[1-9]|[1-9]\d)$/.test(years)) {
    return { fault: 'has lock-years that are not a number from 1 to 99' };
  }
  const upper = mode === 'governance' ? 'GOVERNANCE' : 'COMPLIANCE';
  return { mode: upper, years: Number(years ?? YEARS_KEPT) };
}

// Code de commerce, art. L123-22: ten years from the end of the financial year (read 2026-11-23).
const YEARS_KEPT = 10;
