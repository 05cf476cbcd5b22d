// The secrets of one sandbox, made at its first start and kept beside its data: with another
// SECRETS_KEY the partners' sealed secrets would not open any more, and with another webhook secret
// yesterday's half-delivered event would be refused. Nothing real hangs on them.

import { randomBytes, randomUUID } from 'node:crypto';
import { link, readFile, unlink, writeFile } from 'node:fs/promises';

export type SandboxSecrets = {
  readonly stripeSecretKey: string;
  readonly stripeWebhookSecret: string;
  /** 32 bytes in base64. */
  readonly secretsKey: string;
};

/** Reads `file`, or makes it (mode 0600). Throws a sentence for a person when it is damaged. */
export async function sandboxSecrets(file: string): Promise<SandboxSecrets> {
  const known = await read(file);
  if (known) return known;
  const made: SandboxSecrets = {
    stripeSecretKey: `sk_test_${randomBytes(24).toString('hex')}`,
    stripeWebhookSecret: `whsec_${randomBytes(24).toString('hex')}`,
    secretsKey: randomBytes(32).toString('base64'),
  };
  const temporary = `${file}.${randomUUID()}.tmp`;
  await writeFile(temporary, `${JSON.stringify(made, null, 2)}\n`, { mode: 0o600, flush: true });
  try {
    await link(temporary, file); // fails when another start was first: its secrets are the ones
    return made;
  } catch (error) {
    const theirs = (error as NodeJS.ErrnoException).code === 'EEXIST' ? await read(file) : null;
    if (theirs) return theirs;
    throw error;
  } finally {
    await unlink(temporary);
  }
}

async function read(file: string): Promise<SandboxSecrets | null> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  const secrets = parsed(text);
  if (secrets === null) {
    throw new Error(`${file} is damaged; delete the data folder to begin a new sandbox.`);
  }
  return secrets;
}

function parsed(text: string): SandboxSecrets | null {
  try {
    const data = JSON.parse(text) as Record<keyof SandboxSecrets, unknown>;
    const { stripeSecretKey, stripeWebhookSecret, secretsKey } = data;
    const whole =
      isText(stripeSecretKey, /^sk_test_\w+$/) &&
      isText(stripeWebhookSecret, /^whsec_\w+$/) &&
      isText(secretsKey, /^[A-Za-z0-9+/]{43}=$/);
    return whole ? (data as SandboxSecrets) : null;
  } catch {
    return null;
  }
}

function isText(value: unknown, form: RegExp): value is string {
  return typeof value === 'string' && form.test(value);
}
