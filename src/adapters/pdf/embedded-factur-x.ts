// Takes the XML back out of a stored invoice, for the archive and for whoever wants to check it. It
// reads with a PDF library and trusts nothing about who wrote the file, for the stored file is the
// master and outlives the program that made it.

import { PDFDocument } from '@cantoo/pdf-lib';
import { FACTUR_X_FILE } from './xmp.ts';

/** The text of `factur-x.xml`. Throws when the bytes are no PDF or hold no such file. */
export async function facturXmlIn(pdf: Uint8Array): Promise<string> {
  const document = await PDFDocument.load(pdf, { updateMetadata: false });
  const found = document.getAttachments().find(({ name }) => name === FACTUR_X_FILE);
  if (found === undefined) throw new Error(`the PDF has no ${FACTUR_X_FILE} inside`);
  return new TextDecoder('utf-8', { fatal: true }).decode(found.data);
}
