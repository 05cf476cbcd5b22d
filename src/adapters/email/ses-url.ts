// What `EMAIL_URL=ses://…` says. Read without loading the SDK, so that a fault in it is told with
// all the others before anything starts.

import { AWS_REGION, NO_KEYS, originOf } from '#adapters/aws-address.ts';

export type SesAddress = {
  readonly region: string;
  /** Origin of another server than the region's; null: the region's. */
  readonly endpoint: string | null;
  /** The configuration set whose events come back over SNS. */
  readonly configurationSet: string | null;
};

/**
 * `ses://eu-west-3?endpoint=…&configuration-set=…`. A fault is a phrase that follows the name of
 * the variable, and repeats nothing secret.
 */
export function parseSesUrl(text: string): SesAddress | { readonly fault: string } {
  const url = URL.parse(text);
  if (url?.protocol !== 'ses:' || !['', '/'].includes(url.pathname) || url.port !== '') {
    return { fault: 'must look like ses://eu-west-3?configuration-set=NAME' };
  }
  if (url.username !== '' || url.password !== '') return { fault: NO_KEYS };
  if (!AWS_REGION.test(url.hostname)) {
    return { fault: 'must name a region of AWS after ses://, such as ses://eu-west-3' };
  }
  let endpoint: string | null = null;
  let configurationSet: string | null = null;
  for (const [name, value] of url.searchParams) {
    switch (name) {
      case 'endpoint':
        endpoint = originOf(value);
        if (endpoint === null) return { fault: 'has an endpoint that is not an http(s):// origin' };
        break;
      case 'configuration-set':
        if (!/^[A-Za-z0-9_-]{1,64}$/.test(value)) {
          return { fault: 'has a configuration-set that SES would not know' };
        }
        configurationSet = value;
        break;
      default:
        return { fault: `has an unknown option: ${name}` };
    }
  }
  return { region: url.hostname, endpoint, configurationSet };
}
