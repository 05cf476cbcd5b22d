// Hashes that were looked at once and must not change unnoticed. They hold for one Chromium on one
// kind of machine, whose name is their key in the file; on another there is nothing to compare.
// `UPDATE_GOLDEN=1 npm test` writes down what it finds instead of comparing.

import { readFileSync, writeFileSync } from 'node:fs';

type Hashes = Readonly<Record<string, string>>;
type Recorded = {
  /** What the bytes come from: the program's version and a digest of its input. */
  readonly madeFrom: string;
  readonly hashes: Hashes;
};

/** What was recorded, to be compared with what was found; `how` says what to do when it differs. */
export type Golden =
  | { readonly kind: 'recorded'; readonly hashes: Hashes; readonly how: string }
  | { readonly kind: 'not-reproducible'; readonly why: string }
  | { readonly kind: 'other-machine'; readonly why: string };

/** Looks up `test/golden/<file>`, or rewrites it for this machine when UPDATE_GOLDEN is set. */
export function goldenHashes(
  file: string,
  found: Recorded & { readonly chromiumVersion: string },
): Golden {
  const { madeFrom, hashes, chromiumVersion } = found;
  const { platform, arch, versions } = process;
  const machine = `Chromium ${chromiumVersion}, ${platform} ${arch}, zlib ${versions.zlib}`;
  const url = new URL(`../golden/${file}`, import.meta.url);
  if (process.env.UPDATE_GOLDEN) {
    const table = { ...tableIn(url), [machine]: { madeFrom, hashes } };
    writeFileSync(url, `${JSON.stringify(table, null, 2)}\n`);
  }
  const recorded = tableIn(url)[machine];
  const how =
    'Look at the documents; when they are as they should be: ' +
    'UPDATE_GOLDEN=1 npx vitest run test/adapters/pdf-a3.integration.ts';
  if (recorded === undefined) return { kind: 'other-machine', why: `none for ${machine}. ${how}` };
  const same = JSON.stringify(recorded.hashes) === JSON.stringify(hashes);
  if (!same && recorded.madeFrom === madeFrom) {
    const why =
      `the same documents and the same version (${madeFrom}) have given other bytes before: a ` +
      'print is not deterministic, or something that shapes it is missing in print-version.ts';
    return { kind: 'not-reproducible', why };
  }
  return { kind: 'recorded', hashes: recorded.hashes, how };
}

function tableIn(url: URL): Record<string, Recorded> {
  return JSON.parse(readFileSync(url, 'utf8'));
}
