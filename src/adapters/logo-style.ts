// What style sheets, style attributes and presentation attributes say of an element of a drawing.
// Enough of CSS for what drawing programs write (classes, ids, tags); a selector beyond that is
// taken to match by its last part, so that nothing which might apply goes unseen.

export type SvgElement = {
  /** Lower case, without a namespace prefix, like the names of its attributes. */
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly parent: SvgElement | null;
};

/** A property in lower case and its value. */
export type Said = readonly [property: string, value: string];
export type StyleRule = { readonly selectors: readonly string[]; readonly says: readonly Said[] };

/** The rules of a style sheet, those within `@media` included. */
export function styleRules(sheet: string): StyleRule[] {
  const plain = sheet.replace(/\/\*.*?\*\//gs, ' ');
  return [...plain.matchAll(/([^{}]+)\{([^{}]*)\}/g)].map(([, selectors = '', block = '']) => ({
    selectors: selectors.split(','),
    says: declarations(block),
  }));
}

/** All that is said of the element itself, the weakest first: attributes, rules, its own style. */
export function saidOf(element: SvgElement, rules: readonly StyleRule[]): Said[] {
  const ofRules = rules.filter(({ selectors }) => selectors.some((it) => matches(element, it)));
  return [
    ...element.attributes,
    ...ofRules.flatMap(({ says }) => says),
    ...declarations(element.attributes.get('style') ?? ''),
  ];
}

function declarations(block: string): Said[] {
  return block.split(';').flatMap((declaration) => {
    const colon = declaration.indexOf(':');
    if (colon === -1) return [];
    const property = declaration.slice(0, colon).trim().toLowerCase();
    return [[property, declaration.slice(colon + 1).trim()] as const];
  });
}

function matches({ name, attributes }: SvgElement, selector: string): boolean {
  const last =
    selector
      .trim()
      .split(/[\s>+~]+/)
      .at(-1) ?? '';
  const classes = (attributes.get('class') ?? '').split(/\s+/);
  return (last.replace(/\[.*|:.*/s, '').match(/[.#]?[^.#]+/g) ?? []).every((part) => {
    if (part === '*') return true;
    if (part.startsWith('.')) return classes.includes(part.slice(1));
    if (part.startsWith('#')) return attributes.get('id') === part.slice(1);
    return part.toLowerCase() === name;
  });
}
