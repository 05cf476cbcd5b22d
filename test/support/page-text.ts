// What a reader of the printed page reads, taken from the page before it is printed: the words of
// its body and those of its margins, white space as a reader would see it.

import { type FilledPage, invoicePage } from '#adapters/pdf/invoice-page.ts';
import type { LegalDocument } from '#domain/invoice.ts';

const page = invoicePage();

/** The body's text: tags away, entities read, white space of the source folded. */
export function bodyText({ body }: Pick<FilledPage, 'body'>): string {
  return body
    .replace(/<[^>]*>/g, ' ')
    .replaceAll('&nbsp;', '\u00A0')
    .replace(/&#x([0-9a-f]+);/gi, (_, hex) => String.fromCodePoint(Number.parseInt(hex, 16)))
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
    .replace(/[ \n]+/g, ' ');
}

/** The texts of the foot and of the running title, CSS escapes read. */
export function marginText({ style }: Pick<FilledPage, 'style'>): string {
  return style.replace(/\\([0-9a-f]+) /gi, (_, hex) =>
    String.fromCodePoint(Number.parseInt(hex, 16)),
  );
}

/** Everything that is printed of a document, no-break spaces as plain ones. */
export function printedText(document: LegalDocument): string {
  const filled = page.fill(document, null);
  return `${bodyText(filled)}\n${marginText(filled)}`
    .replace(/[\u00A0\u202F]/g, ' ')
    .replace(/ +/g, ' ');
}
