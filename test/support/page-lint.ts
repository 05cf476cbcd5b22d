// What is wrong with a page as a text: its markup held against HTML itself, and its words against what
// French wants of spaces and apostrophes and against what no page may say. Foreign texts (code, answers,
// names between <bdi>) are not ours to correct.

import { HtmlValidate } from 'html-validate';

const validator = new HtmlValidate({
  root: true,
  extends: ['html-validate:recommended', 'html-validate:a11y'],
  rules: {
    'no-inline-style': 'error',
    'no-dup-id': 'error',
    'unique-landmark': 'error',
    // Tastes of how the same page is written.
    'doctype-style': 'off',
    'no-implicit-button-type': 'off',
    'no-implicit-input-type': 'off',
    'prefer-native-element': 'off',
    // The search is one field, which every browser sends on Enter.
    'wcag/h32': 'off',
    'no-trailing-whitespace': 'off',
    'long-title': 'off',
  },
});

const SPRITE = /<svg class="sprite"[\s\S]*?<\/svg>/;
const seenSprites = new Set<string>();

/** `rule: what, at what`; empty when nothing is. The icons, the same on each page, are looked at once. */
export async function markupFaults(page: string): Promise<string[]> {
  const html = page.replace(SPRITE, (sprite) => {
    if (seenSprites.has(sprite)) return '';
    seenSprites.add(sprite);
    return sprite;
  });
  const { results } = await validator.validateString(html);
  const found = results.flatMap(({ messages }) =>
    messages.map((it) => `${it.ruleId}: ${it.message} at ${it.selector} (${it.line})`),
  );
  const tags = [...html.matchAll(/<[a-z][^>]*>/gi)].map(([tag]) => tag);
  const handlers = tags.filter((tag) => /\son\w+\s*=/i.test(tag.replace(/"[^"]*"/g, '""')));
  const count = (name: string) => tags.filter((tag) => tag.startsWith(`<${name}`)).length;
  return [
    ...found,
    ...handlers.map((tag) => `handler: ${tag}`),
    ...(count('main') === 1 ? [] : [`landmark: ${count('main')} <main>`]),
    ...(count('h1') === 1 ? [] : [`heading: ${count('h1')} <h1>`]),
    ...(/<html lang="fr"/.test(html) ? [] : ['language: not French']),
  ];
}

const INLINE =
  /<\/?(?:a|abbr|b|bdi|em|i|label|small|span|strong|time|svg|use|button)(?=[\s>/])[^>]*>/g;
/** What others wrote, or machines read. */
const FOREIGN = /<(pre|code|kbd|script|style|bdi|textarea)(?=[\s>])[^>]*>[\s\S]*?<\/\1>/g;
const ENTITIES: Readonly<Record<string, string>> = {
  ...{ amp: '&', lt: '<', gt: '>', quot: '"', nbsp: '\u00A0' },
};

function decoded(text: string): string {
  return text.replace(/&(#x?[\da-f]+|\w+);/gi, (all, name: string) => {
    if (!name.startsWith('#')) return ENTITIES[name] ?? all;
    const isHex = /^#x/i.test(name);
    return String.fromCodePoint(Number.parseInt(name.slice(isHex ? 2 : 1), isHex ? 16 : 10));
  });
}

/** Each run of words that a person reads or hears, white space as it is shown. */
function textsOf(html: string): string[] {
  const body = html.replace(FOREIGN, '□');
  const heard = [...body.matchAll(/\s(?:aria-label|title|alt|placeholder)="([^"]*)"/g)];
  const read = body.replace(INLINE, '').split(/<[^>]*>/);
  return [...read, ...heard.map(([, words = '']) => words)]
    .map((text) =>
      decoded(text)
        .replace(/[ \t\r\n]+/g, ' ')
        .trim(),
    )
    .filter((text) => text !== '');
}

const WRONG: Readonly<Record<string, RegExp>> = {
  'ASCII apostrophe': /\p{L}'\p{L}/u,
  'a space that may break': / [;:!?%€»]|« /,
  'no space': /\p{L}[;!?»](?!\S*=)|«\p{L}/u,
  'a value that is none': /\b(?:undefined|NaN|Invalid Date|null)\b|\[object /,
  'an English state':
    /\b(?:queued|sending|completed|failed|exhausted|quarantined|recorded|dismissed|waiting|running|paused|cancelled|done|printed|printing|accepted|refused|timeout|interrupted|pending|unknown|deferred|bounced|reader|operator|true|false)\b/,
};

/** `what: the words`; addresses, ids and types of events are passed over. */
export function wordFaults(html: string): string[] {
  return textsOf(html).flatMap((text) => {
    const words = text.replace(/\S*(?:[/@_]|\w\.\w|&\w+=)\S*/g, '□');
    return Object.entries(WRONG)
      .filter(([, wrong]) => wrong.test(words))
      .map(([what]) => `${what}: ${text.slice(0, 160)}`);
  });
}
