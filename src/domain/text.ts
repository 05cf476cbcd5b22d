// Text that comes from outside (names, descriptions) and is printed by us: on a page, in a mail
// header, in XML. Stripe lets anything through; a control character would break the header, a
// right-to-left mark would let a product name rewrite the amount beside it.

// C0 and C1 controls, bidirectional marks and isolates, zero-width and other invisible format
// characters, line and paragraph separators, interlinear annotation, lone surrogates, byte order
// mark. U+200D (joiner of emoji) goes too: the parts print beside each other.
const INVISIBLE =
  /[\p{Cc}\u00AD\u061C\u180E\u200B-\u200F\u2028-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFB\p{Cs}]/gu;

// Most texts are what they should be: words of Latin letters, single spaces between them. NFC leaves these
// letters alone.
const SETTLED =
  /^[!-~\u00A1-\u00AC\u00AE-\u017E]+(?:[ \u00A0\u202F][!-~\u00A1-\u00AC\u00AE-\u017E]+)*$/;

/**
 * One line of visible text: normalised (NFC), invisible and control characters removed, runs of
 * white space turned into one space, trimmed, and cut to `charactersMax` code points with `…`.
 */
export function plainLine(text: string, charactersMax = 500): string {
  if (text.length <= charactersMax && SETTLED.test(text)) return text;
  const spaced = text.replace(/[\t\n\r\v\f\u2028\u2029]/g, ' ');
  const clean = spaced.normalize('NFC').replace(INVISIBLE, '').replace(/\s+/g, squeeze).trim();
  const points = Array.from(clean.slice(0, charactersMax * 2 + 2));
  return points.length <= charactersMax
    ? points.join('')
    : `${points
        .slice(0, charactersMax - 1)
        .join('')
        .trimEnd()}…`;
}

/** `plainLine`, or null when nothing visible is left. */
export function plainLineOrNull(text: string | null | undefined, charactersMax?: number) {
  const line = plainLine(text ?? '', charactersMax);
  return line === '' ? null : line;
}

// A single no-break space is deliberate typography and stays; a run of anything is one space.
function squeeze(run: string): string {
  return run.length === 1 && /[\u00A0\u202F]/.test(run) ? run : ' ';
}
