// What the addresses of Amazon's services have in common, whichever variable they stand in. No key
// is ever part of one: keys come from the SDK's own chain (environment, shared files, the machine's
// role), where every operator of AWS looks for them.

/** `eu-west-3`, `us-gov-east-1`, `eusc-de-east-1`. */
export const AWS_REGION = /^[a-z]{2,}(?:-[a-z]+)+-\d{1,2}$/;

/** Why no key belongs into such a URL, as a phrase after the variable's name. */
export const NO_KEYS =
  'must hold no keys: give them as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or by a role';

/** Keys as the SDK wants them; `expiration` on those that a role lends. */
export type AwsKeys = {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
};

/** `http://` or `https://`, host and port, and nothing else; null for anything that has more. */
export function originOf(text: string): string | null {
  const url = URL.parse(text);
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:')) return null;
  const isBare = url.pathname === '/' && url.search === '' && url.hash === '';
  return isBare && url.username === '' && url.password === '' ? url.origin : null;
}
