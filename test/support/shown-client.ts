// The SDK's client with everything that it answers shown to its caller in another way: how a test
// looks over the reader's shoulder without the reader knowing.

import type Stripe from 'stripe';

/** The client, with everything that its resources answer shown in another way. */
export function shownClient(client: Stripe, show: (answer: unknown) => unknown): Stripe {
  const around = <T extends object>(target: T): T =>
    new Proxy(target, {
      get(of, property) {
        const found: unknown = Reflect.get(of, property);
        if (typeof found === 'object' && found !== null) return around(found);
        if (typeof found !== 'function') return found;
        return (...args: unknown[]) => {
          const asked = Reflect.apply(found, of, args) as Promise<unknown> & {
            autoPagingToArray?: (options: { limit: number }) => Promise<unknown[]>;
          };
          return Object.assign(asked.then(show), {
            autoPagingToArray: async (options: { limit: number }) =>
              (await asked.autoPagingToArray?.(options))?.map(show),
          });
        };
      },
    });
  return around(client);
}
