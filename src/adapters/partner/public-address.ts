// Which addresses the program may dial when a URL comes from outside. An allow-list of what is
// truly on the public Internet, because a list of what is private is never complete; and the check
// sits in the lookup of the connection itself, so that the address checked is the address dialled:
// between a check and a second resolution an attacker's DNS could change its mind.

import type { LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { type ResolveHost, UnknownHost } from './resolve-host.ts';

// IANA's IPv4 Special-Purpose Address Registry (RFC 6890), with multicast, and with the anycast
// sinks that it calls reachable but where no partner lives (AS112, AMT, the 6to4 relay). The last
// one is Microsoft's: inside Azure it answers as the machine's control plane.
const IPV4_REFUSED = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '192.175.48.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '168.63.129.16/32',
].map((range) => ipaddr.IPv4.parseCIDR(range));

// Global unicast is 2000::/3 and nothing else; mapped IPv4, NAT64 (64:ff9b::/96), unique local and
// link-local lie outside it by themselves. What is taken out of it: protocol assignments with
// Teredo, documentation (twice), 6to4, whose addresses hide an IPv4 address, and AS112.
const IPV6_GLOBAL = ipaddr.IPv6.parseCIDR('2000::/3');
const IPV6_REFUSED = [
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '2620:4f:8000::/48',
  '3fff::/20',
].map((range) => ipaddr.IPv6.parseCIDR(range));

/** The connection would have gone where we do not call. Final: the partner's DNS must change. */
export class BlockedAddress extends Error {
  override readonly name = 'BlockedAddress';
  readonly host: string;
  readonly address: string;

  constructor(host: string, address: string) {
    super(`${host} leads to ${address}, which is not a public address`);
    this.host = host;
    this.address = address;
  }
}

/** True for an address of the public Internet; false for any other text, also with a zone. */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4: {
      const parsed = ipaddr.IPv4.parse(address);
      return !IPV4_REFUSED.some((range) => parsed.match(range));
    }
    case 6: {
      if (address.includes('%')) return false;
      const parsed = ipaddr.IPv6.parse(address);
      return parsed.match(IPV6_GLOBAL) && !IPV6_REFUSED.some((range) => parsed.match(range));
    }
    default:
      return false;
  }
}

/** The first address among these that may not be dialled; null when all may. */
export function firstBlocked(addresses: readonly LookupAddress[]): string | null {
  return addresses.find(({ address }) => !isPublicAddress(address))?.address ?? null;
}

/**
 * A `lookup` for `net.connect` and `tls.connect`. With `publicOnly` one address that is not public
 * refuses them all (`BlockedAddress`): a name that leads to both is an attack or a mistake. Every
 * failure to resolve becomes `UnknownHost`. Never called for a host that is an IP literal.
 */
export function guardedLookup(
  resolve: ResolveHost,
  { publicOnly }: { readonly publicOnly: boolean },
): LookupFunction {
  return (host, options, callback) => {
    resolve(host).then(
      (found) => {
        const blocked = publicOnly ? firstBlocked(found) : null;
        if (blocked !== null) return callback(new BlockedAddress(host, blocked), '');
        // Node asks for one family only when the caller wished so, and for all when it can choose.
        const family = options.family === 4 || options.family === 6 ? options.family : null;
        const usable = found.filter((one) => family === null || one.family === family);
        const [first] = usable;
        if (first === undefined) return callback(new UnknownHost(host, 'ENODATA'), '');
        if (options.all) return callback(null, usable);
        return callback(null, first.address, first.family);
      },
      (cause: NodeJS.ErrnoException) =>
        callback(new UnknownHost(host, cause.code ?? 'ENOTFOUND', { cause }), ''),
    );
  };
}
