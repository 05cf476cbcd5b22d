// The text part of a mail, folded to what a terminal shows. RFC 5322 asks for 78 columns; nothing is
// left to the encoding, because readers of plain text see the lines as they were sent.

const COLUMNS_MAX = 78;

// Letters that take two columns: East Asian scripts, full-width forms, most emoji.
const WIDE =
  /[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6\u{1F300}-\u{1FAFF}\u{20000}-\u{3FFFD}]/u;

/**
 * The text in lines of at most 78 columns. They break at ordinary spaces, so that no-break spaces
 * keep an amount beside its sign; a list item goes on under its own first letter. An address (web,
 * mail) is never broken, whatever its length: it would no longer work.
 */
export function foldText(body: string): string {
  return body
    .split('\n')
    .flatMap((line) => (line === '-- ' ? [line] : foldLine(line.trimEnd())))
    .join('\n');
}

function foldLine(line: string): string[] {
  const indent = line.startsWith('- ') ? '  ' : '';
  const lines: string[] = [];
  let current = '';
  for (const word of line.split(' ').flatMap((it) => broken(it, COLUMNS_MAX - indent.length))) {
    const longer = current === '' ? word : `${current} ${word}`;
    if (columns(longer) > COLUMNS_MAX && current.trim() !== '') {
      lines.push(current);
      current = indent + word;
    } else {
      current = longer;
    }
  }
  return [...lines, current];
}

/** The word in pieces that fit; one piece when it does, or is an address. */
function broken(word: string, columnsMax: number): string[] {
  if (columns(word) <= columnsMax || /^https?:|@/.test(word)) return [word];
  const pieces = [''];
  for (const letter of word) {
    const piece = pieces.at(-1) ?? '';
    if (columns(piece + letter) > columnsMax) pieces.push(letter);
    else pieces[pieces.length - 1] = piece + letter;
  }
  return pieces;
}

function columns(text: string): number {
  if (/^[\x20-\x7E\xA0-\u024F\u202F\u2010-\u2019]*$/.test(text)) return text.length;
  let total = 0;
  for (const letter of text) total += WIDE.test(letter) ? 2 : 1;
  return total;
}
