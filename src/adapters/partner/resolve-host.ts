// From a partner's host name to its addresses. The system's own resolution runs on a pool of four
// threads that files and every other name in this process share: a partner whose name servers are
// silent would hold all four and slow down everybody. So the DNS is asked directly, without
// threads, and the system only for names the DNS does not know (the hosts file).

import type { LookupAddress } from 'node:dns';
import { lookup, Resolver } from 'node:dns/promises';
import { setTimeout as delay } from 'node:timers/promises';

/** All addresses of a name, at least one, in the order to try them. Rejects when there is none. */
export type ResolveHost = (host: string) => Promise<readonly LookupAddress[]>;

/** The name has no address that we could learn. `code` is the resolver's, such as `ENOTFOUND`. */
export class UnknownHost extends Error {
  override readonly name = 'UnknownHost';
  readonly host: string;
  readonly code: string;

  constructor(host: string, code: string, options?: ErrorOptions) {
    super(`${host} has no address (${code})`, options);
    this.host = host;
    this.code = code;
  }
}

// Two tries, five seconds in all: of the ten of a call, half are left to connect and answer.
const DNS_TRY_MS = 1_500;
const DNS_TRIES = 2;

// Some name servers drop questions about IPv6: with an IPv4 address in hand we do not wait long.
const IPV6_PATIENCE_MS = 200;

// The DNS answered, without this name, or there is no DNS here at all: the hosts file may know.
const ASK_THE_SYSTEM = new Set(['ENOTFOUND', 'ENODATA', 'ECONNREFUSED']);

/**
 * Asks the machine's DNS servers, or `servers` (`address:port`). IPv4 comes first: where both are
 * published and one is broken, it is IPv6.
 */
export function dnsResolve(servers?: readonly string[]): ResolveHost {
  return async (host) => {
    // A new one each time, so that a changed resolv.conf counts at once.
    const resolver = new Resolver({ timeout: DNS_TRY_MS, tries: DNS_TRIES });
    if (servers) resolver.setServers(servers);
    let failure: NodeJS.ErrnoException | undefined;
    const four = resolver.resolve4(host).catch((error: NodeJS.ErrnoException) => {
      failure = error;
      return [];
    });
    const six = resolver.resolve6(host).catch(() => []);
    const patience = four.then((found) => {
      return found.length > 0 ? delay(IPV6_PATIENCE_MS, [], { ref: false }) : six;
    });
    const found = [
      ...addresses(await four, 4),
      ...addresses(await Promise.race([six, patience]), 6),
    ];
    resolver.cancel();
    if (found.length > 0) return found;
    if (failure && !ASK_THE_SYSTEM.has(failure.code ?? '')) throw failure;
    return systemResolve(host);
  };
}

/** What the machine itself believes, `localhost` and the hosts file first. For local tests. */
export const systemResolve: ResolveHost = (host) => lookup(host, { all: true });

function addresses(found: readonly string[], family: 4 | 6): LookupAddress[] {
  return found.map((address) => ({ address, family }));
}
