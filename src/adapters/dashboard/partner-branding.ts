// A partner's branding as customers will meet it, as one document that stands in a frame of its own: the head
// of a specimen invoice and the mail that brings it, in light and in dark, by the templates of the real
// ones; above them what is to be said about colour and logo. It runs nothing and reaches nothing.

import Handlebars from 'handlebars';
import { invoiceMessage } from '#adapters/email/invoice-message.ts';
import { logoBox, type MailLogo } from '#adapters/email/mail-logo.ts';
import { mailInScheme } from '#adapters/email/mail-scheme.ts';
import { logoWarnings } from '#adapters/logo-looks.ts';
import { readSvg } from '#adapters/logo-svg.ts';
import { type InvoicePage, invoicePage } from '#adapters/pdf/invoice-page.ts';
import { fr, typeset } from '#adapters/typeset.ts';
import type { Invoice } from '#domain/invoice.ts';
import {
  type Branding,
  contrastOnWhite,
  type Logo,
  type PartnerSlug,
  readableOnWhite,
} from '#domain/partner.ts';
import type { Seller } from '#domain/seller.ts';
import { specimenInvoice, specimenOrder } from '#domain/specimen.ts';

export type Branded = {
  readonly slug: PartnerSlug;
  readonly branding: Branding;
  readonly logo: Logo | null;
};

/** For the frame: its inner frames inherit it, so that inline styles live and nothing else does. */
export const BRANDING_POLICY =
  "default-src 'none'; img-src data:; font-src data:; style-src 'unsafe-inline'; " +
  "form-action 'none'; base-uri 'none'; frame-ancestors 'self'; sandbox";

/** A specimen in the partner's branding, of the day of `now`. */
export function brandedSpecimen({ slug, branding }: Branded, seller: Seller, now: Date): Invoice {
  return { ...specimenInvoice(seller, now), partner: { slug, ...branding } };
}

/** What is to be said of the branding, a sentence each; `isWell` of those without trouble. */
export function brandingVerdicts({
  branding,
  logo,
}: Branded): readonly { readonly text: string; readonly isWell: boolean }[] {
  const warnings = logo ? logoWarnings(logo) : [];
  const aboutLogo =
    logo === null
      ? [{ text: 'Sans logo : le nom est écrit en lettres.', isWell: true }]
      : warnings.length > 0
        ? warnings.map((text) => ({ text, isWell: false }))
        : [{ text: 'Le logo se voit bien sur fond blanc.', isWell: true }];
  return [
    colorVerdict(branding.color),
    ...aboutLogo.map((it) => ({ ...it, text: typeset(it.text) })),
  ];
}

function colorVerdict(color: string | null): { readonly text: string; readonly isWell: boolean } {
  if (color === null) {
    return { text: fr`Sans couleur : le filet prend le bleu de ComptAppart.`, isWell: true };
  }
  const ratio = (of: string) => contrastOnWhite(of).toFixed(1).replace('.', ',');
  const darker = readableOnWhite(color);
  if (darker === color) {
    const text = fr`${color} se voit bien sur du blanc (contraste ${ratio(color)}).`;
    return { text, isWell: true };
  }
  const text = fr`${color} se voit mal sur du blanc (contraste ${ratio(color)}) : les factures prendront ${darker} (${ratio(darker)}).`;
  return { text, isWell: false };
}

let sheet: InvoicePage | null = null;

/** The whole document. `now` is the specimen's day, `theme` the reader's own choice, if any. */
export function brandingDocument(
  branded: Branded,
  seller: Seller,
  { now, theme }: { readonly now: Date; readonly theme: 'light' | 'dark' | undefined },
): string {
  const invoice = brandedSpecimen(branded, seller, now);
  const mail = mailHtml(branded, invoice, seller, now);
  return page({
    scheme: theme ?? 'light dark',
    verdicts: brandingVerdicts(branded),
    invoice: invoiceHtml(invoice, branded.logo),
    light: mailInScheme(mail, 'light'),
    dark: mailInScheme(mail, 'dark'),
  });
}

// The sheet is made for paper: on a screen it has no margins of its own.
const ON_SCREEN =
  '@media screen{html{background:#fff;overflow:hidden}body{width:170mm;margin:18mm 20mm 0}}';

function invoiceHtml(invoice: Invoice, logo: Logo | null): string {
  sheet ??= invoicePage();
  const { style, body } = sheet.fill(invoice, logo);
  return sheet.shell
    .replace('</head>', () => `<style>${style}${ON_SCREEN}</style></head>`)
    .replace('<body></body>', () => `<body>${body}</body>`);
}

function mailHtml(branded: Branded, document: Invoice, seller: Seller, now: Date): string {
  const { html, parts } = invoiceMessage(
    {
      notificationId: 'specimen',
      order: specimenOrder(branded.slug, now),
      document,
      logo: branded.logo,
      pdf: new Uint8Array(48_000),
      copyUrl: 'https://factures.example/specimen.pdf',
    },
    seller.email,
    branded.logo && mailLogo(branded.logo),
  );
  const picture = parts.find(({ cid }) => cid !== null);
  if (!picture || !branded.logo) return html;
  const { mediaType, bytes } = branded.logo;
  const uri = `data:${mediaType};base64,${Buffer.from(bytes).toString('base64')}`;
  return html.replace(`cid:${picture.cid}`, () => uri);
}

// Drawings go out as pictures of this size; a frame of ours may show the drawing itself.
function mailLogo(logo: Logo): MailLogo {
  const file = Buffer.from(logo.bytes.buffer, logo.bytes.byteOffset, logo.bytes.byteLength);
  if (logo.mediaType === 'image/png') {
    return { bytes: file, ...logoBox(file.readUInt32BE(16), file.readUInt32BE(20), 0.5) };
  }
  const { width, height } = drawnSize(file);
  return { bytes: file, ...logoBox(width, height, Number.POSITIVE_INFINITY) };
}

function drawnSize(file: Buffer): { readonly width: number; readonly height: number } {
  const root = readSvg(file).elements[0]?.attributes;
  const box = (root?.get('viewbox') ?? '')
    .trim()
    .split(/[\s,]+/)
    .map(Number);
  const [, , boxWidth = 0, boxHeight = 0] = box;
  const width = boxWidth || Number.parseFloat(root?.get('width') ?? '');
  const height = boxHeight || Number.parseFloat(root?.get('height') ?? '');
  return width > 0 && height > 0 ? { width, height } : { width: 300, height: 150 };
}

const page = Handlebars.compile<{
  readonly scheme: string;
  readonly verdicts: readonly { readonly text: string; readonly isWell: boolean }[];
  readonly invoice: string;
  readonly light: string;
  readonly dark: string;
}>(
  `<!doctype html>
<html lang="fr"><head><meta charset="utf-8"><title>Aperçu</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root{color-scheme:{{scheme}};font:15px/22px system-ui,sans-serif;--rule:light-dark(#dededa,#323843)}
body{margin:0;padding:16px;color:light-dark(#1b1f24,#eceef1);background:light-dark(#fff,#1b1f25)}
h2{margin:14px 0 6px;font-size:13px;line-height:18px;font-weight:600}
ul{margin:0;padding:0;list-style:none}li{overflow-wrap:anywhere}
.ill{color:light-dark(#734a00,#f2c877)}
.paper{--by:.4;height:calc(640px*var(--by));width:calc(794px*var(--by));overflow:hidden}
.paper iframe{width:794px;height:820px;transform:scale(var(--by));transform-origin:0 0}
iframe{display:block;border:0;background:#fff}
.paper,.mail{border:1px solid var(--rule);border-radius:6px}
.mail{width:100%;max-width:640px;height:330px;box-sizing:border-box}
@media(min-width:440px){.paper{--by:.54}}
@media(min-width:560px){.paper{--by:.68}}
@media(min-width:1000px){.paper{--by:.455}.looks{display:grid;grid-template-columns:repeat(3,minmax(0,1fr));gap:0 16px}.mail{height:364px}}
@media(min-width:1150px){.paper{--by:.485}.mail{height:388px}.paper{height:388px}}
</style></head><body>
<ul>{{#each verdicts}}<li{{#unless isWell}} class="ill"{{/unless}}>{{text}}</li>{{/each}}</ul>
<div class="looks">
<div><h2>Facture</h2>
<div class="paper"><iframe title="Tête de la facture" tabindex="-1" srcdoc="{{invoice}}"></iframe></div></div>
<div><h2>E-mail, fond clair</h2>
<iframe class="mail" title="E-mail sur fond clair" srcdoc="{{light}}"></iframe></div>
<div><h2>E-mail, fond sombre</h2>
<iframe class="mail" title="E-mail sur fond sombre" srcdoc="{{dark}}"></iframe></div>
</div></body></html>`,
  { strict: true },
);
