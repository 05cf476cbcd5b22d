// An SVG drawing, taken apart and refused for whatever is more than a drawing: scripts, events,
// movement, references to the outside, effects that a printer cannot draw, shapes that repeat each
// other into the millions. It is read strictly, token by token: what is not understood is refused,
// because the browser might understand it differently.

import { checkSize, isPng, jpegSize, readPng } from './logo-png.ts';
import { type Said, type StyleRule, type SvgElement, saidOf, styleRules } from './logo-style.ts';

export type SvgDrawing = {
  /** In the order of the file, the root first. */
  readonly elements: readonly SvgElement[];
  /** Of all style sheets inside. */
  readonly rules: readonly StyleRule[];
};

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

const ACTIVE = new Set(
  'script foreignobject iframe object embed audio video canvas link meta handler listener'.split(
    ' ',
  ),
);
const MOVING = new Set(
  'animate animatecolor animatemotion animatetransform set discard'.split(' '),
);
/** What all shapes may come to when every reference is drawn out: a second of printing or two. */
const DRAWN_MAX = 20_000;
const DEPTH_MAX = 200;
/** What a printer must turn into pixels, once for each use, and what it must draw apart and mix. */
const PIXELS_COST = 200;
const MIXED_COST = 10;

const BROKEN =
  'Le logo SVG n’est pas bien formé, ou déclare des entités\u00A0: exportez-le à nouveau.';
const OUTSIDE = 'Le logo SVG fait appel à un fichier extérieur\u00A0: incorporez-le ou retirez-le.';
const MOVES = 'Le logo SVG est animé\u00A0: il en faut un fixe.';
const EFFECT = 'Le logo SVG contient un effet (filtre), qui s’imprime mal\u00A0: exportez-le sans.';
const TOO_MUCH = 'Le logo SVG se répète en lui-même ou a trop de formes\u00A0: simplifiez-le.';

/** Throws one French sentence saying what is wrong. */
export function readSvg(file: Buffer): SvgDrawing {
  const source = file.toString('utf8').replace(/^\uFEFF/, '');
  if (source.includes('\uFFFD')) throw new Error('Le logo SVG doit être enregistré en UTF-8.');
  const elements: SvgElement[] = [];
  const open: { readonly tag: string; readonly element: SvgElement }[] = [];
  let styles = '';
  for (let at = 0; at < source.length; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(source)?.groups;
    if (token === undefined) throw new Error(BROKEN);
    if (token.instruction !== undefined) checkInstruction(token.instruction);
    if (token.close !== undefined && open.pop()?.tag !== token.close) throw new Error(BROKEN);
    if (token.open !== undefined) {
      if (open.length === 0 && elements.length > 0) throw new Error(BROKEN);
      const parent = open.at(-1)?.element ?? null;
      const element = elementOf(token.open, token.attributes ?? '', parent);
      elements.push(element);
      if (token.empty === '') open.push({ tag: token.open, element });
    }
    const text = token.text === undefined ? (token.cdata ?? '') : decoded(token.text);
    checkText(text);
    if (open.at(-1)?.element.name === 'style') styles += text;
    else if (open.some(({ element }) => element.name === 'text')) checkLetters(text);
  }
  if (elements[0]?.name !== 'svg' || open.length > 0) throw new Error(BROKEN);
  checkStyle(styles);
  const drawing = { elements, rules: styleRules(styles) };
  checkRepetition(drawing);
  return drawing;
}

// Bytes that were read here as UTF-8 must not be read as something else by the browser.
function checkInstruction(instruction: string): void {
  if (!/^xml\s/.test(instruction)) {
    throw new Error('Le logo SVG contient une instruction de traitement\u00A0: retirez-la.');
  }
  const encoding = /encoding\s*=\s*["']([^"']*)/.exec(instruction)?.[1] ?? 'utf-8';
  if (!/^(?:utf-8|us-ascii)$/i.test(encoding)) {
    throw new Error('Le logo SVG doit être enregistré en UTF-8.');
  }
}

function elementOf(tag: string, source: string, parent: SvgElement | null): SvgElement {
  const name = localName(tag);
  if (parent === null && !source.includes('http://www.w3.org/2000/svg')) {
    throw new Error('Le fichier du logo n’est pas une image SVG (xmlns absent).');
  }
  if (ACTIVE.has(name)) {
    throw new Error(`Le logo SVG contient un élément «\u00A0${name}\u00A0», interdit ici.`);
  }
  if (MOVING.has(name)) throw new Error(MOVES);
  // Effects are turned into coarse pixels on paper, and can keep the browser busy for minutes.
  if (name === 'filter') throw new Error(EFFECT);
  const attributes = new Map<string, string>();
  for (const [, attribute = '', double, single] of source.matchAll(ATTRIBUTE)) {
    const value = decoded(double ?? single ?? '');
    checkAttribute(attribute, value);
    const key = localName(attribute);
    // Of two addresses, xlink's and the plain one, it depends on the reader which counts.
    if (key === 'href' && attributes.has(key)) throw new Error(BROKEN);
    attributes.set(key, value);
  }
  return { name, attributes, parent };
}

function checkAttribute(attribute: string, value: string): void {
  const name = localName(attribute);
  if (/^on/.test(name)) {
    throw new Error(
      `Le logo SVG réagit à un événement («\u00A0${attribute}\u00A0»), interdit ici.`,
    );
  }
  if (/^xml:base$/i.test(attribute)) throw new Error(OUTSIDE);
  if (/^(?:href|src)$/.test(name) && !isInside(value)) throw new Error(OUTSIDE);
  checkText(value);
  if (name === 'style') checkStyle(value);
}

/** For text, style sheets and attribute values: references to the outside. */
function checkText(text: string): void {
  // A backslash can spell any word of a style sheet in disguise; drawings have no use for it.
  if (/@import|\\/i.test(text)) throw new Error(OUTSIDE);
  for (const [, target = ''] of text.matchAll(/url\(\s*["']?([^"')]*)/gi)) {
    if (!isInside(target)) throw new Error(OUTSIDE);
  }
}

/**
 * Letters of a drawing are set in the one typeface that every machine of ours has. What it lacks
 * would print as an empty box, which PDF/A forbids (ISO 19005-3, 6.2.11.8).
 */
function checkLetters(text: string): void {
  if (
    !/^[\t\n\r\x20-\x7E\u00A0-\u00FF\u0152\u0153\u0178\u2013\u2014\u2018\u2019\u201C\u201D\u20AC]*$/.test(
      text,
    )
  ) {
    throw new Error(
      'Le logo SVG contient un texte en lettres que nous ne pouvons pas dessiner\u00A0: ' +
        'convertissez ses textes en tracés.',
    );
  }
}

function checkStyle(style: string): void {
  if (/(?:image-set|cross-fade|image|src)\(/i.test(style)) throw new Error(OUTSIDE);
  if (/@keyframes|animation|offset-path/i.test(style)) throw new Error(MOVES);
}

/** `&lt;` and `&#60;` read as the browser reads them. Throws on entities that need a declaration. */
function decoded(text: string): string {
  return text.replace(/&([^;\s&]*;?)/g, (_, reference: string) => {
    const [, hex, digits] = /^#(?:x([\da-f]{1,6})|(\d{1,7}));$/i.exec(reference) ?? [];
    const code = hex === undefined ? Number(digits) : Number.parseInt(hex, 16);
    if (code <= 0x10ffff) return String.fromCodePoint(code);
    const character = ENTITIES.get(reference);
    if (character === undefined) throw new Error(BROKEN);
    return character;
  });
}

const ENTITIES = new Map([
  ['amp;', '&'],
  ['lt;', '<'],
  ['gt;', '>'],
  ['quot;', '"'],
  ['apos;', "'"],
]);

function isInside(reference: string): boolean {
  if (/^\s*#/.test(reference)) return true;
  const data = /^\s*data:image\/(png|jpeg);base64,(.*)$/is.exec(reference);
  if (data === null) return false;
  const picture = Buffer.from(data[2] ?? '', 'base64');
  if (isPng(picture)) readPng(picture);
  else checkSize(jpegSize(picture));
  return true;
}

// A shape may show another, which may show two more: eight lines draw a hundred million. What each
// comes to is counted once, references followed.
function checkRepetition({ elements, rules }: SvgDrawing): void {
  const children = Map.groupBy(elements, (it) => it.parent);
  const byId = Map.groupBy(elements, (it) => it.attributes.get('id'));
  const costs = new Map<SvgElement, number>();
  const costOf = (element: SvgElement, depth: number): number => {
    const known = costs.get(element);
    if (known !== undefined) return known;
    if (depth > DEPTH_MAX) throw new Error(TOO_MUCH);
    // Until it is known it is too much: an element that shows itself never ends.
    costs.set(element, Number.POSITIVE_INFINITY);
    const said = saidOf(element, rules);
    const shown = referencesOf(element, said).flatMap((id) => byId.get(id) ?? []);
    const parts = [...(children.get(element) ?? []), ...shown];
    const own = ownCost(said) + shown.filter(isPixels).length * PIXELS_COST;
    const cost = parts.reduce((total, part) => total + costOf(part, depth + 1), own);
    costs.set(element, cost);
    return cost;
  };
  if (elements.length > DRAWN_MAX || costOf(elements[0] as SvgElement, 0) > DRAWN_MAX) {
    throw new Error(TOO_MUCH);
  }
}

function isPixels({ name }: SvgElement): boolean {
  return name === 'mask' || name === 'pattern';
}

function ownCost(said: readonly Said[]): number {
  const plain = new Set(['none', 'normal', '1']);
  const has = (property: RegExp) =>
    said.some(([it, value]) => property.test(it) && !plain.has(value));
  if (has(/^(?:backdrop-)?filter$/)) throw new Error(EFFECT);
  return has(/^(?:opacity|mix-blend-mode)$/) ? MIXED_COST : 1;
}

function referencesOf({ attributes }: SvgElement, said: readonly Said[]): string[] {
  const target = /^\s*#(.*)$/s.exec(attributes.get('href') ?? '')?.[1];
  const urls = said
    .flatMap(([, value]) => [...value.matchAll(/url\(\s*["']?#([^"')]*)/gi)])
    .map(([, id = '']) => id);
  return [...(target === undefined ? [] : [target]), ...urls].map((id) => id.trim());
}

function localName(name: string): string {
  return (name.split(':').at(-1) as string).toLowerCase();
}
