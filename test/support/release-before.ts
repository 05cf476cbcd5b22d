// A program of the release before (its last migration is 0006) as the database sees it: the statements
// by which it recorded a payment, stored a PDF and made an attempt, written down from its sources. Its
// clock, Stripe and Chromium are left out; what it does not know of the present tables, too.

import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Logger, runMigrations } from 'graphile-worker';
import { Client } from 'pg';
import { migrationFiles } from '#db/migration-files.ts';
import { formatInvoiceNumber, parisDay } from '#domain/invoice-number.ts';
import { emptyDatabase, type TestDatabase } from './database.ts';

const LAST_MIGRATION = '0006-reconciliation';

/** A database as the release before left it. */
export async function databaseBefore(): Promise<TestDatabase> {
  const database = await emptyDatabase();
  await runMigrations({ connectionString: database.url, logger: new Logger(() => () => {}) });
  const client = await connected(database.url);
  await client.query(
    'create table kysely_migration (name varchar(255) primary key, timestamp varchar(255) not null)',
  );
  for (const { name, text } of await migrationFiles()) {
    if (name > LAST_MIGRATION) break;
    await client.query(text);
    await client.query('insert into kysely_migration values ($1, $2)', [
      name,
      new Date().toISOString(),
    ]);
  }
  await client.query(
    `insert into partner (slug, name, signing_secret, staging_url, created_at, updated_at)
     values ('acme', 'Acme', '\\x01', 'https://acme.example/orders', now(), now())`,
  );
  await client.end();
  return database;
}

export type ProgramBefore = {
  /** Takes in an event and records its payment: one order of 99.99 with its invoice and jobs. */
  sell(name: string): Promise<{ readonly orderId: number; readonly number: string }>;
  /** Puts the invoice's PDF on record and queues its notifications. */
  storePdf(sold: { readonly orderId: number; readonly number: string }): Promise<void>;
  /** Claims a notification of the order, sends nothing, puts the success on record. */
  deliver(orderId: number, channel: 'email' | 'webhook'): Promise<void>;
  /** Puts an event aside that it does not understand. */
  ignore(eventId: string): Promise<void>;
  /** Holds its lock of life, as a worker of that release. */
  live(): Promise<void>;
  close(): Promise<void>;
};

export async function programBefore(databaseUrl: string): Promise<ProgramBefore> {
  const client = await connected(databaseUrl);
  const workerId = randomUUID();

  async function inTransaction<T>(work: () => Promise<T>): Promise<T> {
    await client.query('begin');
    try {
      const result = await work();
      await client.query('commit');
      return result;
    } catch (error) {
      await client.query('rollback');
      throw error;
    }
  }

  async function addJob(task: string, payload: object, key: string): Promise<void> {
    await client.query(
      `select graphile_worker.add_job(identifier => $1, payload => $2::json, run_at => null::timestamptz,
         job_key => $3)`,
      [task, JSON.stringify(payload), key],
    );
  }

  async function issue(orderId: number, contentOf: (number: string) => string): Promise<string> {
    const now = new Date();
    const year = Number(parisDay(now).slice(0, 4));
    const { rows } = await client.query(
      `insert into invoice_series as counter (series, year, last_ordinal, last_issued_at, last_hash)
       values ('FQCA', $1, 1, '-infinity', $2)
       on conflict (series, year) do update set last_ordinal = counter.last_ordinal + 1
       returning last_ordinal, last_hash`,
      [year, '0'.repeat(64)],
    );
    const { last_ordinal: ordinal, last_hash: previous } = rows[0];
    const number = formatInvoiceNumber('FQCA', year, ordinal);
    const content = contentOf(number);
    const hash = createHash('sha256').update(previous).update(content).digest('hex');
    await client.query(
      `insert into invoice (number, series, year, ordinal, order_id, issued_at, issue_day, content,
         previous_hash, hash) values ($1, 'FQCA', $2, $3, $4, $5, $6, $7, $8, $9)`,
      [number, year, ordinal, orderId, now, parisDay(now), content, previous, hash],
    );
    await client.query(
      `update invoice_series set last_hash = $2, last_issued_at = $3 where series = 'FQCA' and year = $1`,
      [year, hash, now],
    );
    return number;
  }

  async function record(name: string): Promise<{ orderId: number; number: string }> {
    await client.query(
      `insert into payment (key, state, reason, event_id, created_at, updated_at)
       values ($1, 'waiting', 'new', $2, now(), now())`,
      [`pi_${name}`, `evt_${name}`],
    );
    const { rows } = await client.query(
      `insert into orders (payment_key, partner_slug, event_id, event_created_at, customer,
         customer_email, currency, paid_at, payment_method, net, vat, gross, recorded_at)
       values ($1, 'acme', $2, now(), '{"email":"a@b.example"}', 'a@b.example', 'EUR', now(), 'card',
         8332, 1667, 9999, now()) returning id`,
      [`pi_${name}`, `evt_${name}`],
    );
    const orderId = Number(rows[0].id);
    await client.query(
      `insert into order_line (order_id, position, product_id, product_name, quantity, net, vat, gross,
         discount, rate_basis_points, treatment)
       values ($1, 1, 'prod_1', 'Bilan', 1, 8332, 1667, 9999, 0, 2000, 'standard')`,
      [orderId],
    );
    for (const channel of ['email', 'webhook']) {
      await client.query(
        `insert into notification (id, order_id, channel, state, round, round_attempts, attempts,
           interruptions, next_attempt_at, lease_token, lease_holder, lease_until, completed_at,
           ended_at, created_at)
         values ($1, $2, $3, 'queued', 1, 0, 0, 0, now(), null, null, null, null, null, now())`,
        [randomUUID(), orderId, channel],
      );
    }
    const number = await issue(orderId, (it) => JSON.stringify({ number: it, orderId }));
    await addJob('render-invoice', { invoiceNumber: number }, `render-invoice:${number}`);
    await client.query(`update payment set state = 'recorded', reason = null where key = $1`, [
      `pi_${name}`,
    ]);
    await conclude(`evt_${name}`, 'recorded', null);
    return { orderId, number };
  }

  async function conclude(eventId: string, kind: string, reason: string | null): Promise<void> {
    await client.query(
      `update event_outcome set kind = $2, reason = $3, payment_key = null, tries = 1,
         concluded_at = now() where event_id = $1`,
      [eventId, kind, reason],
    );
  }

  return {
    async sell(name) {
      const receive = async (): Promise<void> => {
        await client.query(
          `insert into stripe_event (id, type, api_version, livemode, account, object_id, created_at,
             received_at, body) values ($1, 'checkout.session.completed', null, false, null, null, now(),
             now(), '{}') on conflict do nothing`,
          [`evt_${name}`],
        );
        await client.query(
          `insert into event_outcome (event_id, kind, tries, concluded_at) values ($1, 'pending', 0, now())`,
          [`evt_${name}`],
        );
      };
      await again(() => inTransaction(receive));
      return again(() => inTransaction(() => record(name)));
    },

    storePdf: ({ orderId, number }) => {
      const store = async (): Promise<void> => {
        await client.query(
          `insert into invoice_pdf (invoice_number, key, sha256, size_bytes, template_version,
             chromium_version, stored_at) values ($1, $1, $2, 4, 't1', 'c1', now())
           on conflict (invoice_number) do nothing`,
          [number, 'a'.repeat(64)],
        );
        const { rows } = await client.query(
          'select id from notification where order_id = $1 order by channel',
          [orderId],
        );
        for (const { id } of rows) {
          await addJob(
            'deliver-notification',
            { notificationId: id },
            `deliver-notification:${id}`,
          );
        }
      };
      // The migration may hold what it reads second and wait for what it wrote first: PostgreSQL ends
      // one of the two, and the queue of that release tries its job again.
      return again(() => inTransaction(store));
    },

    async deliver(orderId, channel) {
      const token = randomUUID();
      const claim = async (): Promise<string> => {
        const { rows } = await client.query(
          'select id from notification where order_id = $1 and channel = $2 for update',
          [orderId, channel],
        );
        await client.query(
          `update notification set state = 'sending', round = 1, round_attempts = 1, attempts = 1,
             interruptions = 0, next_attempt_at = null, lease_token = $2, lease_holder = $3,
             lease_until = now() + interval '90 s', completed_at = null, ended_at = null
           where id = $1`,
          [rows[0].id, token, workerId],
        );
        await client.query(
          `insert into attempt (notification_id, number, round, lease_token, started_at)
           values ($1, 1, 1, $2, now())`,
          [rows[0].id, token],
        );
        return rows[0].id as string;
      };
      const id = await again(() => inTransaction(claim));
      const record = async (): Promise<void> => {
        await client.query(
          `update notification set state = 'completed', lease_token = null, lease_holder = null,
             lease_until = null, completed_at = now() where id = $1`,
          [id],
        );
        await client.query(
          `update attempt set ended_at = now(), outcome = 'accepted', status_code = 200, duration_ms = 1
           where notification_id = $1 and number = 1 and ended_at is null`,
          [id],
        );
      };
      await again(() => inTransaction(record));
    },

    ignore: (eventId) => conclude(eventId, 'ignored', 'unrelated-event'),

    async live() {
      await client.query('select pg_advisory_lock(7301, hashtext($1))', [workerId]);
    },

    close: () => client.end(),
  };
}

// As its queue does with a job that failed.
async function again<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (tries === 100) throw error;
      await delay(100);
    }
  }
}

async function connected(url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  await client.connect();
  return client;
}
