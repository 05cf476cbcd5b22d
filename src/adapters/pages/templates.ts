// Handlebars for pages. It escapes all that is put in; no template holds a triple brace, an inline style
// or a script. A template that names what its view lacks throws, in tests rather than in silence.
// Parts that several pages share are in `views/`; each family of pages has a folder of its own.

import { readdirSync, readFileSync } from 'node:fs';
import Handlebars from 'handlebars';
import { assetUrl } from './assets.ts';

export type Template = (view: object) => string;

const SHARED = new URL('./views/', import.meta.url);

/**
 * The templates of a folder by name, compiled at first use; all of them and the shared ones are
 * partials, too. Helpers: `asset`, `is`. Throws on a name that is none.
 */
export function templatesIn(folder: URL): (name: string) => Template {
  const handlebars = Handlebars.create();
  handlebars.registerHelper('asset', assetUrl);
  handlebars.registerHelper('is', (a: unknown, b: unknown) => a === b);
  for (const from of [SHARED, folder]) {
    for (const name of namesIn(from)) handlebars.registerPartial(name, source(from, name));
  }
  const compiled = new Map<string, Template>();
  return (name) => {
    let found = compiled.get(name);
    if (!found) {
      found = handlebars.compile<object>(source(folder, name), { strict: true });
      compiled.set(name, found);
    }
    return found;
  };
}

function namesIn(folder: URL): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.hbs'))
    .map((file) => file.slice(0, -'.hbs'.length));
}

function source(folder: URL, name: string): string {
  return readFileSync(new URL(`${name}.hbs`, folder), 'utf8');
}
