// The checks of `doctor` on the database server itself: what it is, what it lets us do, whether it has
// room and the right time. What lies in the tables is doctor-work.ts' business.

import { sql } from 'kysely';
import { duration, plural } from '#adapters/french.ts';
import type { Database } from '#adapters/postgres/database.ts';
import { schemaState } from '#db/schema-state.ts';
import { pendingOrMade } from './books.ts';
import type { CliConfig } from './cli.ts';
import { attention, type Check, check } from './doctor-check.ts';
import { fr } from './layout.ts';

const VERSION_MIN = 150_000;

export function checkVersion(db: Database): Promise<Check> {
  return check(['database', 'PostgreSQL'], 'Vérifiez DATABASE_URL.', async () => {
    const { rows } = await sql<{ number: string; version: string }>`
      select current_setting('server_version_num') as number,
             current_setting('server_version') as version`.execute(db);
    const version = rows[0]?.version.split(' ')[0] ?? '?';
    return Number(rows[0]?.number) >= VERSION_MIN
      ? { detail: `version ${version}` }
      : { detail: `version ${version}`, action: 'Il en faut une à partir de 15.' };
  });
}

type Rights = {
  readonly isReplica: boolean;
  readonly isReadOnly: boolean;
  readonly mayCreateTables: boolean;
  readonly mayCreateSchemas: boolean;
  readonly lock: boolean;
};

export function checkRights(db: Database): Promise<Check> {
  return check(['rights', 'Droits'], 'Vérifiez les droits de cet utilisateur.', async () => {
    const { rows } = await sql<Rights>`
      select pg_is_in_recovery() as "isReplica",
        current_setting('transaction_read_only') = 'on' as "isReadOnly",
        has_schema_privilege(current_schema(), 'CREATE') as "mayCreateTables",
        (has_database_privilege(current_database(), 'CREATE')
          or to_regnamespace('graphile_worker') is not null) as "mayCreateSchemas",
        pg_try_advisory_xact_lock(7303, 1) as lock`.execute(db);
    const [rights] = rows;
    if (!rights) throw new Error('no answer');
    if (rights.isReplica) {
      const action = fr`Donnez dans DATABASE_URL l’adresse du serveur principal.`;
      return { detail: 'ce serveur est une réplique, en lecture seule', action };
    }
    if (rights.isReadOnly) {
      const action = fr`Cherchez pourquoi (disque plein, bascule, default_transaction_read_only).`;
      return { detail: 'ce serveur est en lecture seule', action };
    }
    if (!rights.mayCreateTables || !rights.mayCreateSchemas) {
      const action = fr`grant create on database … et on schema public … à cet utilisateur.`;
      return { detail: 'cet utilisateur ne peut pas créer de tables', action };
    }
    if (!rights.lock) throw new Error('an advisory lock is refused');
    return { detail: 'écriture, création et verrous permis' };
  });
}

/** What one process keeps open at most: use cases, queue, listeners, lock of life, a migration. */
const CONNECTIONS_OF_SERVE = 28;

type Room = { readonly max: number; readonly used: number; readonly reserved: number };

export function checkConnections(db: Database): Promise<Check> {
  return check(['connections', 'Connexions'], 'Voyez le message.', async () => {
    const { rows } = await sql<Room>`
      select least(current_setting('max_connections')::int,
          coalesce((select nullif(datconnlimit, -1) from pg_database
            where datname = current_database()), 1000000),
          coalesce((select nullif(rolconnlimit, -1) from pg_roles
            where rolname = current_user), 1000000))::int as max,
        (select count(*) from pg_stat_activity where backend_type = 'client backend')::int as used,
        current_setting('superuser_reserved_connections')::int as reserved`.execute(db);
    const { max = 0, used = 0, reserved = 0 } = rows[0] ?? {};
    const free = Math.max(0, max - reserved - used);
    const detail = `${used} ouvertes sur ${max}, encore ${free}`;
    if (free >= CONNECTIONS_OF_SERVE) return { detail };
    const action = fr`Un programme en prend jusqu’à ${CONNECTIONS_OF_SERVE} : augmentez max_connections.`;
    return { detail, action, isFault: free === 0 };
  });
}

const SKEW_MS = 2_000;
const SKEW_FAULT_MS = 60_000;

export function checkClock(db: Database): Promise<Check> {
  return check(['clock', 'Horloge'], 'Voyez le message.', async () => {
    const before = Date.now();
    const { rows } = await sql<{ now: string }>`
      select (extract(epoch from clock_timestamp()) * 1000)::bigint::text as now`.execute(db);
    const here = (before + Date.now()) / 2;
    return skew(Number(rows[0]?.now) - here, 'la base de données');
  });
}

/** What a difference to another clock means; `ms` is how far the other one is ahead. */
export function skew(ms: number, whose: string): ReturnType<typeof attention> {
  const off = Math.abs(ms);
  if (off < SKEW_MS) return { detail: `celle de ${whose}` };
  const side = ms > 0 ? 'retarde' : 'avance';
  const detail = fr`cette machine ${side} de ${duration(off)} sur ${whose}`;
  const action = fr`Réglez les horloges (NTP) : les signatures de Stripe expirent en 5 minutes.`;
  return { detail, action, isFault: off >= SKEW_FAULT_MS };
}

export function checkSchema(config: CliConfig, url: string): Promise<Check> {
  return check(['migrations', 'Migrations'], 'Voyez le message.', async () => {
    const { newer, isSupported } = await schemaState(url);
    if (!isSupported) {
      const detail = fr`la base est d’une version plus récente : ${newer.join(', ')}`;
      return { detail, action: 'Lancez la version récente du programme.' };
    }
    const pending = await pendingOrMade(config, url);
    if (pending.length > 0) {
      return {
        detail: `${pending.length} en attente`,
        action: fr`Lancez « comptappart migrate ».`,
      };
    }
    if (newer.length === 0) return { detail: 'aucune en attente' };
    const many = `${newer.length} ${plural(newer.length, 'migration', 'migrations')}`;
    return attention(
      fr`la base est en avance de ${many}, qui acceptent encore ce programme`,
      'Passez à la version récente du programme.',
    );
  });
}
