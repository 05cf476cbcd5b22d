// A tree of elements as XML text. Our own thirty lines, because the libraries that were tried change
// what a customer typed: xmlbuilder2 4.0.3 leaves `&word;` unescaped, so that « R&D; Conseil » is no
// XML at all; fast-xml-parser 5.12.1 moves empty elements before the others.

import type { XmlNode } from './xml-text.ts';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\t': '&#x9;',
  '\n': '&#xA;',
  '\r': '&#xD;',
};

/**
 * The document, without line breaks of ours: keys are element names in the order of print, `@…`
 * attributes, `#` the text; null is left out, a list repeats its element.
 */
export function xmlDocument(root: { readonly [name: string]: XmlNode }): string {
  return `<?xml version="1.0" encoding="UTF-8"?>${children(root)}`;
}

function children(node: { readonly [name: string]: XmlNode }): string {
  return Object.entries(node)
    .map(([name, value]) => element(name, value))
    .join('');
}

function element(name: string, value: XmlNode): string {
  if (value === null) return '';
  if (typeof value === 'string') return wrapped(name, '', text(value));
  if (isList(value)) return value.map((one) => element(name, one)).join('');
  let attributes = '';
  let content = '';
  for (const [key, inner] of Object.entries(value)) {
    if (key.startsWith('@')) attributes += attribute(key.slice(1), inner);
    else if (key === '#') content += text(String(inner));
    else content += element(key, inner);
  }
  return wrapped(name, attributes, content);
}

function isList(value: XmlNode): value is readonly XmlNode[] {
  return Array.isArray(value);
}

function attribute(name: string, value: XmlNode): string {
  return value === null ? '' : ` ${name}="${escaped(String(value), /[&<>"\t\n\r]/g)}"`;
}

// A carriage return would be read back as a line feed (XML 1.0, 2.11) if it stood there as itself.
function text(content: string): string {
  return escaped(content, /[&<>\r]/g);
}

function escaped(content: string, what: RegExp): string {
  return content.replace(what, (it) => ENTITIES[it] as string);
}

function wrapped(name: string, attributes: string, content: string): string {
  return content === '' ? `<${name}${attributes}/>` : `<${name}${attributes}>${content}</${name}>`;
}
