// Statements that come again and again are prepared: PostgreSQL then reads and plans each once a
// connection instead of at every call, which is half of its work on the whole path. Which ones these
// are is learnt from the texts that pass; what names no columns (`select *`) is left alone, for its
// rows may change their shape under a program at work when the next release migrates.

import type pg from 'pg';

/** A text is prepared from its third use in this process on. */
const USES_BEFORE = 2;
/** A connection keeps each for its life: texts whose length varies must not fill it. */
const NAMES_MAX = 120;
const TEXTS_MAX = 2_000;

const uses = new Map<string, number>();
const names = new Map<string, string>();

/** Has the client prepare what is asked of it often. Its answers stay the same. */
export function prepareOften(client: pg.PoolClient): void {
  const query = client.query.bind(client) as (...args: readonly unknown[]) => unknown;
  const asked = (...args: readonly unknown[]) => {
    const [text, values] = args;
    const isPlain = args.length === 2 && typeof text === 'string' && Array.isArray(values);
    const name = isPlain && values.length > 0 ? nameOf(text) : undefined;
    return name === undefined ? query(...args) : query({ name, text, values });
  };
  client.query = asked as typeof client.query;
}

function nameOf(text: string): string | undefined {
  const known = names.get(text);
  if (known !== undefined || names.size >= NAMES_MAX) return known;
  const used = (uses.get(text) ?? 0) + 1;
  if (used <= USES_BEFORE) {
    if (uses.size < TEXTS_MAX || uses.has(text)) uses.set(text, used);
    return undefined;
  }
  uses.delete(text);
  if (hasOpenShape(text)) return undefined;
  const name = `often-${names.size + 1}`;
  names.set(text, name);
  return name;
}

// `count(*)` and the columns of a list that we pass ourselves are always the same.
function hasOpenShape(text: string): boolean {
  return text
    .replace(/count\(\*\)|select \*(?:, \$\d+::timestamptz)? from unnest/g, '')
    .includes('*');
}
