// The sources run as they are, which takes Node 24; npm has put one into node_modules/.bin. Started
// by an older Node from a shell, the program says so and goes on under that one. This file is the
// first to be loaded and must run on the older Node too: nothing here is newer than Node 20, and
// only Node's own modules are imported.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const NODE_MIN = 24;
const OURS = new URL('../../../node_modules/.bin/node', import.meta.url);

/** Null when this Node will do; otherwise the exit code, after another Node did the work. */
export async function runByNewerNode(argv: readonly string[]): Promise<number | null> {
  const { node } = process.versions;
  if (Number.parseInt(node, 10) >= NODE_MIN) return null;
  const path = fileURLToPath(OURS);
  const tooOld = `ComptAppart demande Node ${NODE_MIN}\u00A0; celui-ci est Node ${node}.`;
  if (!existsSync(path)) {
    console.error(`${tooOld} Lancez npm ci, qui l’installe, puis npx comptappart.`);
    return 2;
  }
  console.error(`${tooOld} Suite avec ${path}.`);
  return await handOver(path, argv);
}

// Signals go on to the child, which ends in its own time; the terminal's Ctrl-C reaches both, and
// the program takes such an echo for what it is.
function handOver(path: string, argv: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(path, argv, { stdio: 'inherit' });
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
      process.on(signal, () => child.kill(signal));
    }
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
}
