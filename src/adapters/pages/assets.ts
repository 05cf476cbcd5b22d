// What the pages of the dashboard and the portal are made with. Inter is the face of the invoice, too;
// idiomorph puts the parts that changed in place.

import { type FileEntry, servedFiles } from './served-files.ts';

const OURS = new URL('./assets/', import.meta.url);
const INTER = new URL('./files/', import.meta.resolve('@fontsource-variable/inter/wght.css'));
const IDIOMORPH = new URL('./', import.meta.resolve('idiomorph/dist/idiomorph.min.js'));

const SCRIPT = 'text/javascript; charset=utf-8';

const ENTRIES: readonly FileEntry[] = [
  ['app.css', 'text/css; charset=utf-8', OURS],
  ['app.js', SCRIPT, OURS],
  ['icon.svg', 'image/svg+xml', OURS],
  ['icon-test.svg', 'image/svg+xml', OURS],
  ['idiomorph.min.js', SCRIPT, IDIOMORPH],
  ['inter-latin-wght-normal.woff2', 'font/woff2', INTER],
  ['inter-latin-ext-wght-normal.woff2', 'font/woff2', INTER],
];

const files = servedFiles('/assets/', ENTRIES);

export const assetUrl = files.url;

/** Answers GET of `/assets/:name`. */
export const serveAsset = files.serve();
