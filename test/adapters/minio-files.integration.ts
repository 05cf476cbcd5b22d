// The bucket store on a MinIO that `npm run test:containers` started. What s3rver leaves out and our
// own strict server only imitates is claimed here on the real thing: who has no valid link gets
// nothing, and of two who write one key, one is refused.

import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type S3Files, s3Files } from '#adapters/files/s3-files.ts';
import { parseS3Url, type S3Address } from '#adapters/files/s3-url.ts';
import { fileStoreContract } from '#test/contracts/file-store.ts';

const {
  TEST_S3_ORIGIN: origin,
  TEST_S3_USER: accessKeyId = '',
  TEST_S3_PASSWORD: secretAccessKey = '',
} = process.env;
const credentials = { accessKeyId, secretAccessKey };
const PDF = Buffer.from('%PDF-1.7 an invoice');
const DAY_MS = 86_400_000;

function storeAt(now: () => Date): S3Files {
  const address = parseS3Url(`s3://invoices/kept/here?endpoint=${origin}`) as S3Address;
  return s3Files({ address, clock: { now }, notes: { note: () => {} }, credentials });
}

describe.skipIf(origin === undefined)('MinIO in a container (npm run test:containers)', () => {
  const [files, yesterday] = [
    storeAt(() => new Date()),
    storeAt(() => new Date(Date.now() - DAY_MS - 60_000)),
  ];

  beforeAll(async () => {
    const client = new S3Client({
      endpoint: origin ?? '',
      region: 'us-east-1',
      forcePathStyle: true,
      credentials,
    });
    await client.send(new CreateBucketCommand({ Bucket: 'invoices' }));
    client.destroy();
  });
  afterAll(async () => {
    await files.close();
    await yesterday.close();
  });

  fileStoreContract(() => files);

  test('a link opens for 24 hours, as a PDF under its name; bent or without its signature, never', async () => {
    await files.put('link.pdf', PDF, 'application/pdf');
    const link = await files.signedUrl('link.pdf', new Date(Date.now() + DAY_MS));
    const answer = await fetch(link);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/pdf');
    expect(answer.headers.get('content-disposition')).toBe('inline; filename="link.pdf"');
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(PDF);

    const dead = await yesterday.signedUrl('link.pdf', new Date(Date.now() - 60_000));
    const [bare = ''] = link.split('?');
    for (const url of [dead, bare, link.replace('Expires=864', 'Expires=964')]) {
      expect((await fetch(url)).status, url).toBe(403);
    }
  });
});
