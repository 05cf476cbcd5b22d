// The whole program under plain node, as it runs in staging, among neighbours that are not part of
// it and are put in place by variables alone: a Stripe API, an SMTP server, a partner's endpoint.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import { type SandboxStripe, startSandboxStripe } from '#adapters/sandbox/stripe-server.ts';
import { makeDataFolder } from './database.ts';
import { type SmtpStage, smtpServer } from './mail-servers.ts';
import { type PartnerServer, startPartnerServer } from './partner-server.ts';
import { sampleSeller } from './seller.ts';

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));
const SECRET_KEY = 'sk_test_e2e';
const WEBHOOK_SECRET = 'whsec_e2e';

export type Staging = {
  readonly url: string;
  readonly stripe: SandboxStripe;
  readonly mails: SmtpStage;
  readonly partner: PartnerServer;
  /** Starts the program; resolves when it is ready, with the milliseconds that took. */
  start(): Promise<number>;
  /** What the program printed so far. */
  output(): string;
  kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null>;
  /** A command beside the running program; its stdout. Throws when it fails. */
  cli(...args: string[]): Promise<string>;
};

/**
 * Everything but the program itself is up when this resolves; it all ends with the test. `more`:
 * variables of the program beside those that staging needs.
 */
export async function staging(more: NodeJS.ProcessEnv = {}): Promise<Staging> {
  const dataDir = await makeDataFolder();
  const sellerFile = join(dataDir, 'seller.json');
  await writeFile(sellerFile, JSON.stringify(sampleSeller()));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const mails = await smtpServer();
  const partner = await startPartnerServer();
  const stripe = await startSandboxStripe({
    dataFile: null,
    secretKey: SECRET_KEY,
    webhookSecret: WEBHOOK_SECRET,
    webhookUrl: () => `${url}/webhooks/stripe`,
  });
  const env: NodeJS.ProcessEnv = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    PORT: String(port),
    HOST: '127.0.0.1',
    PUBLIC_URL: url,
    DATA_DIR: dataDir,
    STRIPE_SECRET_KEY: SECRET_KEY,
    STRIPE_WEBHOOK_SECRETS: WEBHOOK_SECRET,
    STRIPE_API_BASE: stripe.apiBase.href,
    SELLER_FILE: sellerFile,
    SECRETS_KEY: Buffer.alloc(32, 9).toString('base64'),
    EMAIL_URL: `smtp://127.0.0.1:${mails.port}`,
    EMAIL_FROM: 'factures@comptappart.example',
    ALLOW_INSECURE_PARTNER_URLS: 'true',
    PARTNER_RETRY_DELAYS_S: '1,1',
    READINESS_GRACE_MS: '0',
    ...more,
  };
  let child: ChildProcess | null = null;
  let printed = '';

  async function kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
    if (!child || child.exitCode !== null || child.signalCode !== null) return null;
    const exited = once(child, 'exit');
    child.kill(signal);
    const [code] = await exited;
    return code as number | null;
  }

  onTestFinished(async () => {
    await kill('SIGTERM');
    await stripe.close();
    await partner.close();
    await rm(dataDir, { recursive: true, maxRetries: 20, retryDelay: 50 });
  }, 30_000);

  return {
    url,
    stripe,
    mails,
    partner,
    async start() {
      const startedAt = Date.now();
      child = spawn(process.execPath, [CLI, 'serve'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
      const hear = (chunk: Buffer) => {
        printed += chunk.toString();
      };
      child.stdout?.on('data', hear);
      child.stderr?.on('data', hear);
      await until(async () => {
        if (child?.exitCode !== null) throw new Error(`the program ended:\n${printed}`);
        const ready = await fetch(`${url}/health/ready`).catch(() => null);
        return ready?.status === 200;
      });
      return Date.now() - startedAt;
    },
    output: () => printed,
    kill,
    async cli(...args) {
      const { stdout } = await promisify(execFile)(process.execPath, [CLI, ...args], { env });
      return stdout;
    },
  };
}

/** Waits for the condition, looking every 10 ms; throws after 60 s. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 60_000;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error('it did not happen within 60 s');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
