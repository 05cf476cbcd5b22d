import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { XmlDocument, type XmlElement } from 'libxml2-wasm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { facturXml } from '#adapters/facturx/factur-x.ts';
import { chromiumBinary, chromiumCacheDir } from '#adapters/pdf/chromium-binary.ts';
import { type ChromiumPrinter, chromiumPrinter } from '#adapters/pdf/chromium-printer.ts';
import { facturXmlIn } from '#adapters/pdf/embedded-factur-x.ts';
import { invoicePage } from '#adapters/pdf/invoice-page.ts';
import { pdfA3 } from '#adapters/pdf/pdf-a3.ts';
import { supervisedBrowser } from '#adapters/pdf/supervised-browser.ts';
import { warmPage } from '#adapters/pdf/warm-page.ts';
import { canonicalText, type LegalDocument } from '#domain/invoice.ts';
import type { Logo } from '#domain/partner.ts';
import { type ArchivedPdf, archivedPdf, type Drawing } from '../support/archived-pdf.ts';
import { goldenHashes } from '../support/golden.ts';
import { manyLines, pngLogo, sampleInvoice, svgLogo } from '../support/invoices.ts';
import { modelDocuments } from '../support/model-documents.ts';

type Case = { readonly name: string; readonly document: LegalDocument; readonly logo: Logo | null };
const cases: readonly Case[] = [
  ...modelDocuments.map((it) => ({ ...it, logo: null })),
  {
    name: 'a drawn logo, eleven lines',
    document: sampleInvoice({ lines: manyLines(11) }),
    logo: svgLogo,
  },
  { name: 'a painted logo, test mode', document: sampleInvoice({ test: true }), logo: pngLogo() },
];

let folder: string;
let cacheDir: string;
let printer: ChromiumPrinter;
const printed = new Map<string, Uint8Array>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pdf-a3-'));
  cacheDir = await chromiumCacheDir(folder);
  printer = chromiumPrinter({ cacheDir });
  for (const { name, document, logo } of cases) {
    printed.set(name, (await printer.print(document, logo)).bytes);
  }
});

afterAll(async () => {
  await printer?.close();
  await rm(folder, { recursive: true });
});

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

describe.each(cases)('$name', ({ name, document }) => {
  let bytes: Buffer;
  let pdf: ArchivedPdf;
  let packet: XmlDocument;
  const read = (path: string) => packet.get(path, NAMESPACES)?.content ?? null;

  beforeAll(async () => {
    bytes = Buffer.from(printed.get(name) as Uint8Array);
    pdf = await archivedPdf(bytes);
    packet = XmlDocument.fromBuffer(pdf.streamAt('Metadata').content);
  });
  afterAll(() => packet.dispose());

  test('is a PDF 1.7 that bears a digest of its content', () => {
    expect(bytes.toString('latin1', 0, 9)).toBe('%PDF-1.7\n');
    expect(bytes[9]).toBe('%'.charCodeAt(0));
    expect(bytes.subarray(10, 14).every((byte) => byte > 127)).toBe(true);
    const [, table = ''] = /startxref\n(\d+)\n%%EOF\n$/.exec(bytes.toString('latin1')) ?? [];
    const digest = sha256(bytes.subarray(0, Number(table))).slice(0, 32);
    expect(pdf.id).toEqual([digest, digest]);
    expect(pdf.encrypted).toBe(false);
  });

  test('says in its metadata that it is PDF/A-3 and Factur-X, and explains the latter', () => {
    expect(pdf.streamAt('Metadata').dictionary).not.toHaveProperty('Filter');
    expect(read('//pdfaid:part')).toBe('3');
    expect(read('//pdfaid:conformance')).toBe('A');
    const own = packet.find('//rdf:Description/fx:*', NAMESPACES) as XmlElement[];
    expect(own.map((it) => [it.name, it.content])).toEqual([
      ['DocumentType', 'INVOICE'],
      ['DocumentFileName', 'factur-x.xml'],
      ['Version', '1.0'],
      ['ConformanceLevel', 'EN 16931'],
    ]);
    expect(read('//pdfaSchema:namespaceURI')).toBe(NAMESPACES.fx);
    const explained = packet.find('//pdfaProperty:name', NAMESPACES) as XmlElement[];
    expect(explained.map((it) => it.content)).toEqual(own.map((it) => it.name));
  });

  test('says the same in its information dictionary', () => {
    const seconds = document.issuedAt.slice(0, 19);
    const date = `D:${seconds.replace(/\D/g, '')}+00'00'`;
    expect(pdf.info).toMatchObject({ CreationDate: date, ModDate: date });
    expect(read('//xmp:CreateDate')).toBe(`${seconds}+00:00`);
    expect(read('//xmp:ModifyDate')).toBe(`${seconds}+00:00`);
    expect(pdf.info.Title).toContain(document.number);
    expect(read('//dc:title//rdf:li')).toBe(pdf.info.Title);
    expect(pdf.info.Author).toBe(document.seller.name);
    expect(read('//dc:creator//rdf:li')).toBe(pdf.info.Author);
    expect(read('//xmp:CreatorTool')).toBe(pdf.info.Creator);
    expect(read('//pdf:Producer')).toBe(pdf.info.Producer);
  });

  test('says what its colours mean', () => {
    expect(pdf.at('OutputIntents')).toHaveLength(1);
    expect(pdf.at('OutputIntents.0')).toMatchObject({
      S: 'GTS_PDFA1',
      OutputConditionIdentifier: 'sRGB',
    });
    const { dictionary, content } = pdf.streamAt('OutputIntents.0.DestOutputProfile');
    const profile = Buffer.from(content);
    expect(dictionary.N).toBe(3);
    expect(profile.readUInt32BE(0)).toBe(profile.length);
    expect(profile.toString('latin1', 12, 20)).toBe('mntrRGB ');
    expect(profile.toString('latin1', 36, 40)).toBe('acsp');
    const spaces = pdf.dictionaries.flatMap(({ ColorSpace: it }) => (it ? [[it].flat()[0]] : []));
    expect(spaces.filter((it) => !COLOUR_SPACES.has(it as string))).toEqual([]);
  });

  test('holds the XML as the alternative of its page, and nothing else', async () => {
    expect(pdf.at('Names.EmbeddedFiles.Names')).toHaveLength(2);
    expect(pdf.at('Names.EmbeddedFiles.Names.0')).toBe('factur-x.xml');
    expect(pdf.at('AF')).toHaveLength(1);
    expect(pdf.at('AF.0')).toEqual(pdf.at('Names.EmbeddedFiles.Names.1'));
    expect(pdf.at('AF.0')).toMatchObject({
      Type: 'Filespec',
      F: 'factur-x.xml',
      UF: 'factur-x.xml',
      AFRelationship: 'Alternative',
    });
    expect(pdf.dictionaries.filter((it) => it.Type === 'Filespec')).toHaveLength(1);
    const { dictionary, content } = pdf.streamAt('AF.0.EF.F');
    expect(Buffer.from(content).toString()).toBe(facturXml(document));
    expect(dictionary).toMatchObject({ Type: 'EmbeddedFile', Subtype: 'text/xml' });
    expect(dictionary.Params).toMatchObject({ Size: content.length, ModDate: pdf.info.ModDate });
    expect(await facturXmlIn(bytes)).toBe(facturXml(document));
  });

  test('is set in Inter, all of it inside, every glyph known by its character', () => {
    const fonts = pdf.dictionaries.filter((it) => it.Type === 'Font');
    const descriptors = pdf.dictionaries.filter((it) => it.Type === 'FontDescriptor');
    expect(new Set(fonts.map((it) => it.Subtype))).toEqual(new Set(['Type0', 'CIDFontType2']));
    for (const it of fonts) expect(it.BaseFont).toMatch(/^[A-Z]{6}\+Inter-(Regular|SemiBold)$/);
    expect(descriptors.length).toBeGreaterThan(0);
    for (const it of descriptors) expect(it).toHaveProperty('FontFile2');
    const shown = pdf.drawings.flatMap(glyphsShown);
    expect(shown.length).toBeGreaterThan(300);
    expect(shown.filter((it) => !it.known || it.glyph === '0000')).toEqual([]);
  });

  test('is tagged in French, with kinds that PDF/A knows and headings that are found', () => {
    expect(pdf.at('Lang')).toBe('fr');
    expect(pdf.at('MarkInfo.Marked')).toBe(true);
    expect(pdf.at('ViewerPreferences.DisplayDocTitle')).toBe(true);
    const elements = pdf.dictionaries.filter((it) => it.Type === 'StructElem');
    const roles = (pdf.at('StructTreeRoot.RoleMap') ?? {}) as Record<string, string>;
    const kinds = new Set(elements.map((it) => roles[it.S as string] ?? it.S));
    expect([...kinds].filter((it) => !STANDARD_KINDS.has(it as string))).toEqual([]);
    expect(kinds).toContain('H1');
    const ids = elements.flatMap((it) => (it.ID === undefined ? [] : [it.ID]));
    const index = pdf.at('StructTreeRoot.IDTree.Names') as string[];
    expect(index.filter((_, at) => at % 2 === 0)).toEqual(ids.toSorted());
    const named = pdf.dictionaries.flatMap((it) => (it.Headers ?? []) as string[]);
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((it) => !ids.includes(it))).toEqual([]);
  });

  test('does nothing by itself and asks for nothing from outside', () => {
    const actions = pdf.dictionaries.filter((it) => it.Type === 'Action');
    expect(actions.filter((it) => it.S !== 'URI')).toEqual([]);
    for (const key of ['JS', 'JavaScript', 'AA', 'OpenAction', 'AcroForm', 'FFilter', 'Encrypt']) {
      expect(
        pdf.dictionaries.filter((it) => key in it),
        key,
      ).toEqual([]);
    }
    const notes = pdf.dictionaries.filter((it) => it.Type === 'Annot');
    expect(notes.filter((it) => it.Subtype !== 'Link' || it.F !== PRINTED)).toEqual([]);
    const pictures = pdf.dictionaries.filter((it) => it.Subtype === 'Image');
    expect(pictures.filter((it) => it.Interpolate === true || 'Alternates' in it)).toEqual([]);
  });
});

describe('the same document', () => {
  const { document, name } = modelDocuments[2] as (typeof modelDocuments)[number];
  const first = () => sha256(printed.get(name) as Uint8Array);
  const again = async (by: ChromiumPrinter) => sha256((await by.print(document, null)).bytes);

  test('gives the same bytes after others, and twice in a row', async () => {
    expect([await again(printer), await again(printer)]).toEqual([first(), first()]);
  });

  test('gives the same bytes in another page, and after a restart of the browser', async () => {
    const other = chromiumPrinter({ cacheDir, pages: 2, printsPerPage: 2 });
    try {
      const prints = await Promise.all(Array.from({ length: 6 }, () => again(other)));
      expect(new Set(prints)).toEqual(new Set([first()]));
    } finally {
      await other.close();
    }
  });

  test('gives the same bytes after a logo that could not be decoded', async () => {
    const broken = { mediaType: 'image/svg+xml', bytes: Buffer.from('<svg') } as const;
    expect(sha256((await printer.print(document, broken)).bytes)).toBe(first());
  });

  test('gives other bytes, and another identifier, one second later', async () => {
    const later = { ...document, issuedAt: '2026-11-20T09:05:43.000Z' };
    const { bytes } = await printer.print(later, null);
    expect((await archivedPdf(bytes)).id).not.toEqual(
      (await archivedPdf(printed.get(name) as Uint8Array)).id,
    );
  });
});

describe('the golden hashes', () => {
  test('are what these documents give', async ({ skip }) => {
    const hashes = Object.fromEntries(
      cases.map(({ name }) => [name, sha256(printed.get(name) as Uint8Array)]),
    );
    const { chromiumVersion, templateVersion } = await printer.print(sampleInvoice(), null);
    const input = sha256(
      Buffer.concat(
        cases.flatMap((it) => [
          Buffer.from(canonicalText(it.document)),
          it.logo?.bytes ?? new Uint8Array(),
        ]),
      ),
    );
    const madeFrom = `${templateVersion} ${input.slice(0, 12)}`;
    const golden = goldenHashes('invoice-pdfs.json', { chromiumVersion, madeFrom, hashes });
    if (golden.kind === 'other-machine') return skip(golden.why);
    if (golden.kind === 'not-reproducible') throw new Error(golden.why);
    expect(hashes, golden.how).toEqual(golden.hashes);
  });
});

describe('a file that is not as expected is refused:', () => {
  const facts = {
    title: 'Facture',
    author: 'ComptAppart',
    issuedAt: '2026-11-20T09:05:42.000Z',
    facturX: '<x/>',
  };
  let plain: Buffer;
  beforeAll(async () => {
    const browsers = supervisedBrowser(() => chromiumBinary({ cacheDir }));
    try {
      const page = await warmPage(await browsers.get(), invoicePage().shell);
      const pdf = await page.print(invoicePage().fill(sampleInvoice(), null));
      plain = Buffer.from(pdf as Uint8Array);
    } finally {
      await browsers.close();
    }
  });

  test('but Chromium’s own is taken', () => {
    expect(() => pdfA3(plain, facts)).not.toThrow();
  });

  test.each([
    ['another version of PDF', '%PDF-1.4', '%PDF-1.6', 'no PDF 1.4'],
    ['another trailer', '/Root ', '/Rood ', 'its trailer'],
    ['a table of another form', 'xref\n0 ', 'xref\n1 ', 'its cross-reference table'],
    ['an object of another generation', ' 00000 n \n', ' 00001 n \n', 'entry 1 of its table'],
    ['an object elsewhere', '1 0 obj\n', '1 0 obi\n', 'the bounds of object 1'],
    ['a stream of another length', '/Length ', '/Lenght ', 'the stream of object'],
    ['no tags', '/Type /StructTreeRoot', '/Type /StructTreeWurz', 'not tagged'],
    ['tags of an unknown kind', '/S /H1', '/S /Hx', 'no structure type Hx'],
    ['a heading without a name', '/ID (node0', '/IX (node0', 'no heading'],
    ['no language', '/Lang (fr)>>', '/Lang (en)>>', 'lacks /Lang (fr)'],
    ['an action on opening', '/Type /Catalog', '/OpenAction /X', 'has /OpenAction'],
    ['a font that is elsewhere', '/FontFile2 ', '/FontFilx2 ', 'is not embedded: AAAAAA+Inter'],
    ['a font without characters', '/ToUnicode ', '/TuUnicode ', 'does not name its characters'],
    ['no producer', '/Producer ', '/Prodiger ', 'what wrote it'],
  ])('%s', (_what, from, to, message) => {
    expect(() => pdfA3(patched(plain, from, to), facts)).toThrow(message);
  });

  test('one that is cut, or followed by something', () => {
    expect(() => pdfA3(plain.subarray(0, plain.length - 40), facts)).toThrow('its trailer');
    expect(() => pdfA3(Buffer.concat([plain, Buffer.from('x')]), facts)).toThrow('its trailer');
    expect(() => pdfA3(new Uint8Array(), facts)).toThrow('no PDF 1.4');
  });
});

test('a PDF without the XML has none to give', async () => {
  await expect(facturXmlIn(Buffer.from('no PDF'))).rejects.toThrow();
});

/** With the text replaced, everywhere, by one of the same length. */
function patched(file: Buffer, from: string, to: string): Buffer {
  if (from.length !== to.length) throw new Error(`« ${to} » is not as long as « ${from} »`);
  const bytes = Buffer.from(file);
  for (let at = bytes.indexOf(from); at >= 0; at = bytes.indexOf(from, at + 1)) {
    bytes.write(to, at, 'latin1');
  }
  return bytes;
}

function glyphsShown({ instructions, fonts }: Drawing) {
  const shown: { readonly glyph: string; readonly known: boolean }[] = [];
  let font: ReadonlySet<string> = new Set();
  for (const [, name, glyphs = ''] of instructions.matchAll(/\/(F\d+) \S+ Tf|<(\w+)> Tj/g)) {
    if (name !== undefined) font = fonts.get(name) ?? new Set();
    for (const [glyph] of glyphs.matchAll(/\w{4}/g)) shown.push({ glyph, known: font.has(glyph) });
  }
  return shown;
}

/** Skia gives pictures an sRGB profile of their own. */
const COLOUR_SPACES = new Set(['DeviceRGB', 'DeviceGray', 'ICCBased']);
/** The annotation flag Print. */
const PRINTED = 4;
const STANDARD_KINDS = new Set(
  'Document Part Sect Div NonStruct P H1 H2 H3 L LI Lbl LBody Table TR TH TD THead TBody TFoot Span Link Figure'.split(
    ' ',
  ),
);

const NAMESPACES = {
  rdf: 'http://www.w3.org/1999/02/22-rdf-syntax-ns#',
  dc: 'http://purl.org/dc/elements/1.1/',
  xmp: 'http://ns.adobe.com/xap/1.0/',
  pdf: 'http://ns.adobe.com/pdf/1.3/',
  pdfaid: 'http://www.aiim.org/pdfa/ns/id/',
  pdfaSchema: 'http://www.aiim.org/pdfa/ns/schema#',
  pdfaProperty: 'http://www.aiim.org/pdfa/ns/property#',
  fx: 'urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#',
};
