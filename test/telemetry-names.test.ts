// One set of names in three places: the instruments, the page that explains them, the dashboard that
// draws them.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const code = read('src/adapters/telemetry/otel-measures.ts');
const page = read('docs/telemetry.md');
const dashboard = JSON.parse(read('docs/grafana/comptappart.json')) as {
  readonly panels: readonly { readonly type: string; readonly targets?: { expr: string }[] }[];
};

/** As Prometheus calls them: dots become underscores, units and kinds are appended. */
const INSTRUMENT =
  /(?:seconds|create(?:Histogram|Counter|ObservableGauge))\(\s*'(comptappart[\w.]+)'/g;
const metrics = [...code.matchAll(INSTRUMENT)].map(([, name = '']) => name);

test('each metric is explained in the table, and the table explains no other', () => {
  expect(metrics.length).toBeGreaterThan(10);
  const table = /## Metrics[\s\S]*?\n## /.exec(page)?.[0] ?? '';
  const rows = [...table.matchAll(/^\| `(comptappart[\w.]+)`/gm)].map(([, name = '']) => name);
  expect(rows.toSorted()).toEqual(metrics.toSorted());
});

test('each metric is drawn, and no panel asks for what is not there', () => {
  const asked = dashboard.panels.flatMap(({ targets = [] }) =>
    targets.flatMap(({ expr }) => [...expr.matchAll(/\b(comptappart_\w+)\{/g)].map(([, it]) => it)),
  );
  const known = metrics.map((name) => name.replaceAll('.', '_'));
  const plain = asked.map((name = '') =>
    name.replace(/_(?:bucket|count|total)$/, '').replace(/_seconds$/, ''),
  );
  expect([...new Set(plain)].toSorted()).toEqual(known.toSorted());
  for (const { type, targets = [] } of dashboard.panels) {
    if (type !== 'row') expect(targets.length).toBeGreaterThan(0);
  }
});

test('each attribute of ours is explained', () => {
  const names = [code, read('src/adapters/telemetry/otel-trace.ts')].flatMap((source) =>
    [...source.matchAll(/'(comptappart\.[\w.]+)'/g)].map(([, name = '']) => name),
  );
  for (const name of new Set(names)) {
    const isSaid = page.includes(`\`${name}\``);
    expect(isSaid, name).toBe(true);
  }
});
