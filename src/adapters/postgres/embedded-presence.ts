// Who uses the embedded server, told by advisory locks in its `postgres` database. The program
// that started it holds the owner lock on a connection of its own; every command that came later
// shares the guest lock. The kernel closes the connections of a killed program, so these locks,
// unlike files, never lie. An owner ends its server only with the guest lock to itself, which no
// newcomer can share from then on.

import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';

export type Role = 'server' | 'visitor';

/** The program that owns a running server, as it wrote on its connection. */
export type OwnerName = { readonly role: Role; readonly pid: number };

export type Standing =
  | { readonly kind: 'owner' | 'guest' }
  | { readonly kind: 'taken'; readonly by: OwnerName | undefined }
  | { readonly kind: 'closing'; readonly why: string };

/** Held until `release`, or until this program dies; taken again when the connection breaks. */
export type Ownership = {
  readonly waitUntilAlone: (guestsLimitMs: number, onWait: () => void) => Promise<void>;
  readonly release: () => Promise<void>;
};

// Ours among all advisory locks; 7301 marks the worker pools.
const ownerLock = '7302, 1';
const guestLock = '7302, 2';
const relockAfterMs = 200;
const lookAgainMs = 50;
// A forgotten psql is not worth waiting for as long as a command that registered as a guest.
const strangersLimitMs = 5_000;

/**
 * Connects to the `postgres` database; undefined while the server takes no connections. Throws
 * when it refuses the password.
 */
export const connectPresence = async (url: string, role: Role): Promise<Client | undefined> => {
  const client = new Client({
    connectionString: url,
    application_name: `comptappart ${role} ${process.pid}`,
    connectionTimeoutMillis: 2_000,
    keepAlive: true,
  });
  // A broken connection shows at the next query; without a listener it would end the program.
  client.on('error', () => {});
  try {
    await client.connect();
    return client;
  } catch (cause) {
    await client.end().catch(() => {});
    // 28P01 invalid_password, 28000 invalid_authorization_specification
    if (!/^28/.test((cause as { readonly code?: string }).code ?? '')) return undefined;
    throw new Error('The embedded PostgreSQL refuses the password in its connection.json.', {
      cause,
    });
  }
};

/**
 * What this program may be to a running server: its owner (nobody else is), a guest, or neither
 * because of the owner `by`. `closing` when the server went away or is about to. Never throws.
 */
export const takeStanding = async (client: Client, role: Role): Promise<Standing> => {
  try {
    if (role === 'visitor') {
      const isGuest = await tryLock(client, `pg_try_advisory_lock_shared(${guestLock})`);
      return isGuest ? { kind: 'guest' } : { kind: 'closing', why: 'its program ends' };
    }
    if (await tryOwn(client)) return { kind: 'owner' };
    return { kind: 'taken', by: await findOwner(client) };
  } catch (error) {
    return { kind: 'closing', why: (error as Error).message };
  }
};

/** Takes the owner lock on this connection unless another program holds it. */
export const tryOwn = (client: Client): Promise<boolean> =>
  tryLock(client, `pg_try_advisory_lock(${ownerLock})`);

/** Makes the database named `name` if it is missing. */
export const ensureDatabase = async (client: Client, name: string): Promise<void> => {
  const { rowCount } = await client.query('select from pg_database where datname = $1', [name]);
  if (rowCount === 0) await client.query(`create database ${client.escapeIdentifier(name)}`);
};

/** Keeps the owner lock that `first` holds, over broken connections, as long as `isRunning`. */
export const keepOwning = (
  first: Client,
  connect: () => Promise<Client | undefined>,
  isRunning: () => boolean,
): Ownership => {
  let client = first;
  let isReleased = false;
  const lockAgain = async (): Promise<void> => {
    while (!isReleased && isRunning()) {
      await delay(relockAfterMs, undefined, { ref: false });
      const next = await connect().catch(() => undefined);
      if (next && (await tryOwn(next).catch(() => false))) return watch(next);
      await next?.end().catch(() => {});
    }
  };
  const watch = (next: Client): void => {
    client = next;
    next.once('end', () => void lockAgain());
  };
  watch(first);
  return {
    waitUntilAlone: (guestsLimitMs, onWait) => waitUntilAlone(client, guestsLimitMs, onWait),
    release: async () => {
      isReleased = true;
      await client.end().catch(() => {});
    },
  };
};

/**
 * Waits until no guest is left, at most `guestsLimitMs`, and until no other client is connected,
 * at most 5 s. From then on nobody can become a guest. Calls `onWait` once if there are guests.
 */
export const waitUntilAlone = async (
  client: Client,
  guestsLimitMs: number,
  onWait: () => void,
): Promise<void> => {
  const guestsDeadline = Date.now() + guestsLimitMs;
  const alone = `pg_try_advisory_lock(${guestLock})`;
  for (let looks = 1; !(await tryLock(client, alone)) && Date.now() < guestsDeadline; looks += 1) {
    if (looks === 1) onWait();
    await delay(lookAgainMs);
  }
  const strangersDeadline = Date.now() + strangersLimitMs;
  while ((await countOthers(client)) > 0 && Date.now() < strangersDeadline) {
    await delay(lookAgainMs);
  }
};

const findOwner = async (client: Client): Promise<OwnerName | undefined> => {
  const { rows } = await client.query<{ readonly name: string }>(`
    select application_name as name
      from pg_locks join pg_stat_activity using (pid)
     where locktype = 'advisory' and granted and (classid, objid, objsubid) = (${ownerLock}, 2)`);
  const [, role, pid] = /^comptappart (server|visitor) (\d+)$/.exec(rows[0]?.name ?? '') ?? [];
  return role && pid ? { role: role as Role, pid: Number(pid) } : undefined;
};

const countOthers = async (client: Client): Promise<number> => {
  const { rowCount } = await client.query(`
    select from pg_stat_activity
     where backend_type = 'client backend' and pid <> pg_backend_pid()`);
  return rowCount ?? 0;
};

const tryLock = async (client: Client, call: string): Promise<boolean> => {
  const { rows } = await client.query<{ readonly taken: boolean }>(`select ${call} as taken`);
  return rows[0]?.taken === true;
};
