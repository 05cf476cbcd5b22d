// The SDK of SES, loaded when it is first needed: importing it costs a fifth of a second, which no
// program that mails otherwise shall pay. One client is kept, with its connections.

import type { SESv2Client } from '@aws-sdk/client-sesv2';
import type { AwsKeys } from '#adapters/aws-address.ts';
import type { SesAddress } from './ses-url.ts';

type Sdk = typeof import('@aws-sdk/client-sesv2');

export type SesClientOptions = {
  readonly address: SesAddress;
  /** Default: the SDK's chain (environment, shared files, web identity, container, machine). */
  readonly credentials?: AwsKeys | (() => Promise<AwsKeys>);
  readonly connectionsMax?: number;
  readonly timeouts?: Partial<SesTimeouts>;
};

/** In milliseconds. `sendMs` bounds one request, from the search for keys to the last byte. */
export type SesTimeouts = { readonly connectionMs: number; readonly sendMs: number };

export type Ses = { readonly sdk: Sdk; readonly client: SESv2Client };

export type SesConnection = {
  open(): Promise<Ses>;
  /** Ends a request that takes longer than `sendMs` from now. */
  deadline(): AbortSignal;
  close(): Promise<void>;
};

const TIMEOUTS: SesTimeouts = { connectionMs: 10_000, sendMs: 60_000 };

// A kept connection is given up by us before it could be given up by them: a request that meets a
// dying connection is one whose fate nobody knows.
const IDLE_MS = 10_000;

/** Opens nothing by itself. */
export function sesConnection(options: SesClientOptions): SesConnection {
  const timeouts = { ...TIMEOUTS, ...options.timeouts };
  let opened: Promise<Ses> | null = null;
  return {
    open() {
      opened ??= openSes(options, timeouts);
      return opened;
    },
    deadline: () => AbortSignal.timeout(timeouts.sendMs),
    async close() {
      (await opened?.catch(() => null))?.client.destroy();
    },
  };
}

async function openSes(options: SesClientOptions, timeouts: SesTimeouts): Promise<Ses> {
  const { region, endpoint } = options.address;
  const sdk = await import('@aws-sdk/client-sesv2');
  const agent = { keepAlive: true, maxSockets: options.connectionsMax ?? 8, timeout: IDLE_MS };
  const client = new sdk.SESv2Client({
    region,
    ...(endpoint !== null && { endpoint }),
    ...(options.credentials && { credentials: options.credentials }),
    // SES has no idempotency key: a request repeated after a lost answer is a second mail. The
    // notification's own machine repeats, and says so in its log.
    maxAttempts: 1,
    requestHandler: {
      connectionTimeout: timeouts.connectionMs,
      requestTimeout: timeouts.sendMs,
      httpAgent: agent,
      httpsAgent: agent,
    },
  });
  return { sdk, client };
}
