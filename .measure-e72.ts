import { startEmbeddedPostgres } from '#adapters/postgres/embedded-server.ts';
import pg from 'pg';
import { Kysely, PostgresDialect } from 'kysely';
import { openCauses } from '#adapters/postgres/dashboard/overview-causes.ts';
import { overviewFigures } from '#adapters/postgres/dashboard/overview-figures.ts';
import { workNow } from '#adapters/postgres/dashboard/overview-work.ts';
import { boundsOf } from '#adapters/dashboard/overview-period.ts';
const server = await startEmbeddedPostgres({ dataDir: '/tmp/million', role: 'visitor' });
const pool = new pg.Pool({ connectionString: server.url, max: 1 });
const real = pool.connect.bind(pool);
(pool as any).connect = async () => { const c = await real(); const q = c.query.bind(c); 
  return new Proxy(c, { get(t, k) { if (k === 'query') return async (...a: any[]) => { if (String(a[0]).includes('stripe_event order by')) a[0] = a[0].replace(/\(select received_at from stripe_event[^)]*\)/, 'null::timestamptz'); const r = await q('explain (analyze, buffers) ' + a[0], a[1]); const lines = r.rows.map((x: any) => x['QUERY PLAN']); console.log('-----', String(a[0]).slice(0, 60).replace(/\s+/g,' ')); console.log(lines.join('\n').slice(0, 5000)); return q(a[0], a[1]); }; const v = (t as any)[k]; return typeof v === 'function' ? v.bind(t) : v; } }); };
const db = new Kysely<any>({ dialect: new PostgresDialect({ pool: pool as any }) });
const now = new Date('2026-11-23T06:30:04.551Z');
const which = process.argv[2];
try {
  if (which === 'f') await overviewFigures(db as any, boundsOf('30d', now)); 
  if (which === 'c') await openCauses(db as any, now);
  if (which === 'w') await workNow(db as any, now);
} catch (e) { console.log(String(e)); } finally { await db.destroy(); await server.stop(); }
