// A text in the letters a typeface has. What it lacks is spelt in Latin letters by any-ascii, sign
// by sign: right sounds are not promised, but the reader recognises a name where a row of question
// marks would look like our fault. The text as it was written stays in the invoice's XML.

import anyAscii from 'any-ascii';

// Pictures, flags, skin tones, controls: words do not miss them, and any-ascii would spell them
// out (« :tada: »). What nobody has assigned or agreed upon means nothing to a reader either.
const DROPPED = /[\p{Extended_Pictographic}\p{Emoji_Modifier}\p{Regional_Indicator}\p{C}]/u;
const MARK = /\p{M}/u;
/** Scripts without spaces, in which a sign is a syllable: « Wang Xiao Ming », not one word. */
const SYLLABLE = /[\p{Script=Han}\p{Script=Hangul}]/u;
const CASELESS = /[\p{Lo}\p{Script=Georgian}]/u;
const WORD_BEGINS = /^[\p{L}\p{N}]/u;
const WORD_ENDS = /[\p{L}\p{N}]$/u;
/** More marks than a letter of any language carries are decoration, piled up to leave the line. */
const MARKS_MAX = 3;

/** The text with every character that is not among `known` replaced or, at worst, dropped. */
export function transliterate(text: string, known: ReadonlySet<number>): string {
  let out = '';
  let afterSyllable = false;
  // Marks follow their letter's fate: composed by NFC, spelt with a foreign letter, else dropped.
  let marksLeft = 0;
  for (const character of text.normalize('NFC')) {
    if (MARK.test(character)) {
      if (marksLeft > 0) out += anyAscii(character);
      marksLeft -= 1;
      continue;
    }
    const plain = plainer(character, known);
    const letters = plain ?? spelt(character, out);
    const syllable = plain === null && SYLLABLE.test(character);
    const apart = (afterSyllable || syllable) && WORD_ENDS.test(out) && WORD_BEGINS.test(letters);
    out += apart ? ` ${letters}` : letters;
    afterSyllable = syllable;
    marksLeft = plain === null ? MARKS_MAX : 0;
  }
  return out;
}

/** The sign as it is, or in a plainer form: hyphens, spaces, full-width letters, ligatures. */
function plainer(character: string, known: ReadonlySet<number>): string | null {
  if (known.has(character.codePointAt(0) as number)) return character;
  if (/[\u2010\u2011\u2212]/.test(character)) return '-';
  if (/\p{Zs}/u.test(character)) return ' ';
  const simple = Array.from(character.normalize('NFKD')).filter((it) => !MARK.test(it));
  const drawn = simple.every((it) => known.has(it.codePointAt(0) as number));
  return simple.length > 0 && drawn ? simple.join('') : null;
}

function spelt(character: string, before: string): string {
  if (DROPPED.test(character)) return '';
  const letters = anyAscii(character);
  // A letter of a script without capitals may begin a name.
  const begins = CASELESS.test(character) && !WORD_ENDS.test(before);
  return begins ? letters.charAt(0).toUpperCase() + letters.slice(1) : letters;
}
