// Where a request comes from, for counting tries. The program stands behind a proxy more often than not,
// and then the connection says nothing: the proxy's own word counts, which is the last address of
// `X-Forwarded-For` that is no neighbour's. From an address of the Internet that header is only a claim.

import ipaddr from 'ipaddr.js';
import type { Context } from 'koa';

/** Networks in which a proxy stands; never a stranger's. */
const NEAR = new Set(['loopback', 'private', 'uniqueLocal', 'linkLocal', 'carrierGradeNat']);
/** A stranger with IPv6 has a whole network of this size to come from. */
const IPV6_NETWORK_BITS = 64;

/** An IPv4 address, or an IPv6 network: `203.0.113.7`, `2001:db8:1:2::/64`. */
export function clientAddress(ctx: Pick<Context, 'req' | 'get'>): string {
  return addressBehind(ctx.req.socket.remoteAddress ?? '', ctx.get('x-forwarded-for'));
}

/** `forwarded`: the header as it came; empty when it did not. */
export function addressBehind(connected: string, forwarded: string): string {
  let found = parsed(connected);
  const claims = forwarded.split(',').map((claim) => claim.trim());
  while (found && NEAR.has(found.range())) {
    const next = parsed(claims.pop() ?? '');
    if (!next) break;
    found = next;
  }
  if (!found) return 'unknown';
  if (found.kind() === 'ipv4') return found.toString();
  const bytes = found.toByteArray().fill(0, IPV6_NETWORK_BITS / 8);
  return `${ipaddr.fromByteArray(bytes).toString()}/${IPV6_NETWORK_BITS}`;
}

function parsed(text: string): ipaddr.IPv4 | ipaddr.IPv6 | null {
  return ipaddr.isValid(text) ? ipaddr.process(text) : null;
}
