// A partner client and a partner's server facing each other, new for each test of a file. Calls
// have time even on a busy machine; only tests that wait for the deadline ask for a short one.

import { afterEach, beforeEach } from 'vitest';
import {
  type PartnerClient,
  type PartnerClientOptions,
  partnerClient,
} from '#adapters/partner/partner-client.ts';
import type { ResolveHost } from '#adapters/partner/resolve-host.ts';
import type { DeliveryAnswer, PartnerRequest } from '#application/ports.ts';
import { aRequest } from '#test/contracts/partner-caller.ts';
import { type PartnerServer, type ScriptedAnswer, startPartnerServer } from './partner-server.ts';

const PATIENT_MS = 8_000;

/** A deadline for tests that wait for it. */
export const SHORTLY = { timeoutMs: 600 };

export type PartnerCalls = {
  /** The server of the running test. */
  readonly server: PartnerServer;
  /** A client that is closed at the end of the test. */
  client(options?: Partial<PartnerClientOptions>): PartnerClient;
  /** One call to the server, or to `changes.url`, by a client of its own. */
  post(
    changes?: Partial<PartnerRequest>,
    options?: Partial<PartnerClientOptions>,
  ): Promise<DeliveryAnswer>;
  /** One call that is answered so. */
  postTo(answer: ScriptedAnswer, options?: Partial<PartnerClientOptions>): Promise<DeliveryAnswer>;
  /** Closes the test's clients, which waits for their calls. */
  closeClients(): Promise<unknown>;
};

/** Sets up server and clients around each test of the calling file. */
export function partnerCalls(): PartnerCalls {
  let server: PartnerServer;
  const clients: PartnerClient[] = [];
  const closeClients = () => Promise.all(clients.splice(0).map((each) => each.close()));
  const client: PartnerCalls['client'] = (options) => {
    const made = partnerClient({ timeoutMs: PATIENT_MS, allowInsecure: true, ...options });
    clients.push(made);
    return made;
  };
  const post: PartnerCalls['post'] = (changes, options) =>
    client(options).post({ ...aRequest(server.url), ...changes });

  beforeEach(async () => {
    server = await startPartnerServer();
  });
  afterEach(async () => {
    await closeClients();
    await server.close();
  });
  return {
    get server() {
      return server;
    },
    client,
    post,
    postTo(answer, options) {
      server.next(answer);
      return post({}, options);
    },
    closeClients,
  };
}

/** A DNS in which every name has these addresses. */
export function leadingTo(...addresses: readonly string[]): ResolveHost {
  const found = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  return async () => found;
}
