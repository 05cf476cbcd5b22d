// A partner's logo, looked at before it is kept. It is shown inside `<img>` only, where neither
// script nor request can start; these rules stand before that wall, so that a file that means harm,
// or would print wrong for months, is refused in one sentence while the operator still has it open.

import { crc32, inflateSync } from 'node:zlib';
import type { Logo } from '#domain/partner.ts';

export const LOGO_BYTES_MAX = 512 * 1024;
const PNG_SIDE_MAX = 8192;
const PNG_PIXELS_BYTES_MAX = 64 * 1024 * 1024;
const PNG_SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** The logo, its type told from its content. Throws one French sentence saying what is wrong. */
export function checkLogo(bytes: Uint8Array): Logo {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (file.length > LOGO_BYTES_MAX) {
    const size = Math.ceil(file.length / 1024);
    throw new Error(`Le logo pèse ${size}\u00A0ko\u00A0: il en faut au plus 512.`);
  }
  if (file.subarray(0, 8).equals(PNG_SIGNATURE)) {
    checkPng(file);
    return { mediaType: 'image/png', bytes };
  }
  if (/^\uFEFF?\s*</.test(file.toString('utf8', 0, 200))) {
    checkSvg(file);
    return { mediaType: 'image/svg+xml', bytes };
  }
  throw new Error('Le logo doit être une image PNG ou SVG.');
}

function checkPng(file: Buffer): void {
  const chunks = pngChunks(file);
  const header = chunks[0];
  if (header?.type !== 'IHDR' || header.data.length !== 13) throw new Error(BROKEN_PNG);
  const [width, height] = [header.data.readUInt32BE(0), header.data.readUInt32BE(4)];
  if (Math.min(width, height) < 1 || Math.max(width, height) > PNG_SIDE_MAX) {
    throw new Error(
      `Le logo mesure ${width} × ${height} pixels\u00A0: il en faut au plus ${PNG_SIDE_MAX} de côté.`,
    );
  }
  if (chunks.some((chunk) => chunk.type === 'acTL')) {
    throw new Error('Le logo est une image animée\u00A0: il en faut une fixe.');
  }
  const pixels = chunks.filter((chunk) => chunk.type === 'IDAT').map((chunk) => chunk.data);
  try {
    inflateSync(Buffer.concat(pixels), { maxOutputLength: PNG_PIXELS_BYTES_MAX });
  } catch (cause) {
    throw new Error(BROKEN_PNG, { cause });
  }
}

const BROKEN_PNG = 'Le logo PNG est abîmé ou incomplet\u00A0: exportez-le à nouveau.';

type PngChunk = { readonly type: string; readonly data: Buffer };

/** The chunks from IHDR to IEND, lengths and checksums verified. */
function pngChunks(file: Buffer): PngChunk[] {
  const chunks: PngChunk[] = [];
  for (let at = 8; at + 12 <= file.length; ) {
    const end = at + 8 + file.readUInt32BE(at);
    if (end + 4 > file.length) break;
    if (crc32(file.subarray(at + 4, end)) !== file.readUInt32BE(end)) break;
    const type = file.toString('latin1', at + 4, at + 8);
    chunks.push({ type, data: file.subarray(at + 8, end) });
    if (type === 'IEND') return chunks;
    at = end + 4;
  }
  throw new Error(BROKEN_PNG);
}

// One XML token at a time. A document type is let through only without declarations of its own:
// drawing programs write it, and entities need those declarations.
const TOKEN = new RegExp(
  [
    '<!--[^]*?-->',
    String.raw`<!\[CDATA\[(?<cdata>[^]*?)\]\]>`,
    String.raw`<\?(?<instruction>[^]*?)\?>`,
    '<!DOCTYPE[^[>]*>',
    String.raw`</(?<close>[\w:.-]+)\s*>`,
    String.raw`<(?<open>[\w:.-]+)(?<attributes>(?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(?<empty>/?)>`,
    '(?<text>[^<]+)',
  ].join('|'),
  'y',
);
const ATTRIBUTE = /([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;

const ACTIVE_ELEMENTS = new Set(
  'script foreignobject iframe object embed audio video canvas link meta handler listener'.split(
    ' ',
  ),
);
const MOVING_ELEMENTS = new Set('animate animatemotion animatetransform set discard'.split(' '));

function checkSvg(file: Buffer): void {
  const source = file.toString('utf8').replace(/^\uFEFF/, '');
  if (source.includes('\uFFFD')) throw new Error('Le logo SVG doit être enregistré en UTF-8.');
  const open: string[] = [];
  let root: string | undefined;
  for (let at = 0; at < source.length; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(source)?.groups;
    if (token === undefined) throw new Error(BROKEN_SVG);
    if (token.instruction !== undefined && !/^xml\s/.test(token.instruction)) {
      throw new Error('Le logo SVG contient une instruction de traitement\u00A0: retirez-la.');
    }
    if (token.close !== undefined && open.pop() !== token.close) throw new Error(BROKEN_SVG);
    if (token.open !== undefined) {
      if (open.length === 0 && root !== undefined) throw new Error(BROKEN_SVG);
      if (root === undefined && !token.attributes?.includes('http://www.w3.org/2000/svg')) {
        throw new Error('Le fichier du logo n’est pas une image SVG (xmlns absent).');
      }
      root ??= token.open;
      checkElement(token.open, token.attributes ?? '');
      if (token.empty === '') open.push(token.open);
    }
    checkText(token.text ?? token.cdata ?? '');
  }
  if (root === undefined || localName(root) !== 'svg' || open.length > 0) {
    throw new Error(BROKEN_SVG);
  }
}

const BROKEN_SVG =
  'Le logo SVG n’est pas bien formé, ou déclare des entités\u00A0: exportez-le à nouveau.';

function checkElement(name: string, attributes: string): void {
  const local = localName(name);
  if (ACTIVE_ELEMENTS.has(local)) {
    throw new Error(`Le logo SVG contient un élément «\u00A0${local}\u00A0», interdit ici.`);
  }
  if (MOVING_ELEMENTS.has(local)) {
    throw new Error('Le logo SVG est animé\u00A0: il en faut un fixe.');
  }
  for (const [, attribute = '', double, single] of attributes.matchAll(ATTRIBUTE)) {
    const value = double ?? single ?? '';
    if (/^on/.test(localName(attribute))) {
      throw new Error(
        `Le logo SVG réagit à un événement («\u00A0${attribute}\u00A0»), interdit ici.`,
      );
    }
    if (/^(?:href|src)$/.test(localName(attribute)) && !isInside(value)) throw new Error(OUTSIDE);
    checkText(value);
  }
}

const OUTSIDE = 'Le logo SVG fait appel à un fichier extérieur\u00A0: incorporez-le ou retirez-le.';

/** For text, style sheets and attribute values: references to the outside and unknown entities. */
function checkText(text: string): void {
  if (/&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[\da-f]+);)/i.test(text)) throw new Error(BROKEN_SVG);
  // A backslash can spell any word of a style sheet in disguise; drawings have no use for it.
  if (/@import|\\/i.test(text)) throw new Error(OUTSIDE);
  for (const [, target = ''] of text.matchAll(/url\(\s*["']?([^"')]*)/gi)) {
    if (!isInside(target)) throw new Error(OUTSIDE);
  }
}

function isInside(reference: string): boolean {
  return /^\s*(?:#|data:image\/(?:png|jpeg);base64,)/i.test(reference);
}

function localName(name: string): string {
  return (name.split(':').at(-1) as string).toLowerCase();
}
