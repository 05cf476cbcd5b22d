import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
const root = '/work/main/';
const at = (p: string) => import(pathToFileURL(root + p).href);
const { startEmbeddedPostgres } = await at('src/adapters/postgres/embedded-server.ts');
const { migrate } = await at('db/migrate.ts');
const pg = (await at('node_modules/pg/lib/index.js')).default;
const server = await startEmbeddedPostgres({ dataDir: '/tmp/e72/pgdata', role: 'server' });
try {
  await migrate(server.url, { log: () => {} });
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  await client.query(`insert into stripe_event (id,type,livemode,created_at,received_at,body) values ('evt_0','x',false,now(),now(),'{}') on conflict do nothing`);
  await client.query(`insert into payment (key,state,reason,event_id,created_at,updated_at) select 'pi_'||i,'waiting','new','evt_0',now(),now() from generate_series(1,20000) i on conflict do nothing`);
  await client.query('vacuum analyze payment');
  writeFileSync('/tmp/e72/upd.sql', `\\set i random(1, 20000)\nupdate payment set detail = 'x' where key = 'pi_' || :i;\n`);
  const run = (label: string) => {
    const out = execFileSync('pgbench', ['-n', '-c', '16', '-j', '2', '-T', '6', '-f', '/tmp/e72/upd.sql', server.url], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    const tps = /tps = ([\d.]+)/.exec(out)?.[1];
    const lat = /latency average = ([\d.]+)/.exec(out)?.[1];
    console.log(label, 'tps', tps, 'ms', lat);
  };
  const rounds: [string, () => Promise<unknown>][] = [
    ['no trigger ', () => client.query('alter table payment disable trigger payments_are_told; delete from live_watch; truncate live_news')],
    ['unwatched  ', () => client.query('alter table payment enable trigger payments_are_told; delete from live_watch; truncate live_news')],
    ['watched    ', () => client.query(`alter table payment enable trigger payments_are_told; insert into live_watch (until) values (now() + interval '1 hour') on conflict (only_row) do update set until = excluded.until`)],
  ];
  const listener = new pg.Client({ connectionString: server.url });
  await listener.connect();
  
  let heard = 0;
  listener.on('notification', () => heard++);
  for (let i = 0; i < 3; i++) for (const [label, set] of rounds) { await set(); run(label); }
  console.log('heard', heard);
  await listener.end();
  await client.end();
} finally {
  await server.stop();
}
