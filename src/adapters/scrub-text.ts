// What must not leave the house in a line of log, a span or an error report, whoever put it there:
// addresses, numbers and keys are known by their shape and replaced. This is the net below the rule
// that nothing of the kind is written in the first place; a name has no shape, so it is no more.

const SHAPES: readonly (readonly [RegExp, string])[] = [
  // postgres://user:password@host
  [/\b([a-z][a-z0-9+.-]{1,20}:\/\/)[^\s/@"'\\]{1,300}@/gi, '$1[secret]@'],
  // The whole query of an address: a signed link is as good as the file.
  [/\b(https?:\/\/[^\s"'\\?#]{1,500})[?#][^\s"'\\]*/gi, '$1?[…]'],
  [/\b(?:sk|rk|pk)_(?:test|live)_\w+/g, '[secret]'],
  [/\bwhsec_[\w+/=-]+/g, '[secret]'],
  [/\b(bearer|basic) [\w.+/=~-]{8,}/gi, '$1 [secret]'],
  [/\bv\d=[0-9a-f]{32,}/g, '[signature]'],
  // IBANs and cards do not come our way; an address, a telephone number do.
  [
    /[^\s"'\\<>()[\]{},;:=|/]{1,128}@[^\s"'\\<>()[\]{},;:=|/@]{1,128}\.[^\s"'\\<>()[\]{},;:=|/@.]{2,24}/g,
    '[e-mail]',
  ],
  [/\+\d[\d .()-]{6,18}\d/g, '[telephone]'],
  [/(?<![\w.-])0[1-9](?:[ .-]?\d\d){4}(?![\w.-])/g, '[telephone]'],
];

/** The text with everything of these shapes replaced by words in brackets. */
export function scrubText(text: string): string {
  let clean = text;
  for (const [shape, instead] of SHAPES) clean = clean.replace(shape, instead);
  return clean;
}

/**
 * The text of an error without the data in it: Postgres and JSON.parse quote what they could not
 * read. `name` is the error's.
 */
export function scrubMessage(name: string, message: string): string {
  return QUOTING.has(name) ? message.replace(/"[^\n]*"/g, '"…"') : message;
}

/** The names of errors of pg and of JavaScript itself. */
const QUOTING: ReadonlySet<string> = new Set(['error', 'DatabaseError', 'SyntaxError']);
