// What people did by hand to an order's messages, documents and payment, with the name that their account
// has today; the command line's actors have none.

import { type RawBuilder, sql } from 'kysely';
import type { Database } from '#adapters/postgres/database.ts';

export type StoryAction = {
  readonly at: Date;
  readonly actor: string;
  /** The account's name; the actor itself when it is none (the command line). */
  readonly actorName: string;
  readonly action: string;
  readonly subject: string;
  readonly why: string | null;
};

const ACTIONS_MAX = 100;

/** What people did to these by hand, oldest first. */
export async function actionsOn(
  db: Database,
  subjects: readonly string[],
): Promise<readonly StoryAction[]> {
  const of = sql`a.subject = any(${subjects}::text[])`;
  const { rows } = await sql<StoryAction>`${actions(of)} order by a.id
    limit ${sql.lit(ACTIONS_MAX)}`.execute(db);
  return rows;
}

/** The last time that somebody did this to that; null when nobody has. */
export async function lastAction(
  db: Database,
  action: string,
  subject: string,
): Promise<StoryAction | null> {
  const of = sql`a.subject = ${subject} and a.action = ${action}`;
  const { rows } = await sql<StoryAction>`${actions(of)} order by a.id desc limit 1`.execute(db);
  return rows[0] ?? null;
}

function actions(of: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`select a.at, a.actor, coalesce(u.name, a.actor) as "actorName", a.action, a.subject,
      a.why
    from operator_action a left join account u on u.email = a.actor where ${of}`;
}
