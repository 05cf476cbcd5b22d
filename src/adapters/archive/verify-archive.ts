// Checks an archive by itself: the signature over the seal, the seal over the list of hashes, the list
// over every file, and the chain through the documents from the year's first to its last. One pass; a
// second one names the files when something differs.

import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { publicKeyOf } from './archive-key.ts';
import { archiveEntries, LAST_ENTRIES } from './archive-source.ts';

export type ArchiveFault =
  | { readonly kind: 'file-changed' | 'file-missing' | 'file-unknown'; readonly name: string }
  | { readonly kind: 'chain-broken'; readonly name: string }
  | { readonly kind: 'gap'; readonly name: string }
  | { readonly kind: 'seal-broken' | 'signature-wrong' | 'key-wrong' | 'count-wrong' }
  | { readonly kind: 'unreadable'; readonly name: string };

export type ArchiveCheck = {
  /** Null when there is no seal to read. */
  readonly seal: Seal | null;
  /** Of the key in the archive; null when it holds none. */
  readonly fingerprint: string | null;
  readonly documents: number;
  readonly files: number;
  readonly faults: readonly ArchiveFault[];
};

export type Seal = {
  readonly siren: string;
  readonly seller: string;
  readonly year: string;
  readonly made: string;
  readonly documents: number;
  readonly last: readonly { readonly number: string; readonly hash: string }[];
  readonly sums: string;
};

const FAULTS_MAX = 50;

/**
 * Everything that does not hold, at most fifty faults. `expectedFingerprints` are the keys' that may
 * have signed; null takes the archive's word for it. Throws when there is nothing to read.
 */
export async function verifyArchive(
  path: string,
  expectedFingerprints: readonly string[] | null,
  onFile: (files: number) => void = () => {},
): Promise<ArchiveCheck> {
  const faults: ArchiveFault[] = [];
  const sums = createHash('sha256');
  const kept = new Map<string, Buffer>();
  const chain = chainCheck(faults);
  let listHash = '';
  let files = 0;
  for await (const { name, stream } of archiveEntries(path)) {
    if (name === 'SHA256SUMS') listHash = await hashOf(stream);
    else if (LAST_ENTRIES.includes(name)) kept.set(name, await buffer(stream));
    else {
      files += 1;
      const isText = name === 'chain.json' || name.startsWith('documents/');
      const bytes = isText ? await buffer(stream) : null;
      const hash = bytes ? createHash('sha256').update(bytes).digest('hex') : await hashOf(stream);
      sums.update(`${hash}  ${name}\n`);
      if (bytes && name === 'chain.json') chain.start(bytes.toString('utf8'));
      else if (bytes) chain.next(name, bytes);
      onFile(files);
    }
  }
  if (sums.digest('hex') !== listHash) faults.push(...(await differingFiles(path)));
  const seal = sealOf(kept.get('SEAL.txt'));
  const key = publicKeyOf(kept.get('public-key.pem')?.toString('utf8') ?? '');
  const signature = kept.get('SEAL.sig') ?? Buffer.alloc(0);
  const signed = kept.get('SEAL.txt') ?? Buffer.alloc(0);
  if (!key?.isSignature(signature, signed)) faults.push({ kind: 'signature-wrong' });
  if (expectedFingerprints && !expectedFingerprints.includes(key?.fingerprint ?? '')) {
    faults.push({ kind: 'key-wrong' });
  }
  if (seal === null || seal.sums !== listHash) faults.push({ kind: 'seal-broken' });
  chain.end(seal);
  return {
    ...{ seal, fingerprint: key?.fingerprint ?? null, documents: chain.documents(), files },
    faults: faults.slice(0, FAULTS_MAX),
  };
}

function chainCheck(faults: ArchiveFault[]) {
  const hashes = new Map<string, string>();
  const ordinals = new Map<string, number>();
  let documents = 0;
  return {
    documents: () => documents,
    start(text: string): void {
      try {
        const { start } = JSON.parse(text) as { start: Record<string, string> };
        for (const [series, hash] of Object.entries(start)) hashes.set(series, hash);
      } catch {
        faults.push({ kind: 'unreadable', name: 'chain.json' });
      }
    },
    next(name: string, content: Uint8Array): void {
      documents += 1;
      const [, series = '', ordinal = ''] = /(\w{4})-\d{4}-(\d+)\.json$/.exec(name) ?? [];
      if (Number(ordinal) !== (ordinals.get(series) ?? 0) + 1) faults.push({ kind: 'gap', name });
      ordinals.set(series, Number(ordinal));
      const hash = createHash('sha256')
        .update(hashes.get(series) ?? '')
        .update(content);
      hashes.set(series, hash.digest('hex'));
    },
    end(seal: Seal | null): void {
      for (const { number, hash } of seal?.last ?? []) {
        if (hashes.get(number.slice(0, 4)) !== hash) {
          faults.push({ kind: 'chain-broken', name: number });
        }
      }
      if (seal && seal.documents !== documents) faults.push({ kind: 'count-wrong' });
    },
  };
}

/** By name, what the list says and what is there. Only for an archive that is broken already. */
async function differingFiles(path: string): Promise<ArchiveFault[]> {
  const found = new Map<string, string>();
  let list = '';
  for await (const { name, stream } of archiveEntries(path)) {
    if (name === 'SHA256SUMS') list = (await buffer(stream)).toString('utf8');
    else found.set(name, await hashOf(stream));
  }
  for (const name of LAST_ENTRIES) found.delete(name);
  const faults: ArchiveFault[] = [];
  for (const line of list.split('\n').filter((it) => it !== '')) {
    const name = line.slice(66);
    const hash = found.get(name);
    if (hash === undefined) faults.push({ kind: 'file-missing', name });
    else if (hash !== line.slice(0, 64)) faults.push({ kind: 'file-changed', name });
    found.delete(name);
  }
  return [...faults, ...[...found.keys()].map((name) => ({ kind: 'file-unknown', name }) as const)];
}

function sealOf(bytes: Buffer | undefined): Seal | null {
  const text = bytes?.toString('utf8') ?? '';
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(text)?.[1] ?? '';
  if (field('comptappart-archive') !== '1') return null;
  return {
    ...{ siren: field('siren'), seller: field('seller'), year: field('year') },
    ...{ made: field('made'), documents: Number(field('documents')), sums: field('SHA256SUMS') },
    last: [...text.matchAll(/^last: (\S+) ([0-9a-f]{64})$/gm)].map(([, number, hash]) => ({
      number: number as string,
      hash: hash as string,
    })),
  };
}

async function hashOf(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of stream) hash.update(chunk);
  return hash.digest('hex');
}
