// What people and programs send to the sandbox's forms: a form or JSON, read with a limit, checked
// by hand and turned into our own types. Anything odd is left out rather than guessed.

import type { Context } from 'koa';
import getRawBody from 'raw-body';
import type { Basket } from './purchases.ts';

const BODY_BYTES_MAX = 64 * 1024;
const TEXT_CHARACTERS_MAX = 20_000;

export type Fields = Readonly<Record<string, unknown>>;

/** The fields of a form or a JSON object; null when the body is neither, or too long. */
export async function readFields(ctx: Context): Promise<Fields | null> {
  const bytes = await getRawBody(ctx.req, { limit: BODY_BYTES_MAX }).catch(() => null);
  if (bytes === null) return null;
  const text = bytes.toString('utf8');
  if (!ctx.is('json')) return Object.fromEntries(new URLSearchParams(text));
  try {
    const data: unknown = text === '' ? {} : JSON.parse(text);
    return typeof data === 'object' && data !== null ? (data as Fields) : null;
  } catch {
    return null;
  }
}

/**
 * `items: [{ productId, quantity }]`, or `product` (ids with blanks between them) and `quantity`;
 * `buyer: { name, email }`, or `name` and `email`. Without a product, `productByDefault`.
 */
export function basketOf(fields: Fields, productByDefault: string): Basket {
  const buyer = isObject(fields.buyer) ? fields.buyer : fields;
  const name = textOf(buyer.name);
  const email = textOf(buyer.email);
  return {
    items: Array.isArray(fields.items)
      ? fields.items.map((item) => itemOf(isObject(item) ? item : {}))
      : (textOf(fields.product) ?? productByDefault)
          .split(/\s+/)
          .map((product) => itemOf({ product, quantity: fields.quantity })),
    buyer: { ...(name !== null && { name }), ...(email !== null && { email }) },
  };
}

function itemOf({ productId, product, quantity }: Fields): Basket['items'][number] {
  return {
    productId: textOf(productId ?? product) ?? '',
    quantity: quantity === undefined || quantity === '' ? 1 : Number(quantity),
  };
}

function textOf(value: unknown): string | null {
  const text = typeof value === 'string' ? value.trim().slice(0, TEXT_CHARACTERS_MAX) : '';
  return text === '' ? null : text;
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}
