// The connections to partners: who may be dialled, how long it may take, what TLS must prove. The
// limits are undici's, set so that nothing outlives a call's deadline by much; the decisions behind
// them stand beside the numbers.

import { Agent, buildConnector } from 'undici';
import { type EgressProxy, tunnelConnector } from './egress-proxy.ts';
import { guardedLookup } from './public-address.ts';
import { dnsResolve, type ResolveHost, systemResolve } from './resolve-host.ts';

export type PartnerAgentOptions = {
  /** For the whole call, name resolution and body included. */
  readonly timeoutMs: number;
  /** Local tests: HTTP, IP addresses and private networks too. TLS is verified all the same. */
  readonly allowInsecure: boolean;
  /** PEM; trusted instead of the machine's authorities. */
  readonly ca?: string;
  /** Instead of the machine's DNS. */
  readonly resolve?: ResolveHost;
  /** The only way out of this network. Absent or null: calls go out directly. */
  readonly proxy?: EgressProxy | null;
};

const HEADERS_BYTES_MAX = 16 * 1024;
// Servers close idle connections after two seconds (Gunicorn) or more, some without saying so. A
// call on a connection that is just being closed would cost the partner one of three attempts.
const IDLE_SOCKET_MS = 1_000;
const IDLE_SOCKET_MAX_MS = 4_000;
// Node gives up on each address but the last after 250 ms, which is a slow night across an ocean.
const NEXT_ADDRESS_AFTER_MS = 1_000;

/**
 * An agent with no limit of connections per host: the cap per partner is the claim's, and partners
 * behind one host (a no-code platform) would else wait for each other inside their own deadlines.
 */
export function partnerAgent(options: PartnerAgentOptions): Agent {
  return new Agent({
    // With HTTP/2 on offer undici makes all calls to a host wait for the first one's handshake.
    allowH2: false,
    pipelining: 1,
    keepAliveTimeout: IDLE_SOCKET_MS,
    keepAliveMaxTimeout: IDLE_SOCKET_MAX_MS,
    maxHeaderSize: HEADERS_BYTES_MAX,
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: connectorOf(options),
  });
}

/** True when a call to the URL leaves through the proxy: not to this machine, nor over HTTP. */
export function usesProxy(
  { protocol, hostname }: { readonly protocol: string; readonly hostname: string },
  { proxy }: PartnerAgentOptions,
): boolean {
  return Boolean(proxy) && protocol === 'https:' && !isThisMachine(hostname);
}

function connectorOf(options: PartnerAgentOptions): buildConnector.connector {
  const { timeoutMs, allowInsecure, proxy } = options;
  const resolve = options.resolve ?? (allowInsecure ? systemResolve : dnsResolve());
  const direct = buildConnector({
    lookup: guardedLookup(resolve, { publicOnly: !allowInsecure }),
    allowH2: false,
    timeout: timeoutMs,
    // Said aloud, because the environment (NODE_TLS_REJECT_UNAUTHORIZED=0, --tls-min-v1.0) would
    // else weaken them.
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_AFTER_MS,
    ...(options.ca === undefined ? {} : { ca: options.ca }),
  });
  if (!proxy) return direct;
  const tunnel = tunnelConnector(proxy, {
    timeoutMs,
    // Inside the tunnel nothing is looked up or dialled any more; the rules of TLS are the same.
    secure: direct,
    resolve: allowInsecure ? null : resolve,
  });
  return (target, callback) => (usesProxy(target, options) ? tunnel : direct)(target, callback);
}

// Only local tests get here: these hosts are refused otherwise. curl and Go have the same rule.
function isThisMachine(hostname: string): boolean {
  return /^(?:localhost|127(?:\.\d+){3}|\[?::1\]?)$/.test(hostname);
}
