// docs/stripe-fields.md against the code: no path on the page that we do not read, no field read that
// the page leaves out, no function named that is not there.

import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { shapeFields } from '../support/shape-fields.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const page = readFileSync(`${ROOT}/docs/stripe-fields.md`, 'utf8');
const quoted = [...page.matchAll(/`([^`\n]+)`/g)].map(([, text = '']) => text);
const fields = shapeFields();

// The payload's own `invoice.…` names are no paths of Stripe's.
const OURS = ['invoice.pdf_url', 'invoice.number'];
const paths = new Set(
  quoted.filter((text) => /^(session|item|invoice|line)\./.test(text) && !OURS.includes(text)),
);

test('every path on the page is a field that we read', () => {
  const known = new Set(fields.map(({ path }) => path));
  expect(paths.size).toBeGreaterThan(90);
  expect([...paths].filter((path) => !known.has(path))).toEqual([]);
});

test('every field that we read is on the page, itself or what it belongs to', () => {
  const isNamed = (path: string) =>
    [...paths].some((named) => named === path || named.startsWith(`${path}.`));
  const first = fields.filter(({ path }) => path.split('.').length === 2);
  expect(first.map(({ path }) => path).filter((path) => !isNamed(path))).toEqual([]);
});

test('every function on the page is in the file that it names', () => {
  const named = [...new Set(quoted.filter((text) => /^[a-z-]+\.ts#\w+$/.test(text)))];
  expect(named.length).toBeGreaterThan(20);
  const lost = named.filter((text) => {
    const [file = '', name = ''] = text.split('#');
    const path = `${ROOT}/src/adapters/stripe/${file}`;
    return !existsSync(path) || !new RegExp(`function ${name}\\b`).test(readFileSync(path, 'utf8'));
  });
  expect(lost).toEqual([]);
});
