// What a page's form sends, read with a limit. Fields are texts as typed, without control characters;
// files come as bytes with the name they had. Whoever asks for a field decides what it must look like.

import type { Context } from 'koa';
import getRawBody from 'raw-body';

export type Form = {
  /** The field, trimmed; empty when it was not sent. The last one counts when sent twice. */
  text(name: string): string;
  /** As typed, blanks included: passwords. */
  exact(name: string): string;
  /** Every value of a field that may be ticked more than once. */
  all(name: string): readonly string[];
  /** A file; null when none was chosen. */
  file(name: string): { readonly name: string; readonly bytes: Uint8Array } | null;
};

const FORM_BYTES_MAX = 64 * 1024;
/** Forms that bring a logo: a photograph comes back as a fault beside its field, not as a lost form. */
const UPLOAD_BYTES_MAX = 8 * 1024 * 1024;

/** The form in the request's body; null when it is none, or larger than any of ours. */
export async function readForm(ctx: Context): Promise<Form | null> {
  const isUpload = ctx.is('multipart/form-data') === 'multipart/form-data';
  if (!isUpload && ctx.is('urlencoded') !== 'urlencoded') return null;
  const limit = isUpload ? UPLOAD_BYTES_MAX : FORM_BYTES_MAX;
  const body = await getRawBody(ctx.req, { limit }).catch(() => null);
  if (body === null) {
    ctx.set('Connection', 'close');
    return null;
  }
  const fields = isUpload
    ? await multipart(ctx.get('content-type'), body)
    : [...new URLSearchParams(body.toString('utf8'))];
  return fields && formOf(fields);
}

type FileField = { readonly name: string; readonly bytes: Uint8Array };

function formOf(fields: readonly (readonly [string, string | FileField])[]): Form {
  const texts = (name: string) =>
    fields.flatMap(([key, value]) => (key === name && typeof value === 'string' ? [value] : []));
  return {
    text: (name) => clean(texts(name).at(-1) ?? '').trim(),
    exact: (name) => texts(name).at(-1) ?? '',
    all: (name) => texts(name).map((it) => clean(it).trim()),
    file: (name) => {
      const found = fields.findLast(([key, value]) => key === name && typeof value !== 'string');
      const file = found?.[1] as FileField | undefined;
      return file && file.bytes.length > 0 ? file : null;
    },
  };
}

// Node's own parser, the one of fetch.
async function multipart(
  contentType: string,
  body: Buffer,
): Promise<[string, string | FileField][] | null> {
  try {
    const headers = { 'content-type': contentType };
    const data = await new Response(new Uint8Array(body), { headers }).formData();
    return await Promise.all(
      [...data].map(async ([key, value]): Promise<[string, string | FileField]> => {
        if (typeof value === 'string') return [key, value];
        return [key, { name: value.name, bytes: new Uint8Array(await value.arrayBuffer()) }];
      }),
    );
  } catch {
    return null;
  }
}

function clean(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  return text.replace(/\r\n?/g, '\n').replace(/[\u0000-\u0009\u000B-\u001F\u007F]/g, '');
}
