// The sandbox's own files: style, script, icon, and the face of the invoice.

import { type FileEntry, servedFiles } from '#adapters/pages/served-files.ts';

const OURS = new URL('./assets/', import.meta.url);
const INTER = new URL('./files/', import.meta.resolve('@fontsource-variable/inter/wght.css'));

const ENTRIES: readonly FileEntry[] = [
  ['sandbox.css', 'text/css; charset=utf-8', OURS],
  ['sandbox.js', 'text/javascript; charset=utf-8', OURS],
  ['icon.svg', 'image/svg+xml', OURS],
  ['inter-latin-wght-normal.woff2', 'font/woff2', INTER],
  ['inter-latin-ext-wght-normal.woff2', 'font/woff2', INTER],
];

const files = servedFiles('/sandbox/assets/', ENTRIES);

export const assetUrl = files.url;

/** GET of `/sandbox/assets/:name`, or of one fixed name wherever it is mounted. */
export const staticAsset = files.serve;
