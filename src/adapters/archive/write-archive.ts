// The archive of a year: every legal document as canonical text, PDF and XML, a manifest, the sha256
// of every file in the form that `sha256sum -c` reads, and a seal signed over all of it. It can be
// checked in ten years without this program, and LISEZ-MOI.txt says how.

import { createHash } from 'node:crypto';
import { isStoreAway } from '#adapters/files/store-away.ts';
import type { IssuedDocument } from '#adapters/postgres/legal-documents.ts';
import type { FileStore } from '#application/ports.ts';
import { documentOf } from '#domain/invoice.ts';
import type { Seller } from '#domain/seller.ts';
import type { ArchiveKey } from './archive-key.ts';
import type { ArchiveSink } from './archive-sink.ts';
import { type LineFile, lineFile } from './line-file.ts';
import { readmeText } from './readme-text.ts';

export type ArchiveGiven = {
  readonly year: number;
  readonly seller: Pick<Seller, 'siren' | 'name'>;
  readonly madeAt: Date;
  readonly key: ArchiveKey;
  readonly files: Pick<FileStore, 'get'>;
  /** The XML inside a PDF; null when it has none. */
  readonly xmlIn: (pdf: Uint8Array) => Promise<string | null>;
  /** In the order of the chain: by series, year and ordinal. */
  readonly documents: AsyncIterable<readonly IssuedDocument[]>;
  /** By series, what its first document of the year is chained to. */
  readonly chainStart: Readonly<Record<string, string>>;
  readonly onArchived: (documents: number) => void;
};

export type ArchiveReport = {
  readonly documents: number;
  readonly pdfs: number;
  readonly xmls: number;
  readonly test: number;
  /** Numbers without a PDF yet; at most twenty are named. */
  readonly unprinted: readonly string[];
  readonly sha256: string;
};

/** A file of the store that is not what the books say of it. */
export class UnfaithfulFile extends Error {
  readonly number: string;
  constructor(number: string, options?: ErrorOptions) {
    super(`the stored PDF of ${number} is missing or not the one on record`, options);
    this.name = 'UnfaithfulFile';
    this.number = number;
  }
}

const NAMED_MAX = 20;

/** Writes the whole archive and signs it. Throws UnfaithfulFile; the caller abandons the sink then. */
export async function writeArchive(sink: ArchiveSink, given: ArchiveGiven): Promise<ArchiveReport> {
  const [sums, manifest] = [await lineFile(), await lineFile()];
  try {
    return await writeAll(sink, given, sums, manifest);
  } finally {
    await Promise.all([sums.remove(), manifest.remove()]);
  }
}

async function writeAll(
  sink: ArchiveSink,
  given: ArchiveGiven,
  sums: LineFile,
  manifest: LineFile,
): Promise<ArchiveReport> {
  const { year, chainStart, key } = given;
  const tally = { documents: 0, pdfs: 0, xmls: 0, test: 0, unprinted: [] as string[] };
  const heads = new Map<string, IssuedDocument>();

  async function add(name: string, bytes: Uint8Array): Promise<Described> {
    const sha256 = hashOf(bytes);
    await sink.add(name, bytes);
    await sums.add(`${sha256}  ${name}`);
    return { sha256, sizeBytes: bytes.byteLength };
  }

  await add('LISEZ-MOI.txt', Buffer.from(readmeText(year, key.fingerprint)));
  await add('chain.json', Buffer.from(`${JSON.stringify({ year, start: chainStart }, null, 2)}\n`));
  for await (const page of given.documents) {
    for (const document of page) {
      await manifest.add(JSON.stringify(await addDocument(document, given, add, tally)));
      heads.set(document.number.slice(0, 4), document);
    }
    given.onArchived(tally.documents);
  }
  await addLines(sink, 'manifest.jsonl', manifest);
  await sums.add(`${manifest.sha256()}  manifest.jsonl`);
  await addLines(sink, 'SHA256SUMS', sums);
  const sha256 = sums.sha256();
  const seal = Buffer.from(sealText(given, tally.documents, [...heads.values()], sha256));
  await sink.add('SEAL.txt', seal);
  await sink.add('SEAL.sig', key.sign(seal));
  await sink.add('public-key.pem', Buffer.from(key.publicPem));
  return { ...tally, sha256 };
}

async function addLines(sink: ArchiveSink, name: string, lines: LineFile): Promise<void> {
  const { path, sizeBytes } = await lines.whole();
  await sink.addFile(name, path, sizeBytes);
}

type Described = { readonly sha256: string; readonly sizeBytes: number };
type Add = (name: string, bytes: Uint8Array) => Promise<Described>;
type Tally = { documents: number; pdfs: number; xmls: number; test: number; unprinted: string[] };

async function addDocument(
  { number, content, hash, previousHash, pdf }: IssuedDocument,
  { files, xmlIn }: ArchiveGiven,
  add: Add,
  tally: Tally,
): Promise<object> {
  const { kind, issueDay, test } = documentOf(content);
  tally.documents += 1;
  if (test) tally.test += 1;
  const text = await add(`documents/${number}.json`, Buffer.from(content, 'utf8'));
  const entry = { number, kind, issueDay, ...(test && { test }), hash, previousHash, text };
  if (pdf === null) {
    if (tally.unprinted.length < NAMED_MAX) tally.unprinted.push(number);
    return { ...entry, pdf: null, xml: null };
  }
  const bytes = await files.get(pdf.key).catch((cause: unknown) => {
    throw isStoreAway(cause) ? cause : new UnfaithfulFile(number, { cause });
  });
  if (hashOf(bytes) !== pdf.sha256) throw new UnfaithfulFile(number);
  const file = await add(`pdf/${number}.pdf`, bytes);
  tally.pdfs += 1;
  const found = await xmlIn(bytes);
  const xml =
    found === null ? null : await add(`factur-x/${number}.xml`, Buffer.from(found, 'utf8'));
  if (xml !== null) tally.xmls += 1;
  return { ...entry, pdf: { ...file, key: pdf.key }, xml };
}

function sealText(
  { seller, year, madeAt, key }: ArchiveGiven,
  documents: number,
  heads: readonly IssuedDocument[],
  sums: string,
): string {
  return [
    'comptappart-archive: 1',
    `seller: ${seller.name.replace(/\s+/g, ' ')}`,
    `siren: ${seller.siren}`,
    `year: ${year}`,
    `made: ${madeAt.toISOString()}`,
    `documents: ${documents}`,
    ...heads.map(({ number, hash }) => `last: ${number} ${hash}`),
    `key: ${key.fingerprint}`,
    `SHA256SUMS: ${sums}`,
    '',
  ].join('\n');
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
