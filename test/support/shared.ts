// Where the project's shared material lies, on machines that have it. Tests over it say loudly when
// it is absent: a check that was not made must not look like one that passed.

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'vitest';

const SHARED = new URL('../../../shared/', import.meta.url);

/** The path of a shared file or folder, or null where it is absent. */
export function sharedPath(name: string): string | null {
  const path = fileURLToPath(new URL(name, SHARED));
  return existsSync(path) ? path : null;
}

/** A test over shared material: skipped, with a warning, where the material is absent. */
export function sharedTest(
  name: string,
  file: string,
  run: (path: string) => void | Promise<void>,
) {
  const path = sharedPath(file);
  if (path === null) {
    console.warn(`NOT CHECKED: « ${name} » needs ../shared/${file}, which is not here.`);
    test.skip(`${name} (../shared/${file} is absent)`, () => {});
    return;
  }
  test(name, () => run(path));
}
