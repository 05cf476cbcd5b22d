// What `acknowledge.ts` measures the program against, each a server in a process of its own:
// `bare`, which does in one statement a request what must be done (one insert, one `add_job`) and
// nothing else, and `sync-engine`, Supabase's stripe-sync-engine behind the Koa we use, one row an event.
//
//   node bench/acknowledge-peer.ts bare|sync-engine <database url> <connections>

import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import Koa from 'koa';
import pg from 'pg';
import getRawBody from 'raw-body';
import { WEBHOOK_SECRET } from './webhook-events.ts';

const [kind, databaseUrl = '', connections = '10'] = process.argv.slice(2);
const listener = kind === 'bare' ? await bare() : await syncEngine();
const server = createServer(listener).listen(0, '127.0.0.1', () => {
  process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks/stripe`);
});

async function bare(): Promise<RequestListener> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: Number(connections) });
  await pool.query(`create table if not exists bare_event (
    id text primary key, type text not null, received_at timestamptz not null default now(),
    body text not null)`);
  return (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', async () => {
      try {
        const body = Buffer.concat(chunks).toString();
        const { id, type } = JSON.parse(body);
        await pool.query({
          name: 'store',
          text: `with stored as (insert into bare_event (id, type, body) values ($1, $2, $3)
                                 on conflict do nothing returning id)
                 select graphile_worker.add_job('resolve', json_build_object('eventId', id),
                                                job_key => 'resolve:' || id) from stored`,
          values: [id, type, body],
        });
        response.end('{"received":true}');
      } catch (error) {
        response.writeHead(500).end(String(error));
      }
    });
  };
}

async function syncEngine(): Promise<RequestListener> {
  // Its ES module looks for its migrations beside a name that only CommonJS has.
  const dist = dirname(fileURLToPath(import.meta.resolve('@supabase/stripe-sync-engine')));
  Object.assign(globalThis, { __dirname: dist });
  const { runMigrations, StripeSync } = await import('@supabase/stripe-sync-engine');
  const admin = new pg.Client({ connectionString: databaseUrl });
  await admin.connect();
  // Its migrations give functions to this role, and say nothing when they fail.
  await admin.query('create role postgres').catch(() => {}); // several of us may start
  await runMigrations({ databaseUrl, schema: 'stripe' });
  await admin.query('select last_synced_at from stripe.invoices limit 1');
  await admin.end();
  const sync = new StripeSync({
    poolConfig: { connectionString: databaseUrl, max: Number(connections) },
    stripeSecretKey: 'sk_test_bench',
    stripeWebhookSecret: WEBHOOK_SECRET,
    schema: 'stripe',
  });
  const app = new Koa();
  app.on('error', (error) => console.error(String(error)));
  app.use(async (ctx) => {
    await sync.processWebhook(await getRawBody(ctx.req), ctx.get('stripe-signature'));
    ctx.body = { received: true };
  });
  return app.callback();
}
