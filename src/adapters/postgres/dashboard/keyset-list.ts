// One sheet of a long list, newest first, whatever its filter: by key and not by number of page, so that
// every row is met once while others arrive. A filter that no index answers is held against a bounded
// stretch of the list; the sheet then says how far it looked, and the reader may have it look further.

import { type RawBuilder, sql } from 'kysely';
import type { Database } from '#adapters/postgres/database.ts';

/** A place between two rows: an instant to the microsecond (UTC), and the id of the row there. */
export type Place = { readonly at: string; readonly id: string };
/** From the newest, or on from a place. */
export type Turn = { readonly way: 'older' | 'newer'; readonly from: Place | null };

export type Keyed<R> = R & { readonly keyAt: string; readonly keyId: string };
export type Sheet<R> = {
  /** Newest first, SHEET_ROWS at most. */
  readonly rows: readonly Keyed<R>[];
  readonly hasOlder: boolean;
  readonly hasNewer: boolean;
  /** How far was looked when a stretch did not fill the sheet; null when there is no more. */
  readonly lookedTo: Place | null;
};

type Sql = RawBuilder<unknown>;
/** What a list is made of. In every condition the row is called `t`. */
export type ListSource = {
  /** `select … from … t`: the columns that conditions and cells name. */
  readonly rows: Sql;
  /** Of the order: a timestamp with an index, and what tells rows of one instant apart. */
  readonly at: Sql;
  readonly id: Sql;
  readonly idType: 'bigint' | 'uuid' | 'text';
  /** Conditions that an index answers. */
  readonly indexed: readonly Sql[];
  /** Conditions looked at row by row. */
  readonly held: readonly Sql[];
  /** The held conditions fit most rows, or the indexed ones leave some thousands: no end is set. */
  readonly isSmall: boolean;
  /** Kinds that an index holds one after the other, each in order: they are merged. */
  readonly kinds?: readonly Sql[];
};

export const SHEET_ROWS = 50;
/** As far as one look goes for what no index answers. */
export const STRETCH_ROWS = 2_000;

/** `cells`: the select list of the final rows; `joins` gives it more than `t`. */
export async function sheetOf<R>(
  db: Database,
  source: ListSource,
  turn: Turn,
  shown: { readonly cells: Sql; readonly joins: Sql },
): Promise<Sheet<R>> {
  const { at, id, held, isSmall } = source;
  const order = orderOf(source, turn);
  const isStretch = held.length > 0 && !isSmall;
  const stretch = inOrder(source, turn, [], STRETCH_ROWS);
  const found = isStretch
    ? sql`select * from (${stretch}) t where ${all(held)} order by ${order}
        limit ${sql.lit(SHEET_ROWS + 1)}`
    : sortedFirst(source, turn);
  const { rows } = await sql<Keyed<R>>`
    select ${keyText(at)} as "keyAt", ${id}::text as "keyId", ${shown.cells}
    from (${found}) t ${shown.joins} order by ${order}`.execute(db);
  const isFull = rows.length > SHEET_ROWS;
  const lookedTo = isStretch && !isFull ? await endOf(db, source, turn, stretch) : null;
  const sheet = rows.slice(0, SHEET_ROWS);
  const goesOn = isFull || lookedTo !== null;
  return {
    rows: turn.way === 'older' ? sheet : sheet.toReversed(),
    hasOlder: turn.way === 'older' ? goesOn : true,
    hasNewer: turn.way === 'newer' ? goesOn : turn.from !== null,
    lookedTo,
  };
}

// Of a small list the order is made first, and what is held against a row only asked of those shown:
// `offset 0` keeps the planner from asking it of all of them.
function sortedFirst(source: ListSource, turn: Turn): Sql {
  const { held, indexed, rows } = source;
  if (held.length === 0 || source.kinds) return inOrder(source, turn, held, SHEET_ROWS + 1);
  const order = orderOf(source, turn);
  return sql`select * from (${rows} where ${all([...indexed, ...after(source, turn)])}
    order by ${order} offset 0) t where ${all(held)} order by ${order}
    limit ${sql.lit(SHEET_ROWS + 1)}`;
}

function inOrder(source: ListSource, turn: Turn, held: readonly Sql[], rowsMax: number): Sql {
  const { rows, indexed, kinds } = source;
  const conditions = [...indexed, ...after(source, turn), ...held];
  const end = sql`order by ${orderOf(source, turn)} limit ${sql.lit(rowsMax)}`;
  if (!kinds) return sql`${rows} where ${all(conditions)} ${end}`;
  const parts = kinds.map((kind) => sql`(${rows} where ${all([...conditions, kind])} ${end})`);
  return sql`select * from (${sql.join(parts, sql` union all `)}) t ${end}`;
}

/** Where a full stretch ends; null when it reached the end of the list. */
async function endOf(
  db: Database,
  { at, id }: ListSource,
  turn: Turn,
  stretch: Sql,
): Promise<Place | null> {
  const back = turn.way === 'older' ? sql`asc` : sql`desc`;
  const { rows } = await sql<Place & { readonly looked: number }>`
    select ${keyText(at)} as at, ${id}::text as id, (count(*) over ())::int as looked
    from (${stretch}) t order by ${at} ${back}, ${id} ${back} limit 1`.execute(db);
  const [end] = rows;
  return end && end.looked === STRETCH_ROWS ? { at: end.at, id: end.id } : null;
}

function orderOf({ at, id }: ListSource, { way }: Turn): Sql {
  return way === 'older' ? sql`${at} desc, ${id} desc` : sql`${at} asc, ${id} asc`;
}

// The first condition says to the planner what an index on the instant alone can do.
function after({ at, id, idType }: ListSource, { way, from }: Turn): readonly Sql[] {
  if (!from) return [];
  const sign = sql.raw(way === 'older' ? '<' : '>');
  const fromAt = sql`${from.at}::timestamptz`;
  const fromId = sql`${from.id}::${sql.raw(idType)}`;
  return [sql`${at} ${sign}= ${fromAt}`, sql`(${at}, ${id}) ${sign} (${fromAt}, ${fromId})`];
}

function keyText(at: Sql): Sql {
  return sql`to_char(${at} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
}

export function all(conditions: readonly Sql[]): Sql {
  return conditions.length === 0 ? sql`true` : sql.join([...conditions], sql` and `);
}

/** More than these are not counted: the page then says « 10 000+ ». */
export const COUNT_MAX = 10_000;

/** How many rows `query` gives; COUNT_MAX + 1 means more. */
export async function cappedCount(db: Database, query: Sql): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from (${query} limit ${sql.lit(COUNT_MAX + 1)}) counted`.execute(db);
  return rows[0]?.n ?? 0;
}

/** Up to `max` keys found by an index of their own; null when there are more. */
export async function fewOf<K>(
  db: Database,
  query: Sql,
  max = 5_000,
): Promise<readonly K[] | null> {
  const { rows } = await sql<{ key: K }>`${query} limit ${sql.lit(max + 1)}`.execute(db);
  return rows.length > max ? null : rows.map(({ key }) => key);
}
