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
/** Fields of its own, another shape's, or several of these together. */
type Type = readonly (Field | { readonly shape: string })[];

const SHAPES = new URL('../../src/adapters/stripe/shapes.ts', import.meta.url);

/** Every field from session and invoice down. Throws when the text is not as said above. */
export function shapeFields(): readonly ShapeField[] {
  const shapes = parsed(readFileSync(SHAPES, 'utf8'));
  return [
    ...fieldsOf(shapes, [{ shape: 'SessionShape' }], { path: 'session', isOld: false }),
    ...fieldsOf(shapes, [{ shape: 'InvoiceShape' }], { path: 'invoice', isOld: false }),
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
  return type.flatMap((part) => {
    if ('shape' in part) {
      const found = shapes.get(part.shape);
      if (found === undefined) throw new Error(`${at.path} is a ${part.shape}: no such shape`);
      return fieldsOf(shapes, found, at);
    }
    // Rows are one step: `line.taxes.amount`, `item.quantity`.
    const isRows = part.name === 'data';
    const path = isRows ? rowsPath(at.path) : `${at.path}.${part.name}`;
    const field = { path, isOld: at.isOld || part.isOld };
    return [...(isRows ? [] : [field]), ...fieldsOf(shapes, part.type, field)];
  });
}

function parsed(source: string): ReadonlyMap<string, Type> {
  const text = source
    .replaceAll('// Before basil.', '@old')
    .replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
  const shapes = new Map<string, Type>();
  for (const match of text.matchAll(/export type (\w+Shape) = /g)) {
    const rest = text.slice(match.index + match[0].length);
    shapes.set(match[1] ?? '', typeOf(rest.match(/@old|\w+|[{}<>;:?&]/g) ?? []));
  }
  return shapes;
}

/** Takes its tokens off the front. */
function typeOf(tokens: string[]): Type {
  const type = partOf(tokens);
  if (tokens[0] !== '&') return type;
  tokens.shift();
  return [...type, ...typeOf(tokens)];
}

function partOf(tokens: string[]): Type {
  const token = tokens.shift() ?? '';
  if (token === '{') return bodyOf(tokens);
  if (token === 'unknown') return [];
  if (token.endsWith('Shape')) return [{ shape: token }];
  expected(tokens, '<'); // Ref, Maybe, Rows: one of it, none of it, many of it
  const inner = typeOf(tokens);
  expected(tokens, '>');
  return inner;
}

function bodyOf(tokens: string[]): readonly Field[] {
  const fields: Field[] = [];
  let isOld = false;
  while (tokens[0] !== '}') {
    const token = tokens.shift();
    if (token === '@old') isOld = true;
    if (token === '@old' || token === ';') continue;
    if (token !== 'readonly') throw new Error(`shapes.ts has ${token} where a field begins`);
    const name = tokens.shift() ?? '';
    expected(tokens, '?');
    expected(tokens, ':');
    fields.push({ name, isOld, type: typeOf(tokens) });
  }
  tokens.shift();
  return fields;
}

function expected(tokens: string[], token: string): void {
  const found = tokens.shift();
  if (found !== token) throw new Error(`shapes.ts has ${found} where ${token} is expected`);
}
