// Looks into a finished PDF/A with a PDF library that had no part in making it, and says what a
// validator would ask about. Plain values come out: names without their slash, texts decoded, bytes
// unpacked, references followed.

import {
  decodePDFRawStream,
  PDFArray,
  PDFBool,
  PDFDict,
  PDFDocument,
  PDFHexString,
  PDFName,
  PDFNumber,
  type PDFObject,
  PDFRawStream,
  PDFRef,
  PDFString,
} from '@cantoo/pdf-lib';

export type Plain = string | number | boolean | null | Uint8Array | Plain[] | PlainDictionary;
export type PlainDictionary = { [key: string]: Plain };
export type PlainStream = { readonly dictionary: PlainDictionary; readonly content: Uint8Array };

export type ArchivedPdf = {
  /** The trailer's identifier, two lower-case hex strings. */
  readonly id: readonly string[];
  readonly encrypted: boolean;
  /** The value at that path from the catalog, e.g. `OutputIntents.0.S`. */
  at(path: string): Plain;
  /** The stream at that path from the catalog, unpacked. */
  streamAt(path: string): PlainStream;
  readonly info: PlainDictionary;
  /** Every dictionary of the file, streams' and nested ones too, one level deep. */
  readonly dictionaries: readonly PlainDictionary[];
  /** The drawing instructions of all pages and of the pictures in them, and the fonts they name. */
  readonly drawings: readonly Drawing[];
};

export type Drawing = {
  readonly instructions: string;
  /** Name to the glyphs that the font’s ToUnicode map knows, as four hex digits. */
  readonly fonts: ReadonlyMap<string, ReadonlySet<string>>;
};

/** Throws on a file that the library cannot read without guessing. */
export async function archivedPdf(bytes: Uint8Array): Promise<ArchivedPdf> {
  const document = await PDFDocument.load(bytes, {
    updateMetadata: false,
    throwOnInvalidObject: true,
  });
  const { context, catalog } = document;
  const find = (path: string): PDFObject => {
    let here: PDFObject = catalog;
    for (const step of path.split('.')) {
      const next: PDFObject | undefined =
        here instanceof PDFArray ? here.get(Number(step)) : dictionaryOf(here)?.get(named(step));
      here = (next instanceof PDFRef ? context.lookup(next) : next) ?? context.obj(null);
    }
    return here;
  };
  const streamOf = (object: PDFObject): PlainStream => {
    if (!(object instanceof PDFRawStream)) throw new Error('not a stream');
    const filtered = object.dict.has(named('Filter'));
    const content = filtered ? decodePDFRawStream(object).decode() : object.contents;
    return { dictionary: plain(object.dict) as PlainDictionary, content };
  };
  const { ID, Encrypt, Info } = context.trailerInfo;
  const dictionaries: PlainDictionary[] = [];
  const collect = (object: PDFObject): void => {
    const dictionary = dictionaryOf(object);
    if (dictionary !== undefined) dictionaries.push(plain(dictionary) as PlainDictionary);
    const inside = object instanceof PDFArray ? object.asArray() : (dictionary?.values() ?? []);
    for (const one of inside) collect(one);
  };
  const objects = context.enumerateIndirectObjects().map(([, object]) => object);
  for (const object of objects) collect(object);

  const fontsOf = (resources: PDFDict | undefined): Drawing['fonts'] => {
    const fonts = resources?.lookupMaybe(named('Font'), PDFDict)?.entries() ?? [];
    return new Map(
      fonts.map(([name, font]) => {
        const map = (context.lookup(font) as PDFDict).lookup(named('ToUnicode'));
        return [name.asString().slice(1), glyphsOf(streamOf(map as PDFObject).content)];
      }),
    );
  };
  const drawn: Drawing[] = document.getPages().map(({ node }) => {
    const contents = node.Contents();
    if (contents === undefined) throw new Error('a page without contents');
    return {
      instructions: Buffer.from(streamOf(contents).content).toString('latin1'),
      fonts: fontsOf(node.Resources()),
    };
  });
  const forms = objects.filter(
    (it) => it instanceof PDFRawStream && it.dict.get(named('Subtype')) === named('Form'),
  ) as PDFRawStream[];
  return {
    id: (ID instanceof PDFArray ? ID.asArray() : []).map((it) =>
      Buffer.from((it as PDFHexString).asBytes()).toString('hex'),
    ),
    encrypted: Encrypt !== undefined,
    at: (path) => plain(find(path)),
    streamAt: (path) => streamOf(find(path)),
    info: plain(context.lookup(Info) as PDFObject) as PlainDictionary,
    dictionaries,
    drawings: [
      ...drawn,
      ...forms.map((form) => ({
        instructions: Buffer.from(streamOf(form).content).toString('latin1'),
        fonts: fontsOf(form.dict.lookupMaybe(named('Resources'), PDFDict)),
      })),
    ],
  };
}

/** References stay as `12 0 R`. */
function plain(object: PDFObject): Plain {
  if (object instanceof PDFName) return object.decodeText();
  if (object instanceof PDFNumber) return object.asNumber();
  if (object instanceof PDFBool) return object.asBoolean();
  if (object instanceof PDFString) return object.decodeText();
  if (object instanceof PDFHexString) return object.decodeText();
  if (object instanceof PDFArray) return object.asArray().map(plain);
  if (object instanceof PDFRef) return object.toString();
  const dictionary = dictionaryOf(object);
  if (dictionary === undefined) return null;
  return Object.fromEntries(
    dictionary.entries().map(([name, value]) => [name.decodeText(), plain(value)]),
  );
}

function dictionaryOf(object: PDFObject): PDFDict | undefined {
  if (object instanceof PDFDict) return object;
  return object instanceof PDFRawStream ? object.dict : undefined;
}

function named(name: string): PDFName {
  return PDFName.of(name);
}

/** The glyphs of a ToUnicode map: `<0012> <0043>` a line, or `<0012> <0014> <0043>` for a range. */
function glyphsOf(map: Uint8Array): Set<string> {
  const text = Buffer.from(map).toString('latin1');
  const glyphs = new Set<string>();
  for (const [, from = '', to] of text.matchAll(/^<(\w{4})> (?:<(\w{4})> )?<\w+>$/gm)) {
    const last = Number.parseInt(to ?? from, 16);
    for (let glyph = Number.parseInt(from, 16); glyph <= last; glyph++) {
      glyphs.add(glyph.toString(16).padStart(4, '0').toUpperCase());
    }
  }
  return glyphs;
}
