// One question to an egress proxy, for `doctor`: would it open a tunnel to that host? Asked as partner
// calls ask it, answered with its status; no byte goes through.

import { request as askHttp } from 'node:http';
import { request as askHttps } from 'node:https';

/** The status of its answer to CONNECT, or the error's code when there was none. Never rejects. */
export function tryProxy(proxy: URL, host: string, withinMs: number): Promise<number | string> {
  const { protocol, hostname, port, username, password } = proxy;
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const target = `${host}:443`;
  const ask = protocol === 'https:' ? askHttps : askHttp;
  return new Promise((resolve) => {
    const asking = ask({
      method: 'CONNECT',
      host: hostname.replace(/^\[|\]$/g, ''),
      port: port || (protocol === 'https:' ? 443 : 80),
      path: target,
      headers: {
        host: target,
        ...(credentials !== ':' && {
          'proxy-authorization': `Basic ${Buffer.from(credentials).toString('base64')}`,
        }),
      },
      agent: false,
      signal: AbortSignal.timeout(withinMs),
    });
    asking.on('connect', ({ statusCode }, socket) => {
      socket.on('error', () => {}).destroy();
      resolve(statusCode ?? 0);
    });
    asking.on('response', ({ statusCode }) => {
      asking.destroy();
      resolve(statusCode ?? 0);
    });
    asking.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.name));
    asking.end();
  });
}
