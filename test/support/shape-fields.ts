// The fields that src/adapters/stripe/shapes.ts names, as paths such as `session.customer.email`:
// read out of its text, so that the list of what we rely on exists once. The text is plain enough
// (fields, wrappers in angle brackets, names of other shapes) for a parser of a few lines.

import { readFileSync } from 'node:fs';

export type ShapeField = {
  /** Begins with `session`, `item` (one of a session's), `invoice` or `line` (one of its lines). */
  readonly path: string;
  /** Of a shape that Stripe no longer sends, here or on the way here. */
  readonly isOld: boolean;
};

type Field = { readonly name: string; readonly isOld: boolean; readonly type: Type };
type Type = readonly Field[] | { readonly shape: string } | null;

const SHAPES = new URL('../../src/adapters/stripe/shapes.ts', import.meta.url);

/** Every field from session and invoice down. Throws when the text is not as said above. */
export function shapeFields(): readonly ShapeField[] {
  const shapes = parsed(readFileSync(SHAPES, 'utf8'));
  return [
    ...fieldsOf(shapes, { shape: 'SessionShape' }, { path: 'session', isOld: false }),
    ...fieldsOf(shapes, { shape: 'InvoiceShape' }, { path: 'invoice', isOld: false }),
  ];
}

/** Where the rows of a list are found. */
export function rowsPath(list: string): string {
  const names: Readonly<Record<string, string>> = {
    'session.line_items': 'item',
    'invoice.lines': 'line',
  };
  return names[list] ?? list;
}

function fieldsOf(
  shapes: ReadonlyMap<string, Type>,
  type: Type,
  at: ShapeField,
): readonly ShapeField[] {
  if (type === null) return [];
  if ('shape' in type) {
    const found = shapes.get(type.shape);
    if (found === undefined) throw new Error(`${at.path} is a ${type.shape}, which is not a shape`);
    return fieldsOf(shapes, found, at);
  }
  return type.flatMap(({ name, isOld, type: inner }) => {
    const isRows = name === 'data';
    const path = isRows ? rowsPath(at.path) : `${at.path}.${name}`;
    const field = { path, isOld: at.isOld || isOld };
    return [...(isRows ? [] : [field]), ...fieldsOf(shapes, inner, field)];
  });
}

function parsed(source: string): ReadonlyMap<string, Type> {
  const text = source
    .replaceAll('// Before basil.', '@old')
    .replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
  const shapes = new Map<string, Type>();
  for (const match of text.matchAll(/export type (\w+Shape) = /g)) {
    const rest = text.slice(match.index + match[0].length);
    shapes.set(match[1] ?? '', typeOf(rest.matchAll(/@old|\w+|[{}<>;:?]/g)));
  }
  return shapes;
}

type Tokens = IterableIterator<RegExpExecArray>;

function typeOf(tokens: Tokens): Type {
  const token = next(tokens);
  if (token === '{') return bodyOf(tokens);
  if (token === 'unknown') return null;
  if (token.endsWith('Shape')) return { shape: token };
  expected(tokens, '<'); // Ref, Maybe, Rows: one of it, none of it, many of it
  const inner = typeOf(tokens);
  expected(tokens, '>');
  return inner;
}

function bodyOf(tokens: Tokens): readonly Field[] {
  const fields: Field[] = [];
  let isOld = false;
  for (let token = next(tokens); token !== '}'; token = next(tokens)) {
    if (token === '@old') isOld = true;
    if (token === '@old' || token === ';') continue;
    if (token !== 'readonly') throw new Error(`shapes.ts has ${token} where a field begins`);
    const name = next(tokens);
    expected(tokens, '?');
    expected(tokens, ':');
    fields.push({ name, isOld, type: typeOf(tokens) });
  }
  return fields;
}

function next(tokens: Tokens): string {
  const { value, done } = tokens.next();
  if (done) throw new Error('shapes.ts ends in the middle of a shape');
  return value[0];
}

function expected(tokens: Tokens, token: string): void {
  const found = next(tokens);
  if (found !== token) throw new Error(`shapes.ts has ${found} where ${token} is expected`);
}
