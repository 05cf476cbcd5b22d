// Invoice and credit note as a page: an HTML shell loaded into the browser once (styles, typeface, a policy
// that forbids every request) and, for each invoice, the three things that are patched into it:
// title, a small style (colour, foot, running title) and body. No text of a customer ever enters a
// style; everything in the body is escaped by the template.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import Handlebars from 'handlebars';
import { checkLogo } from '#adapters/logo.ts';
import type { LegalDocument } from '#domain/invoice.ts';
import { isColor, type Logo, readableOnWhite } from '#domain/partner.ts';
import { plainLine } from '#domain/text.ts';
import { titleOf } from './document-words.ts';
import { interFont } from './inter-font.ts';
import { type InvoiceView, invoiceView, type Print } from './invoice-view.ts';
import { isBusiness, legalLines } from './mentions.ts';

export type InvoicePage = {
  /** The whole document without an invoice, to be loaded once. Its style element has an id. */
  readonly shell: string;
  /** Twelve hex digits that change with the template, its style, the shell or the typeface. */
  readonly templateVersion: string;
  /** Pure. A logo that fails `checkLogo` is replaced by the partner's name. */
  fill(document: LegalDocument, logo: Logo | null): FilledPage;
};

export type FilledPage = {
  readonly title: string;
  /** For the style element `PATCHED_STYLE_ID`. */
  readonly style: string;
  /** For the inside of `<body>`. */
  readonly body: string;
};

/** The id of the shell's style element that each invoice rewrites. */
export const PATCHED_STYLE_ID = 'invoice-style';

/** ComptAppart's own blue, for partners without a colour. */
const OWN_COLOR = '#1d4f91';

// `img-src data:` and nothing else: even with requests let through, the page could ask for none.
const POLICY =
  "default-src 'none'; img-src data:; font-src data:; style-src 'unsafe-inline'; " +
  "base-uri 'none'; form-action 'none'";

/** Reads template, style and typeface from disk, once. Throws when a file is missing. */
export function invoicePage(): InvoicePage {
  const template = read('invoice.hbs');
  const css = read('invoice.css');
  const font = interFont();
  const shell = shellOf(`${font.css}\nhtml{font-family:${font.family}}\n${css}`);
  const render = Handlebars.compile<InvoiceView & { readonly logo: string | null }>(template, {
    strict: true,
    knownHelpersOnly: true,
  });
  // Cut again after: a sign in a script that Inter lacks may come out as a whole word.
  const print: Print = (text, charactersMax) => {
    const letters = font.printable(plainLine(text, charactersMax));
    return boundPunctuation(plainLine(letters, charactersMax)).trim();
  };
  const logoUri = logoUris();
  const digest = createHash('sha256');
  for (const part of [template, css, shell, font.version]) digest.update(part).update('\0');

  return {
    shell,
    templateVersion: digest.digest('hex').slice(0, 12),
    fill(document, logo) {
      const { test, number, seller } = document;
      const mark = test ? '[TEST] ' : '';
      return {
        title: print(`${mark}${titleOf(document)} ${number} – ${seller.name}`, 200),
        style: styleOf(document, print),
        body: render({ ...invoiceView(document, print), logo: logoUri(logo) }),
      };
    },
  };
}

function read(name: string): string {
  return readFileSync(new URL(name, import.meta.url), 'utf8');
}

function shellOf(css: string): string {
  return `<!doctype html>
<html lang="fr">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<title>Facture</title>
<style>${css}</style>
<style id="${PATCHED_STYLE_ID}"></style>
</head>
<body></body>
</html>`;
}

function styleOf(document: LegalDocument, print: Print): string {
  const { partner, seller, test, number } = document;
  const color = partner.color !== null && isColor(partner.color) ? partner.color : OWN_COLOR;
  const foot = legalLines(seller, isBusiness(document)).map((line) => print(line, 300));
  const mark = test ? 'TEST – SPÉCIMEN – ' : '';
  const running = `${mark}${titleOf(document)} n°\u00A0${number} (suite)`;
  return `:root{
--accent:${readableOnWhite(color)};
--running:${cssString(running)};
--foot:${foot.map(cssString).join('"\\A "')};
}${test ? '@page :first{margin-top:8mm}' : ''}`;
}

/** The space before » ; : ! ? % € and after « kept from ending or beginning a line. */
function boundPunctuation(text: string): string {
  return text.replace(/ (?=[»;:!?%€])|(?<=«) /g, '\u00A0');
}

/** A CSS string token; all but letters, digits, spaces and plain signs as escapes. */
function cssString(text: string): string {
  const escaped = Array.from(text, (it) =>
    /[\p{L}\p{N} ,.:()/@+-]/u.test(it) ? it : `\\${(it.codePointAt(0) as number).toString(16)} `,
  );
  return `"${escaped.join('')}"`;
}

const LOGOS_KEPT = 100;

/** Logo to data URI. Looking one over takes longer than printing it, so the answer is kept. */
function logoUris(): (logo: Logo | null) => string | null {
  const kept = new Map<string, string | null>();
  return (logo) => {
    if (logo === null) return null;
    const key = createHash('sha256').update(logo.bytes).digest('base64');
    const known = kept.get(key);
    if (known !== undefined) return known;
    if (kept.size >= LOGOS_KEPT) kept.clear();
    const uri = dataUri(logo);
    kept.set(key, uri);
    return uri;
  };
}

function dataUri(logo: Logo): string | null {
  try {
    const { mediaType, bytes } = checkLogo(logo.bytes);
    return `data:${mediaType};base64,${Buffer.from(bytes).toString('base64')}`;
  } catch {
    // It was checked when it was saved; if rules grew stricter since, the invoice still goes out.
    return null;
  }
}
