// From Chromium's PDF to the invoice we archive: a PDF/A-3 with the Factur-X XML inside. Pure: the
// same page, facts and XML give the same bytes, whatever was printed before and wherever. Chromium
// lacks three things for PDF/A (an identifier, a colour profile, metadata); all else is checked.

import { createHash } from 'node:crypto';
import { type ChromiumFile, type PdfObject, readChromiumFile } from './chromium-file.ts';
import { compressed, writePdf } from './pdf-writer.ts';
import { srgbProfile } from './srgb-profile.ts';
import { stableStructure, withEntry } from './structure-tree.ts';
import { FACTUR_X_FILE, xmpPacket } from './xmp.ts';

export type PdfA3Facts = {
  /** The document's title, as the page has it. */
  readonly title: string;
  /** The seller's name. */
  readonly author: string;
  /** ISO 8601 UTC. The file's dates, to the second. */
  readonly issuedAt: string;
  /** The invoice in Factur-X's XML, embedded as UTF-8. */
  readonly facturX: string;
};

const CREATOR_TOOL = 'ComptAppart';
/** Numbered anew in each file. */
const SRGB = compressed(0, '/N 3', srgbProfile());
/** What Chromium must have said for a document that may be read out in French. */
const EXPECTED = ['/Marked true', '/DisplayDocTitle true', '/Lang (fr)', '/StructTreeRoot '];
/** What would be there twice, or act by itself when the file is opened. */
const UNEXPECTED = /\/(?:Names|AF|Metadata|OutputIntents|OpenAction|AA|AcroForm|Dests)\b/;

/**
 * The PDF/A-3a with `factur-x.xml` in it as the page's alternative. Throws when Chromium's file is
 * not as expected; nothing is guessed about a document that is kept for ten years.
 */
export function pdfA3(chromiumPdf: Uint8Array, facts: PdfA3Facts): Uint8Array {
  const file = readChromiumFile(chromiumPdf);
  const objects = stableStructure(file);
  checkFonts(objects);
  const seconds = facts.issuedAt.slice(0, 19);
  const producer = producerOf(file);
  const packet = xmpPacket({
    ...facts,
    creatorTool: CREATOR_TOOL,
    producer,
    issuedAt: `${seconds}+00:00`,
  });
  const date = `(D:${seconds.replace(/\D/g, '')}+00'00')`;

  const first = 1 + file.objects.reduce((most, { number }) => Math.max(most, number), 0);
  const [metadata, profile, intent] = [first, first + 1, first + 2];
  const [xml, attachment] = [first + 3, first + 4];
  const info =
    `<</Title ${textString(facts.title)}\n/Author ${textString(facts.author)}\n` +
    `/Creator ${textString(CREATOR_TOOL)}\n/Producer ${textString(producer)}\n` +
    `/CreationDate ${date}\n/ModDate ${date}>>`;
  const additions =
    `/Metadata ${metadata} 0 R\n/OutputIntents [${intent} 0 R]\n/AF [${attachment} 0 R]\n` +
    `/Names <</EmbeddedFiles <</Names [(${FACTUR_X_FILE}) ${attachment} 0 R]>>>>`;

  const finished = objects.map((object) => {
    if (object.number === file.info) return { ...object, text: info };
    if (object.number !== file.catalog) return object;
    return { ...object, text: withEntry(checkedCatalog(object.text), additions) };
  });
  return writePdf(
    [
      ...finished,
      metadataStream(metadata, packet),
      { ...SRGB, number: profile },
      outputIntent(intent, profile),
      embeddedFile(xml, Buffer.from(facts.facturX), date),
      fileSpecification(attachment, xml),
    ],
    { root: file.catalog, info: file.info },
  );
}

function producerOf(file: ChromiumFile): string {
  const text = file.objects.find((it) => it.number === file.info)?.text ?? '';
  const producer = /\/Producer \(([\w/. ]+)\)/.exec(text)?.[1];
  if (producer === undefined) throw new Error('Chromium’s PDF does not say what wrote it');
  return producer;
}

function checkedCatalog(text: string): string {
  const missing = EXPECTED.filter((entry) => !text.includes(entry));
  if (missing.length > 0) throw new Error(`Chromium’s PDF lacks ${missing.join(', ')}`);
  const extra = UNEXPECTED.exec(text)?.[0];
  if (extra !== undefined) throw new Error(`Chromium’s PDF has ${extra}, which was not expected`);
  return text;
}

/** Every font must be in the file and must say which characters its glyphs stand for. */
function checkFonts(objects: readonly PdfObject[]): void {
  for (const { text } of objects) {
    if (text.startsWith('<</Type /FontDescriptor') && !/\/FontFile[23]? \d/.test(text)) {
      throw new Error(`a font of Chromium’s PDF is not embedded: ${nameOf(text)}`);
    }
    if (/^<<\/Type \/Font\n\/Subtype \/Type0\n/.test(text) && !text.includes('/ToUnicode ')) {
      throw new Error(`a font of Chromium’s PDF does not name its characters: ${nameOf(text)}`);
    }
  }
}

function nameOf(font: string): string {
  return /\/(?:FontName|BaseFont) \/(\S+)/.exec(font)?.[1] ?? 'without a name';
}

/** Uncompressed, so that programs that know no PDF find the packet too. */
function metadataStream(number: number, packet: string): PdfObject {
  const stream = Buffer.from(packet);
  const text = `<</Type /Metadata /Subtype /XML /Length ${stream.length}>>`;
  return { number, text, stream };
}

function outputIntent(number: number, profile: number): PdfObject {
  const text =
    '<</Type /OutputIntent /S /GTS_PDFA1 /OutputConditionIdentifier (sRGB) ' +
    `/Info (sRGB IEC61966-2.1) /DestOutputProfile ${profile} 0 R>>`;
  return { number, text, stream: null };
}

function embeddedFile(number: number, content: Buffer, date: string): PdfObject {
  const checksum = createHash('md5').update(content).digest('hex');
  const params = `<</ModDate ${date} /Size ${content.length} /CheckSum <${checksum}>>>`;
  return compressed(number, `/Type /EmbeddedFile /Subtype /text#2Fxml /Params ${params}`, content);
}

function fileSpecification(number: number, content: number): PdfObject {
  const text =
    `<</Type /Filespec /F (${FACTUR_X_FILE}) /UF (${FACTUR_X_FILE}) /AFRelationship /Alternative ` +
    `/Desc (Factur-X) /EF <</F ${content} 0 R /UF ${content} 0 R>>>>`;
  return { number, text, stream: null };
}

/** A PDF text string; UTF-16, since titles hold dashes and accents. */
function textString(text: string): string {
  return `<FEFF${Buffer.from(text, 'utf16le').swap16().toString('hex').toUpperCase()}>`;
}
