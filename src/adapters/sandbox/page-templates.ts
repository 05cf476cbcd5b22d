// The templates of the sandbox's pages, compiled once. Handlebars escapes all that is put in; no
// template holds a triple brace, an inline style or a script. Every page stands in `layout.hbs`.

import { readFileSync } from 'node:fs';
import Handlebars from 'handlebars';
import { assetUrl } from './static-assets.ts';

export type PageFrame = {
  /** Before « – ComptAppart » in the window's title. */
  readonly title: string;
  /** Which entry of the navigation is the page's own. */
  readonly place: 'home' | 'mailbox' | 'partner' | null;
  /** Reloads each second where there is no script to do better. */
  readonly refresh: boolean;
};

const handlebars = Handlebars.create();
handlebars.registerHelper('asset', assetUrl);
handlebars.registerHelper('is', (a: unknown, b: unknown) => a === b);
for (const name of ['layout', 'icons', 'icon', 'journey', 'latest', 'product']) {
  handlebars.registerPartial(name, source(`${name}.hbs`));
}

/** A whole page from `views/<name>.hbs`. Throws when the view lacks what the template names. */
export function pageTemplate<View>(name: string): (view: View & PageFrame) => string {
  return compiled(name);
}

/** A part of a page, without the layout. */
export function partTemplate<View>(name: string): (view: View) => string {
  return compiled(name);
}

function compiled<View>(name: string): (view: View) => string {
  return handlebars.compile<View>(source(`${name}.hbs`), { strict: true });
}

function source(file: string): string {
  return readFileSync(new URL(`./views/${file}`, import.meta.url), 'utf8');
}
