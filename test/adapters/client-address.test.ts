// Whose tries are counted together: a proxy's word is taken when a proxy could have said it, a stranger's
// own claims are not.

import { expect, test } from 'vitest';
import { browserName } from '#adapters/dashboard/browser-name.ts';
import { addressBehind } from '#adapters/dashboard/client-address.ts';

test.each([
  ['without a proxy, the connection’s', '203.0.113.7', '', '203.0.113.7'],
  ['from the Internet, claims count for nothing', '203.0.113.7', '198.51.100.1', '203.0.113.7'],
  ['behind a proxy, what the proxy says', '127.0.0.1', '198.51.100.1', '198.51.100.1'],
  [
    'what the client claimed before is not heard',
    '10.0.0.2',
    '1.2.3.4, 198.51.100.1',
    '198.51.100.1',
  ],
  ['two proxies', '::ffff:10.0.0.2', '1.2.3.4, 198.51.100.1, 172.16.0.9', '198.51.100.1'],
  ['a neighbour', '127.0.0.1', '192.168.1.20', '192.168.1.20'],
  ['a proxy that says nothing', '127.0.0.1', '', '127.0.0.1'],
  ['a proxy that says nonsense', '127.0.0.1', '1.2.3.4, <script>', '127.0.0.1'],
  ['IPv6 by its network', '2001:db9:1:2:aaaa::1', '', '2001:db9:1:2::/64'],
  ['the same network', '2001:db9:1:2:bbbb::9', '', '2001:db9:1:2::/64'],
  ['mapped IPv4', '::ffff:203.0.113.7', '', '203.0.113.7'],
  ['nothing at all', '', '198.51.100.1', 'unknown'],
])('%s', (_what, connected, forwarded, address) => {
  expect(addressBehind(connected, forwarded)).toBe(address);
});

test.each([
  ['Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0', 'Firefox, Linux'],
  [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) ' +
      'Chrome/142.0 Safari/537.36 Edg/142.0',
    'Edge, Windows',
  ],
  [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 ' +
      '(KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1',
    'Safari, iPhone',
  ],
  ['<script>', 'Navigateur inconnu'],
  [null, 'Navigateur inconnu'],
])('the browser that calls itself %s is shown as %s', (userAgent, name) => {
  expect(browserName(userAgent)).toBe(name);
});
