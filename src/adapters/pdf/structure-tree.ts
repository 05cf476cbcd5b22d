// Makes the tags that screen readers follow the same in every print, and of kinds that PDF/A knows.
// Chromium names table headings after its internal nodes, whose numbers depend on what the page held
// before, and it has kinds of its own for some HTML elements.

import type { ChromiumFile, PdfObject } from './chromium-file.ts';

// ISO 32000-1, 14.8.4.
const STANDARD_TYPES: ReadonlySet<string> = new Set(
  (
    'Document Part Art Sect Div BlockQuote Caption TOC TOCI Index NonStruct Private P H H1 H2 H3 ' +
    'H4 H5 H6 L LI Lbl LBody Table TR TH TD THead TBody TFoot Span Quote Note Reference BibEntry ' +
    'Code Link Annot Ruby RB RT RP Warichu WT WP Figure Formula Form'
  ).split(' '),
);
const STANDS_FOR: Readonly<Record<string, string>> = { Strong: 'Span', Em: 'Span' };

const ELEMENT = /^<<\/Type \/StructElem\n\/S \/(\w+)\n/;
const ROOT = /^<<\/Type \/StructTreeRoot\n/;
/** Names in the only two places of an element that hold them; a text cannot look like them. */
const NAMED = /\/(?:ID \(node\d+\)|Headers \[\(node\d+\)[^\]]*\])/g;

/**
 * The objects with headings renamed in the order of the file and with the index of those names
 * rebuilt. Throws when the file has no tags, or tags of a kind that PDF/A does not know.
 */
export function stableStructure({ objects }: ChromiumFile): PdfObject[] {
  const root = objects.find((it) => ROOT.test(it.text));
  if (root === undefined) throw new Error('Chromium’s PDF is not tagged');
  const names = new Map<string, { readonly name: string; readonly heading: number }>();
  const types = new Set<string>();
  for (const { number, text } of objects) {
    const type = ELEMENT.exec(text)?.[1];
    if (type === undefined) continue;
    types.add(type);
    const node = /\/ID \((node\d+)\)/.exec(text)?.[1];
    if (node === undefined) continue;
    names.set(node, { name: `h${String(names.size + 1).padStart(4, '0')}`, heading: number });
  }
  const renamed = (node: string): string => {
    const found = names.get(node);
    if (found === undefined) throw new Error(`no heading of Chromium’s PDF is called ${node}`);
    return found.name;
  };

  const index = nodesOfIndex(objects, root);
  const top = index[0];
  const entries = [...names.values()].map(({ name, heading }) => `(${name}) ${heading} 0 R`);
  return objects.flatMap((object) => {
    if (object === root) return { ...root, text: withEntry(root.text, roleMap(types)) };
    if (object === top) return { ...top, text: `<</Names [${entries.join(' ')}]>>` };
    if (index.includes(object)) return [];
    if (!object.text.includes('(node') || !ELEMENT.test(object.text)) return object;
    const text = object.text.replace(NAMED, (place) => place.replace(/node\d+/g, renamed));
    return { ...object, text };
  });
}

/** The tree in which Chromium files the names, its top first; empty when there is none. */
function nodesOfIndex(objects: readonly PdfObject[], root: PdfObject): PdfObject[] {
  const below = (numbers: readonly number[]): PdfObject[] =>
    numbers.flatMap((number) => {
      const node = objects.find((it) => it.number === number);
      if (node === undefined) throw new Error(`Chromium’s PDF lacks its object ${number}`);
      const kids = /\/Kids \[([\d R]*)\]/.exec(node.text)?.[1] ?? '';
      return [node, ...below(Array.from(kids.matchAll(/(\d+) 0 R/g), (it) => Number(it[1])))];
    });
  const top = /\/IDTree (\d+) 0 R/.exec(root.text)?.[1];
  return top === undefined ? [] : below([Number(top)]);
}

/** What Chromium’s own kinds stand for, as an entry of the tree’s root; empty when it used none. */
function roleMap(types: ReadonlySet<string>): string {
  const own = [...types].filter((type) => !STANDARD_TYPES.has(type)).sort();
  const pairs = own.map((type) => {
    const role = STANDS_FOR[type];
    if (role === undefined) throw new Error(`PDF/A knows no structure type ${type}`);
    return `/${type} /${role}`;
  });
  return pairs.length === 0 ? '' : `/RoleMap <<${pairs.join(' ')}>>`;
}

/** A dictionary with one more entry, or with several. */
export function withEntry(dictionary: string, entry: string): string {
  if (!dictionary.endsWith('>>')) throw new Error('not a dictionary');
  return entry === '' ? dictionary : `${dictionary.slice(0, -2)}\n${entry}>>`;
}
