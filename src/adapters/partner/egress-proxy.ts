// The way out through an egress proxy (HTTPS_PROXY), where a network lets nothing else out. The
// proxy is asked for a tunnel by CONNECT and TLS runs through it to the partner itself: the proxy
// learns a name and a port, never a key, a customer or an answer. undici brings the parts; they are
// put together here instead of taking its ProxyAgent, which tells neither who of the two failed nor
// with what status, and outlives the deadline of the call it opens a tunnel for.

import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { buildConnector, Client } from 'undici';
import { BlockedAddress, firstBlocked } from './public-address.ts';
import type { ResolveHost } from './resolve-host.ts';

export type EgressProxy = {
  /** `http:` or `https:`; with credentials for Basic authentication, perhaps. */
  readonly url: URL;
  /** PEM; trusted instead of the machine's authorities, for the proxy alone. */
  readonly ca?: string;
};

/** No tunnel came about, and the partner has nothing to do with it, as far as we can know. */
export class EgressProxyFailure extends Error {
  override readonly name = 'EgressProxyFailure';
  /** What the proxy answered instead of 200; null when it did not answer at all. */
  readonly statusCode: number | null;
  /** Who should have been at the tunnel's other end, such as `api.example:443`. */
  readonly target: string;

  constructor(target: string, statusCode: number | null, options?: ErrorOptions) {
    super(`The egress proxy opened no tunnel to ${target} (${statusCode ?? 'no answer'})`, options);
    this.target = target;
    this.statusCode = statusCode;
  }
}

type Target = Parameters<buildConnector.connector>[0];

// Where there is a proxy there is often no DNS for the names of the Internet, and nobody to say so.
const DNS_PATIENCE_MS = 1_500;

/**
 * A connector for undici that reaches every host by a tunnel through the proxy. `secure` is what
 * speaks TLS inside it; a tunnel that is not open after `timeoutMs` is given up. With `resolve`
 * a name that leads to an address that is not public is refused (`BlockedAddress`) before the proxy
 * hears of it; a name that we cannot resolve is the proxy's to judge.
 */
export function tunnelConnector(
  proxy: EgressProxy,
  options: {
    readonly timeoutMs: number;
    readonly secure: buildConnector.connector;
    readonly resolve: ResolveHost | null;
  },
): buildConnector.connector {
  const open = async (target: Target): Promise<Socket> => {
    if (options.resolve) await refuseInside(target.hostname, options.resolve);
    return openTunnel(proxy, authorityOf(target), options.timeoutMs);
  };
  return (target, callback) => {
    open(target)
      .then((tunnel) => options.secure({ ...target, httpSocket: tunnel }, callback))
      .catch((error: Error) => callback(error, null));
  };
}

async function refuseInside(host: string, resolve: ResolveHost): Promise<void> {
  const unknown = resolve(host).catch(() => []);
  const found = await Promise.race([unknown, delay(DNS_PATIENCE_MS, [], { ref: false })]);
  const blocked = firstBlocked(found);
  if (blocked !== null) throw new BlockedAddress(host, blocked);
}

// A client for this one request: what the proxy does with a connection after a refusal, or after
// the deadline, is of no interest, and a tunnel is never given back.
async function openTunnel(
  { url, ca }: EgressProxy,
  target: string,
  timeoutMs: number,
): Promise<Socket> {
  const dial = buildConnector({
    timeout: timeoutMs,
    allowH2: false,
    rejectUnauthorized: true,
    ...(ca === undefined ? {} : { ca }),
  });
  // undici takes the name to verify from the Host header, which is the partner's; without it, from
  // the address dialled.
  const connect: buildConnector.connector = ({ servername: _, ...proxy }, callback) =>
    dial(proxy, callback);
  const client = new Client(url.origin, { connect, headersTimeout: 0 });
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const headers = { host: target, ...authorization(url) };
    const answer = await client.connect({ path: target, headers, signal });
    if (answer.statusCode >= 200 && answer.statusCode < 300) return answer.socket as Socket;
    answer.socket.on('error', () => {}).destroy();
    throw new EgressProxyFailure(target, answer.statusCode);
  } catch (error) {
    if (error instanceof EgressProxyFailure) throw error;
    throw new EgressProxyFailure(target, null, { cause: error });
  } finally {
    // The tunnel's socket is not the client's any more.
    client.destroy().catch(() => {});
  }
}

function authorization({ username, password }: URL): { 'proxy-authorization'?: string } {
  if (username === '' && password === '') return {};
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(credentials).toString('base64')}` };
}

// `host` has brackets around an IPv6 address and lacks a port that is the scheme's own.
function authorityOf({ host, hostname, port, protocol }: Target): string {
  if (port) return host ?? `${hostname}:${port}`;
  return `${host ?? hostname}:${protocol === 'https:' ? 443 : 80}`;
}
