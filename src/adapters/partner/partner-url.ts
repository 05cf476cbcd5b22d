// What a partner's URL must look like, asked when an operator saves it and again before each call,
// since a row may be older than a rule. The problem is one French sentence that says what to
// write instead. Whether the host leads to a private address is a second question: it needs the
// DNS, may change any day, and is asked once more by the connection itself (public-address.ts).

import { isIP } from 'node:net';
import { FIXED, NARROW } from '#adapters/french.ts';
import { firstBlocked } from './public-address.ts';
import { dnsResolve, type ResolveHost } from './resolve-host.ts';

export type PartnerUrlCheck =
  | { readonly ok: true; readonly url: string }
  | { readonly ok: false; readonly problem: string };

export type PartnerHostCheck =
  | { readonly kind: 'public' }
  | { readonly kind: 'private'; readonly problem: string }
  /** Perhaps only not yet: the partner may still have to publish the name. */
  | { readonly kind: 'unresolved'; readonly problem: string };

const URL_CHARACTERS_MAX = 2048;
const HOST_CHARACTERS_MAX = 253;
const LABEL = '[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?';
const DOMAIN_NAME = new RegExp(`^(?:${LABEL}\\.)+(?!\\d+$)${LABEL}$`);

// Names that the public DNS will never hold (RFC 6761, 6762, 7686, 8375, 9476; ICANN keeps the
// others from being sold). The check of addresses would catch them where they lead somewhere, but
// not behind an egress proxy, whose network may know names that ours does not.
const PRIVATE_NAME = new RegExp(
  String.raw`(?:^|\.)(?:localhost|localdomain|local|internal|intranet|private|lan|home|corp` +
    '|arpa|onion|alt|test|invalid)$',
);

/**
 * The URL in its normal form, or what is wrong with it. `allowInsecure` (local tests) lets HTTP,
 * IP addresses, names without a dot and any port through, never credentials or a fragment.
 */
export function checkPartnerUrl(
  text: string,
  { allowInsecure }: { readonly allowInsecure: boolean },
): PartnerUrlCheck {
  const typed = text.trim();
  const url = /^https?:\/\/[^\\\s\p{Cc}]+$/iu.test(typed) ? URL.parse(typed) : null;
  if (url === null) {
    const example = 'https://api.exemple.fr/commandes';
    return { ok: false, problem: `L’URL doit être complète, par exemple${FIXED}: ${example}.` };
  }
  const problem = formProblem(typed, url) ?? (allowInsecure ? null : exposureProblem(url));
  return problem === null ? { ok: true, url: url.href } : { ok: false, problem };
}

/**
 * Where the host of a URL that `checkPartnerUrl` let through leads at this moment. Waits for the
 * DNS (some five seconds at most) and never rejects. With `allowInsecure` nothing is looked up.
 */
export async function checkPartnerHost(
  url: string,
  options: { readonly allowInsecure?: boolean; readonly resolve?: ResolveHost } = {},
): Promise<PartnerHostCheck> {
  if (options.allowInsecure) return { kind: 'public' };
  const host = new URL(url).hostname;
  try {
    const blocked = firstBlocked(await (options.resolve ?? dnsResolve())(host));
    if (blocked === null) return { kind: 'public' };
    return { kind: 'private', problem: privateAddressProblem(host, blocked) };
  } catch {
    const problem = `Le nom ${host} est introuvable dans le DNS pour le moment.`;
    return { kind: 'unresolved', problem };
  }
}

/** One sentence for the operator and the partner's log. */
export function privateAddressProblem(host: string, address: string): string {
  return `${host} mène à ${address}, qui n’est pas une adresse publique d’Internet.`;
}

function formProblem(typed: string, url: URL): string | null {
  if (typed.length > URL_CHARACTERS_MAX || url.href.length > URL_CHARACTERS_MAX)
    return `L’URL dépasse ${URL_CHARACTERS_MAX} caractères.`;
  if (/^[^/]*\/\/[^/?#]*@/.test(typed))
    return 'L’URL ne doit contenir ni nom d’utilisateur ni mot de passe.';
  if (typed.includes('#')) return `L’URL ne doit pas contenir de «${FIXED}#${FIXED}».`;
  if (url.port === '0') return 'Le port 0 n’existe pas.';
  return null;
}

function exposureProblem(url: URL): string | null {
  const { hostname } = url;
  if (url.protocol !== 'https:') return 'L’URL doit commencer par https://, car HTTPS est exigé.';
  // The URL parser has already turned 127.1, 0x7f.1, 2130706433 and ① into plain numbers.
  if (isIP(hostname.replace(/^\[|\]$/g, '')) !== 0)
    return 'L’URL doit désigner un nom de domaine, pas une adresse IP.';
  if (!hostname.includes('.'))
    return `${hostname} n’est pas un nom de domaine complet${NARROW}; il y manque un point.`;
  if (hostname.length > HOST_CHARACTERS_MAX || !DOMAIN_NAME.test(hostname))
    return `${hostname} n’est pas un nom de domaine valable.`;
  if (PRIVATE_NAME.test(hostname))
    return `${hostname} est un nom de réseau privé, inconnu de l’Internet public.`;
  const port = Number(url.port || 443);
  if (port !== 443 && port < 1024) return 'Le port doit être 443 ou un port à partir de 1024.';
  return null;
}
