// JSON set out for reading without changing a value: only the white space between tokens is ours.
// Parsing and printing again would turn 83.30 into 83.3 and a large id into another one, and a page
// that shows « what was received » must not.

// A string, a bracket or sign, or anything else up to the next of them (numbers, true, null).
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

/** Deeper than any order: indenting such a text would make it grow without bound. */
const DEPTH_MAX = 32;

/** The text indented by two spaces; as it is when it is not JSON, or nested absurdly. */
export function exactJson(text: string): string {
  try {
    JSON.parse(text);
  } catch {
    return text;
  }
  const tokens = text.match(TOKEN) ?? [];
  let out = '';
  let depth = 0;
  const line = () => `\n${'  '.repeat(depth)}`;
  for (const [at, token] of tokens.entries()) {
    const before = tokens[at - 1];
    if (token === '}' || token === ']') {
      depth -= 1;
      out += before === '{' || before === '[' ? token : line() + token;
    } else {
      if (before === '{' || before === '[') out += line();
      out += token;
      if (token === '{' || token === '[') depth += 1;
      if (depth > DEPTH_MAX) return text;
      if (token === ',') out += line();
      if (token === ':') out += ' ';
    }
  }
  return out;
}
