// The bucket store, against a server that others wrote and against a strict one of ours: written
// once, whole or not at all, private, handed out by links that die, and clear about what is
// missing.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { AwsKeys } from '#adapters/aws-address.ts';
import { type S3Files, s3Files } from '#adapters/files/s3-files.ts';
import { parseS3Url, type S3Address } from '#adapters/files/s3-url.ts';
import { fileStoreContract } from '#test/contracts/file-store.ts';
import { refusalOf } from '#test/support/aws-signature.ts';
import { testClock } from '#test/support/books.ts';
import { freePort } from '#test/support/mail-servers.ts';
import {
  BUCKET,
  fail,
  npmS3,
  S3RVER_KEYS,
  STRICT_KEYS,
  type StrictOptions,
  strictS3,
} from '#test/support/s3-servers.ts';

const KEY = 'partner_invoices/invoice_1_20261122_133218.pdf';
const PDF = Buffer.from('%PDF-1.7 an invoice');
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

type Given = {
  /** After `?region=…&endpoint=…`. */
  readonly query?: string;
  readonly bucket?: string;
  readonly credentials?: AwsKeys | (() => Promise<AwsKeys>);
  /** False: spoken to as Amazon's own, without a look before and without reading back. */
  readonly isForeign?: boolean;
  readonly operationMs?: number;
  readonly clock?: { now(): Date };
};

function storeAt(origin: string, given: Given = {}) {
  const { bucket = BUCKET, query = '', isForeign = true, clock = testClock() } = given;
  const url = `s3://${bucket}/kept/here?region=eu-west-3&endpoint=${origin}${query}`;
  const noted: string[] = [];
  const files = s3Files({
    address: { ...(parseS3Url(url) as S3Address), isForeign },
    clock,
    notes: { note: (message, ids) => void noted.push(`${message} ${JSON.stringify(ids)}`) },
    credentials: given.credentials ?? STRICT_KEYS,
    timeouts: { operationMs: given.operationMs ?? 5_000 },
  });
  return { files, noted };
}

function ourStoreAt(origin: string, given: Given = {}) {
  const store = storeAt(origin, given);
  onTestFinished(() => store.files.close());
  return store;
}

async function strict(options: StrictOptions = {}) {
  const server = await strictS3(options);
  onTestFinished(() => server.close());
  return server;
}

describe.each([
  ['s3rver', npmS3, { credentials: S3RVER_KEYS }],
  ['a foreign server that checks every signature', strictS3, {}],
  ['Amazon’s own manner, on that same server', strictS3, { isForeign: false }],
])('%s keeps the port’s promises', (_name, start, given: Given) => {
  let server: { readonly origin: string; close(): Promise<void> };
  let files: S3Files;
  beforeAll(async () => {
    server = await start();
    files = storeAt(server.origin, given).files;
  });
  afterAll(async () => {
    await files.close();
    await server.close();
  });
  fileStoreContract(() => files);

  test('a large file of any bytes comes back whole', async () => {
    const bytes = Buffer.alloc(700_001).map((_, i) => (i * 31 + (i >> 8)) % 256);
    expect(await files.put('large.pdf', bytes, 'application/pdf')).toBe('stored');
    expect(Buffer.from(await files.get('large.pdf')).equals(bytes)).toBe(true);
  });

  test('keys that could leave the prefix are refused before anything is sent', async () => {
    for (const key of ['../x', '/etc/x', 'a/../b', 'a//b', '.hidden', 'a b', 'a?b', 'a%2fb', '']) {
      await expect(files.put(key, PDF, 'application/pdf'), key).rejects.toThrow('not a file key');
      await expect(files.get(key), key).rejects.toThrow('not a file key');
      await expect(files.signedUrl(key, new Date()), key).rejects.toThrow('not a file key');
    }
  });

  test('a link opens in any reader, as a PDF under its name, for 24 hours', async () => {
    const at = (ago: number) => ({ now: () => new Date(Date.now() - ago) });
    const { files: today } = ourStoreAt(server.origin, { ...given, clock: at(0) });
    await today.put(KEY, PDF, 'application/pdf');
    const link = await today.signedUrl(KEY, new Date(Date.now() + DAY_MS));
    const answer = await fetch(link);
    expect(answer.status).toBe(200);
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(PDF);
    expect(answer.headers.get('content-type')).toBe('application/pdf');
    expect(answer.headers.get('content-disposition')).toBe(
      'inline; filename="invoice_1_20261122_133218.pdf"',
    );
    for (const [ago, status] of [
      [DAY_MS - 60_000, 200],
      [DAY_MS + 1_000, 403],
    ] as const) {
      const { files: then } = ourStoreAt(server.origin, { ...given, clock: at(ago) });
      const dayOld = await then.signedUrl(KEY, new Date(Date.now() - ago + DAY_MS));
      expect((await fetch(dayOld)).status).toBe(status);
    }
  });
});

describe('a link', () => {
  const LINK =
    'https://invoices.s3.eu-west-3.amazonaws.com/kept/here/partner_invoices/invoice_1_20261122_133218.pdf' +
    '?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Content-Sha256=UNSIGNED-PAYLOAD' +
    '&X-Amz-Credential=AKIATEST%2F20261122%2Feu-west-3%2Fs3%2Faws4_request&X-Amz-Date=20261122T133220Z' +
    '&X-Amz-Expires=86400&X-Amz-Signature=9c02ab0089f733314c6ea6ab0c26dc11d61c273f6ad62002a91482747af7149a' +
    '&X-Amz-SignedHeaders=host&x-id=GetObject';

  function amazon(credentials: Given['credentials'] = STRICT_KEYS) {
    const address = parseS3Url(`s3://${BUCKET}/kept/here?region=eu-west-3`) as S3Address;
    const noted: string[] = [];
    const notes = { note: (text: string, ids: object) => noted.push(text + JSON.stringify(ids)) };
    const clock = testClock();
    const files = s3Files({ address, clock, notes, ...(credentials && { credentials }) });
    onTestFinished(() => files.close());
    return { files, noted, in24h: new Date(clock.now().getTime() + DAY_MS) };
  }

  function verdict(link: string, now: string): string | null {
    const { host, pathname, search } = new URL(link);
    const request = { method: 'GET', url: pathname + search, headers: { host } };
    return refusalOf({ ...request, body: Buffer.alloc(0) }, STRICT_KEYS, new Date(now));
  }

  test('is the same for the same instant and keys, and Amazon would accept it', async () => {
    const { files, in24h, noted } = amazon();
    const link = await files.signedUrl(KEY, in24h);
    expect(link).toBe(LINK);
    expect(verdict(link, '2026-11-23T13:32:19Z')).toBeNull();
    expect(verdict(link, '2026-11-23T13:32:20Z')).toBe('AccessDenied');
    expect(noted).toEqual([]);
  });

  test('stretched, bent to another file or signed by others, it is worth nothing', async () => {
    const { files, in24h } = amazon();
    const link = await files.signedUrl(KEY, in24h);
    for (const [part, other] of [
      ['Expires=86400', 'Expires=604800'],
      ['invoice_1_', 'invoice_2_'],
      ['20261122T133220Z', '20261122T143220Z'],
      ['x-id=GetObject', 'x-id=GetObject&response-content-type=text%2Fhtml'],
    ] as const) {
      expect(link).toContain(part);
      expect(verdict(link.replace(part, other), '2026-11-22T15:00:00Z')).toBe(
        'SignatureDoesNotMatch',
      );
    }
  });

  test('our reading of the signature is Amazon’s: its published example', () => {
    const example = {
      method: 'GET',
      url:
        '/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256' +
        '&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request' +
        '&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host' +
        '&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
      headers: { host: 'examplebucket.s3.amazonaws.com' },
      body: Buffer.alloc(0),
    };
    const keys = {
      accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
      secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
    };
    expect(refusalOf(example, keys, new Date('2013-05-24T01:00:00Z'))).toBeNull();
  });

  test('signed with a role’s keys that end before it: said once, and still signed', async () => {
    const expiration = new Date('2026-11-22T19:32:20Z');
    const lent = async () => ({ ...STRICT_KEYS, sessionToken: 'lent', expiration });
    const { files, in24h, noted } = amazon(lent);
    expect(await files.signedUrl(KEY, in24h)).toContain('X-Amz-Security-Token=lent');
    await files.signedUrl(KEY, in24h);
    expect(noted).toHaveLength(1);
    expect(noted[0]).toContain('lent by a role');
    expect(noted[0]).toContain('"hours":6');
  });

  test('with a role’s keys that outlive it, nothing is said', async () => {
    const expiration = new Date('2026-11-24T00:00:00Z');
    const { files, in24h, noted } = amazon(async () => ({ ...STRICT_KEYS, expiration }));
    await files.signedUrl(KEY, in24h);
    expect(noted).toEqual([]);
  });

  test('lives seven days at most, as S3 demands, and that is said', async () => {
    const { files, noted } = amazon();
    const link = await files.signedUrl(KEY, new Date('2100-01-01T00:00:00Z'));
    expect(link).toContain('X-Amz-Expires=604800&');
    expect(noted[0]).toContain('seven days');
    await expect(files.signedUrl(KEY, new Date('2026-11-22T13:32:20Z'))).rejects.toThrow('dead');
  });

  test('names the address by which others reach the store, when that is another', async () => {
    const query = '&link-endpoint=https://files.example';
    const { files } = ourStoreAt('http://minio.internal:9000', { query });
    const link = new URL(await files.signedUrl(KEY, new Date('2026-11-23T00:00:00Z')));
    expect(link.origin + link.pathname).toBe(`https://files.example/${BUCKET}/kept/here/${KEY}`);
  });
});

describe('a file', () => {
  test('is stored with its digest, private, and only where there is none', async () => {
    const server = await strict();
    const { files } = ourStoreAt(server.origin, { isForeign: false });
    await files.put(KEY, PDF, 'application/pdf');
    expect(server.requests).toEqual([`PUT kept/here/${KEY}`]);
    const { headers } = server.held.get(`kept/here/${KEY}`) ?? never();
    expect(headers).toMatchObject({
      'if-none-match': '*',
      'content-type': 'application/pdf',
      'cache-control': 'private, no-store',
      'x-amz-checksum-sha256': createHash('sha256').update(PDF).digest('base64'),
    });
    expect(Object.keys(headers).filter((name) => /acl|grant|object-lock/.test(name))).toEqual([]);
  });

  test('is locked until the end of the year that is ten years after its own', async () => {
    const server = await strict();
    await ourStoreAt(server.origin, { query: '&object-lock=compliance' }).files.put(
      KEY,
      PDF,
      'application/pdf',
    );
    expect(server.held.get(`kept/here/${KEY}`)?.headers).toMatchObject({
      'x-amz-object-lock-mode': 'COMPLIANCE',
      'x-amz-object-lock-retain-until-date': '2037-01-01T00:00:00Z',
    });
  });

  test('that a foreign server damaged is told, taken away, and stored by the next try', async () => {
    let lies = true;
    const server = await strict({
      keep: (bytes) => (lies ? Buffer.concat([bytes, Buffer.from('\r\n0\r\n')]) : bytes),
    });
    const { files } = ourStoreAt(server.origin);
    await expect(files.put(KEY, PDF, 'application/pdf')).rejects.toThrow('are not those');
    expect(server.held.size).toBe(0);
    lies = false;
    expect(await files.put(KEY, PDF, 'application/pdf')).toBe('stored');
  });

  test('that was damaged later is not handed out', async () => {
    const server = await strict();
    const { files } = ourStoreAt(server.origin);
    await files.put(KEY, PDF, 'application/pdf');
    (server.held.get(`kept/here/${KEY}`) ?? never()).bytes = Buffer.from('%PDF-1.7 an Invoice');
    await expect(files.get(KEY)).rejects.toMatchObject({ kind: 'damaged' });
  });

  test('that another process wrote between our look and ours is theirs', async () => {
    const server = await strict({
      instead(request, response, key) {
        if (request.method !== 'HEAD') return false;
        server.held.set(key, { bytes: Buffer.from('theirs'), headers: {} });
        response.writeHead(404).end();
        return true;
      },
    });
    expect(await ourStoreAt(server.origin).files.put(KEY, PDF, 'application/pdf')).toBe('exists');
    expect(server.held.get(`kept/here/${KEY}`)?.bytes.toString()).toBe('theirs');
  });

  test('is stored all the same where nobody knows If-None-Match', async () => {
    const server = await strict({
      instead({ headers }, response) {
        if (!headers['if-none-match']) return false;
        fail(response, 501, 'NotImplemented');
        return true;
      },
    });
    const { files } = ourStoreAt(server.origin);
    expect(await files.put(KEY, PDF, 'application/pdf')).toBe('stored');
    expect(await files.put(KEY, Buffer.from('second'), 'application/pdf')).toBe('exists');
    expect(await files.get(KEY)).toEqual(new Uint8Array(PDF));
  });

  test('is tried again when S3 says that somebody writes it right now', async () => {
    let conflicts = 2;
    const server = await strict({
      instead({ method }, response) {
        if (method !== 'PUT' || conflicts === 0) return false;
        conflicts -= 1;
        fail(response, 409, 'ConditionalRequestConflict');
        return true;
      },
    });
    const { files } = ourStoreAt(server.origin, { isForeign: false });
    expect(await files.put(KEY, PDF, 'application/pdf')).toBe('stored');
  });

  test('whose answer was lost is found stored by the next try', async () => {
    let lost = false;
    const server = await strict({
      instead({ method, socket, headers }, _response, key) {
        if (method !== 'PUT' || lost) return false;
        lost = true;
        server.held.set(key, { bytes: PDF, headers });
        socket.destroy();
        return true;
      },
    });
    const { files } = ourStoreAt(server.origin, { isForeign: false });
    expect(await files.put(KEY, PDF, 'application/pdf')).toBe('exists');
    expect(await files.get(KEY)).toEqual(new Uint8Array(PDF));
  });
});

describe('what is missing is named', () => {
  test.each([
    [404, 'NoSuchBucket', '', 'no-bucket', 'there is no bucket invoices'],
    [403, 'AccessDenied', '', 'denied', 's3:PutObject on arn:aws:s3:::invoices/kept/here/*'],
    [403, 'InvalidAccessKeyId', '', 'bad-keys', 'does not know these keys'],
    [400, 'ExpiredToken', '', 'expired-keys', 'the keys have expired'],
    [403, 'RequestTimeTooSkewed', '', 'clock', 'clock'],
    [400, 'BadDigest', '', 'damaged', 'damaged on their way'],
    [
      400,
      'AuthorizationHeaderMalformed',
      '<Region>us-west-2</Region>',
      'other-region',
      'another region than eu-west-3: us-west-2',
    ],
    [418, 'Teapot', '', 'other', 'Teapot 418'],
  ])('%i %s', async (status, code, more, kind, sentence) => {
    const server = await strict({
      instead(_request, response) {
        fail(response, status, code, more);
        return true;
      },
    });
    const { files } = ourStoreAt(server.origin, { isForeign: false });
    const put = files.put(KEY, PDF, 'application/pdf');
    await expect(put).rejects.toMatchObject({ kind, message: expect.stringContaining(sentence) });
    await expect(put).rejects.not.toMatchObject({ message: expect.stringContaining('secret') });
  });

  test('a bucket without Object Lock', async () => {
    const server = await strict({
      instead(_request, response) {
        response.writeHead(400, { 'content-type': 'application/xml' });
        response.end(
          '<Error><Code>InvalidRequest</Code><Message>Bucket is missing Object Lock Configuration</Message></Error>',
        );
        return true;
      },
    });
    const query = '&object-lock=governance';
    const { files } = ourStoreAt(server.origin, { isForeign: false, query });
    await expect(files.put(KEY, PDF, 'application/pdf')).rejects.toMatchObject({ kind: 'no-lock' });
  });

  test('a file', async () => {
    const { files } = ourStoreAt((await strict()).origin);
    await expect(files.get(KEY)).rejects.toMatchObject({
      kind: 'no-file',
      message: `cannot read s3://invoices/kept/here/${KEY}: there is no such file`,
    });
  });

  test('a server', async () => {
    const { files } = ourStoreAt(`http://127.0.0.1:${await freePort()}`);
    await expect(files.get(KEY)).rejects.toMatchObject({ kind: 'unreachable' });
  });

  test('keys, or an end to the search for them', async () => {
    const noKeys = async () => {
      throw Object.assign(new Error('none'), { name: 'CredentialsProviderError' });
    };
    const { files } = ourStoreAt('http://127.0.0.1:1', { credentials: noKeys });
    for (const act of [files.get(KEY), files.signedUrl(KEY, new Date('2026-11-23T00:00:00Z'))]) {
      await expect(act).rejects.toMatchObject({ kind: 'no-keys' });
    }
    const lost = () => new Promise<never>(() => undefined);
    const { files: slow } = ourStoreAt('http://127.0.0.1:1', {
      credentials: lost,
      operationMs: 50,
    });
    await expect(slow.get(KEY)).rejects.toMatchObject({ kind: 'slow' });
  });

  test('an answer, or the rest of one', async () => {
    for (const says of ['nothing', 'half']) {
      const server = createServer((_request, response) => {
        if (says === 'nothing') return;
        response.writeHead(200, { 'content-length': 1000 }).write('half');
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      onTestFinished(() => {
        server.close();
        server.closeAllConnections();
      });
      const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const { files } = ourStoreAt(origin, { operationMs: 300 });
      await expect(files.get(KEY), says).rejects.toMatchObject({ kind: 'slow' });
    }
  });
});

function never(): never {
  throw new Error('nothing was stored');
}
