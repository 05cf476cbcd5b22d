// Servers that speak S3, on sockets of this machine: s3rver from npm, written by others, and a
// small strict one of ours that does what s3rver leaves out: it checks every signature, refuses to
// overwrite when asked, and can be told to lie. Each ends with its test or its file.

import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { refusalOf, type SecretKeys } from './aws-signature.ts';

export const BUCKET = 'invoices';
export const S3RVER_KEYS = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' };
export const STRICT_KEYS = { accessKeyId: 'AKIATEST', secretAccessKey: 'a-secret-of-the-tests' };

type S3rver = {
  run(): Promise<AddressInfo>;
  close(): Promise<void>;
};

/** s3rver with one empty bucket. */
export async function npmS3(): Promise<{ origin: string; close(): Promise<void> }> {
  const Server = createRequire(import.meta.url)('@20minutes/s3rver') as new (
    options: object,
  ) => S3rver;
  const directory = await mkdtemp(join(tmpdir(), 'comptappart-s3-'));
  const configureBuckets = [{ name: BUCKET, configs: [] }];
  const server = new Server({
    address: '127.0.0.1',
    port: 0,
    silent: true,
    directory,
    configureBuckets,
  });
  const { port } = await server.run();
  return {
    origin: `http://127.0.0.1:${port}`,
    async close() {
      await server.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export type Held = { bytes: Buffer; readonly headers: IncomingMessage['headers'] };

export type StrictS3 = {
  readonly origin: string;
  /** By key, the bucket left out. */
  readonly held: Map<string, Held>;
  /** `PUT partner_invoices/…`, in order. */
  readonly requests: string[];
  close(): Promise<void>;
};

export type StrictOptions = {
  readonly keys?: SecretKeys;
  readonly now?: () => Date;
  /** Answers in place of the server, when it does. */
  readonly instead?: (request: IncomingMessage, response: ServerResponse, key: string) => boolean;
  /** What is really kept of a file. */
  readonly keep?: (bytes: Buffer) => Buffer;
};

const STATUS: Readonly<Record<string, number>> = {
  NoSuchBucket: 404,
  NoSuchKey: 404,
  BadDigest: 400,
  PreconditionFailed: 412,
};

/** A server with one bucket that refuses what S3 would refuse. */
export async function strictS3(options: StrictOptions = {}): Promise<StrictS3> {
  const { keys = STRICT_KEYS, now = () => new Date(), keep = (bytes) => bytes } = options;
  const held = new Map<string, Held>();
  const requests: string[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { pathname } = new URL(request.url ?? '/', 'http://here');
    const [, bucket, ...path] = pathname.split('/');
    const key = path.join('/');
    requests.push(`${request.method} ${key}`);
    if (options.instead?.(request, response, key)) return;
    const { method, url, headers } = request;
    const body = Buffer.concat(chunks);
    const refusal =
      refusalOf({ method, url, headers, body }, keys, now()) ??
      (bucket === BUCKET ? carryOut(method ?? '', key, { bytes: body, headers }) : 'NoSuchBucket');
    if (refusal) {
      fail(response, STATUS[refusal] ?? 403, refusal);
    } else if (method === 'GET' || method === 'HEAD') {
      const file = held.get(key);
      response.writeHead(200, file && shownHeaders(file));
      response.end(method === 'GET' ? file?.bytes : undefined);
    } else {
      response.writeHead(200, { etag: etagOf(body) }).end();
    }
  });

  function carryOut(method: string, key: string, file: Held): string | null {
    if (method === 'DELETE') held.delete(key);
    if (method !== 'PUT')
      return method === 'DELETE' || key === '' || held.has(key) ? null : 'NoSuchKey';
    const { headers, bytes } = file;
    const { 'x-amz-checksum-sha256': sha256, 'content-md5': md5 } = headers;
    if (sha256 !== undefined && sha256 !== digest('sha256', bytes)) return 'BadDigest';
    if (md5 !== undefined && md5 !== digest('md5', bytes)) return 'BadDigest';
    if (headers['if-none-match'] === '*' && held.has(key)) return 'PreconditionFailed';
    held.set(key, { headers, bytes: keep(bytes) });
    return null;
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    held,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** An error as S3 writes it. */
export function fail(response: ServerResponse, status: number, code: string, more = ''): void {
  response.writeHead(status, { 'content-type': 'application/xml' });
  response.end(
    `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${code}</Message>${more}</Error>`,
  );
}

function shownHeaders({ bytes, headers }: Held): Record<string, string | number> {
  const kept = Object.entries(headers).filter(([name]) =>
    /^(?:content-type|content-disposition|cache-control|x-amz-meta-.*)$/.test(name),
  );
  return {
    ...Object.fromEntries(kept.map(([name, value]) => [name, String(value)])),
    'content-length': bytes.length,
    etag: etagOf(bytes),
  };
}

function etagOf(bytes: Buffer): string {
  return `"${createHash('md5').update(bytes).digest('hex')}"`;
}

function digest(kind: 'sha256' | 'md5', bytes: Buffer): string {
  return createHash(kind).update(bytes).digest('base64');
}
