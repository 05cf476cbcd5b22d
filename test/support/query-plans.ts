// What the database does for each statement that a piece of the program sends: the statements are
// caught on their way, and then explained with their own values on the same rows. A statement that only
// reads is carried out for it, so that rows that were read and thrown away count, too; one that changes
// something is only planned.

import type { CompiledQuery } from 'kysely';
import pg from 'pg';
// @ts-expect-error: how the driver writes values down is not among its types
import { prepareValue } from 'pg/lib/utils.js';
import type { Database } from '#adapters/postgres/database.ts';

export type Plan = {
  /** The first words of the statement, for messages. */
  readonly statement: string;
  /** Tables that were read from end to end, with the number of rows they are thought to have. */
  readonly scanned: readonly { readonly table: string; readonly rows: number }[];
  /** Rows read from tables, used or not; null where nothing was carried out. */
  readonly rowsRead: number | null;
  readonly text: string;
};

/** The database handed to `work` sends what it is told, and remembers it. */
export async function statementsOf(
  db: Database,
  work: (db: Database) => Promise<unknown>,
): Promise<readonly CompiledQuery[]> {
  const sent = new Map<string, CompiledQuery>();
  await work(
    db.withPlugin({
      transformQuery({ node, queryId }) {
        const compiled = db.getExecutor().compileQuery(node, queryId);
        sent.set(compiled.sql, compiled);
        return node;
      },
      transformResult: async ({ result }) => result,
    }),
  );
  return [...sent.values()].filter(({ sql }) =>
    /^\s*(select|with|insert|update|delete)/i.test(sql),
  );
}

type Node = {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows'?: number;
  readonly 'Actual Loops'?: number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Index Recheck'?: number;
  readonly Plans?: readonly Node[];
};

/**
 * Tables below `bigFrom` rows may be read whole: an index costs more there. `unseen`: planned without a
 * look at the values, as prepared statements are.
 */
export async function plansOf(
  client: pg.Client,
  queries: readonly CompiledQuery[],
  bigFrom: number,
  unseen = false,
): Promise<readonly Plan[]> {
  const sizes = await tableSizes(client);
  const plans: Plan[] = [];
  for (const { sql, parameters } of queries) {
    const isRead = /^\s*select/i.test(sql) && !/add_jobs?\(/.test(sql);
    const how = isRead ? 'analyze, timing off, ' : '';
    await client.query('begin');
    if (unseen) await client.query(`deallocate all; prepare looked_at as ${sql}`);
    const { rows } = await client.query<{ 'QUERY PLAN': readonly { readonly Plan: Node }[] }>(
      unseen
        ? `explain (${how}format json) execute looked_at${literals(parameters)}`
        : `explain (${how}format json) ${sql}`,
      unseen ? [] : [...parameters],
    );
    await client.query('rollback');
    const nodes = rows[0]?.['QUERY PLAN'].flatMap(({ Plan }) => flat(Plan)) ?? [];
    plans.push({
      statement: sql.replace(/\s+/g, ' ').trim().slice(0, 90),
      scanned: nodes
        .filter((it) => it['Node Type'] === 'Seq Scan')
        .map((it) => it['Relation Name'] ?? '')
        .map((table) => ({ table, rows: sizes.get(table) ?? 0 }))
        .filter((it) => it.rows >= bigFrom),
      rowsRead: isRead ? nodes.reduce((sum, it) => sum + rowsReadBy(it), 0) : null,
      text: JSON.stringify(rows[0]?.['QUERY PLAN'], null, 1),
    });
  }
  return plans;
}

// EXECUTE takes no parameters of its own: the values are written out as the driver would send them.
function literals(parameters: readonly unknown[]): string {
  if (parameters.length === 0) return '';
  const written = parameters.map((it) => {
    const value: unknown = prepareValue(it);
    return value === null ? 'null' : pg.escapeLiteral(String(value));
  });
  return `(${written.join(', ')})`;
}

function flat(node: Node): readonly Node[] {
  return [node, ...(node.Plans ?? []).flatMap(flat)];
}

function rowsReadBy(node: Node): number {
  if (!/Scan$/.test(node['Node Type']) || /Subquery|CTE|Function/.test(node['Node Type'])) return 0;
  const removed =
    (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0);
  return ((node['Actual Rows'] ?? 0) + removed) * (node['Actual Loops'] ?? 0);
}

async function tableSizes(client: pg.Client): Promise<ReadonlyMap<string, number>> {
  const { rows } = await client.query<{ name: string; rows: number }>(`
    select relname as name, reltuples::int as rows from pg_class where relkind = 'r'`);
  return new Map(rows.map(({ name, rows }) => [name, rows]));
}
