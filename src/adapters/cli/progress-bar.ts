// A bar that grows while a long command works: on a terminal only. A file or a pipe gets the answer
// and nothing else.

import type { Cli } from './cli.ts';

const CELLS = 30;

export type ProgressBar = {
  /** `share` from 0 to 1; the count stands behind the bar. */
  show(share: number, count: number): void;
  end(): void;
};

/** `what` is counted: « documents ». */
export function progressBar(cli: Cli, what: string): ProgressBar {
  const isShown = process.stderr.isTTY === true && !cli.isJson;
  return {
    show(share, count) {
      if (!isShown) return;
      const cells = Math.round(Math.min(1, Math.max(0, share)) * CELLS);
      process.stderr.write(`\r${'█'.repeat(cells)}${'░'.repeat(CELLS - cells)} ${count} ${what}`);
    },
    end() {
      if (isShown) process.stderr.write('\r\u001b[K');
    },
  };
}
