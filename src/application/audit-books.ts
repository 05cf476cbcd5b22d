// The audit proves that nothing on the books was changed: numbers without a gap, dates in order, a
// chain of hashes without a break, files that are still the ones that were sent. It reads the books of
// one instant once, page by page, and counts everything that does not hold; nothing stops it at the
// first finding, for who repairs wants to know how far the damage goes.

import { documentFindings, type Seals } from './audit-document.ts';
import type {
  AtOneInstant,
  AuditedBooks,
  AuditedCounter,
  AuditedDocument,
  AuditRun,
  AuditRuns,
  Finding,
  Head,
} from './audited-books.ts';
import type { Alerts, Clock, FileStore, Sha256 } from './ports.ts';

export type AuditNeeds = Seals & {
  readonly atOneInstant: AtOneInstant;
  readonly runs: AuditRuns;
  /** Null: stored files are left alone. */
  readonly files: Pick<FileStore, 'get'> | null;
  /** A file that cannot be read for this reason says nothing about the books. */
  readonly isStoreAway: (error: unknown) => boolean;
  readonly sha256: Sha256;
  readonly clock: Clock;
  /** What the first document of a series is chained to. */
  readonly genesisHash: string;
};

/** Called after each page. */
export type OnAudited = (documents: number, of: number) => void;

/** Findings that are kept; all are counted. */
export const FINDINGS_KEPT = 50;
const FILES_AT_ONCE = 8;

/**
 * Audits all books and keeps the run. Throws when the database or the file store is away; a file that
 * the store does not have is a finding.
 */
export async function auditBooks(
  needs: AuditNeeds,
  automatic: boolean,
  onAudited: OnAudited = () => {},
): Promise<AuditRun> {
  const startedAt = needs.clock.now();
  const { documents, findings, firstFindings, heads } = await needs.atOneInstant((books) =>
    lookThrough(needs, books, onAudited),
  );
  const run: AuditRun = {
    automatic,
    withFiles: needs.files !== null,
    startedAt,
    finishedAt: needs.clock.now(),
    documents,
    findings,
    firstFindings,
    heads,
  };
  await needs.runs.add(run);
  return run;
}

/** The run of each night. Raises an alert when something does not hold. */
export async function nightlyAudit(
  needs: AuditNeeds & { readonly alerts: Alerts },
): Promise<AuditRun> {
  const run = await auditBooks(needs, true);
  const [first] = run.firstFindings;
  if (first) {
    needs.alerts.raise({
      kind: 'books-broken',
      message: `The audit found ${run.findings} faults in the books, first ${first.kind} at ${first.subject}`,
      ids: { findings: run.findings, first: first.subject },
    });
  }
  return run;
}

type Seen = Pick<AuditRun, 'documents' | 'findings' | 'firstFindings' | 'heads'>;

async function lookThrough(
  needs: AuditNeeds,
  books: AuditedBooks,
  onAudited: OnAudited,
): Promise<Seen> {
  const [of, counters, remembered] = [
    await books.count(),
    await books.counters(),
    await books.heads(),
  ];
  const firstFindings: Finding[] = [];
  let findings = 0;
  const tell = (all: readonly Finding[]) => {
    findings += all.length;
    firstFindings.push(...all.slice(0, Math.max(0, FINDINGS_KEPT - firstFindings.length)));
  };
  const chain = chainWatch(counters, remembered, needs.genesisHash);
  let documents = 0;
  for await (const page of books.documents()) {
    const ofFiles = await fileFindings(needs, page);
    for (const [at, audited] of page.entries()) {
      tell([...chain.next(audited), ...documentFindings(audited, needs), ...(ofFiles[at] ?? [])]);
    }
    documents += page.length;
    onAudited(documents, of);
  }
  tell(chain.end());
  for await (const page of books.contradictions()) {
    tell(page.map((it) => ({ ...it, field: null })));
  }
  return { documents, findings, firstFindings, heads: chain.heads() };
}

/** Follows the documents of each series from the first number to the counter's word on the last. */
function chainWatch(
  counters: readonly AuditedCounter[],
  remembered: readonly Head[],
  genesisHash: string,
) {
  const open = new Map(counters.map((it) => [`${it.series}-${it.year}`, it]));
  const hashes = new Map(remembered.map((it) => [it.number, it.hash]));
  const heads = new Map<string, Head>();
  let last: AuditedDocument | null = null;

  function endOfYear(it: AuditedDocument): Finding[] {
    const place = `${it.series}-${it.year}`;
    const counter = open.get(place);
    open.delete(place);
    if (!counter) return [finding('counter', place, null, it.number, null)];
    return [
      ...differs('counter', place, 'last_ordinal', counter.lastOrdinal, it.ordinal),
      ...differs('counter', place, 'last_hash', counter.lastHash, it.hash),
      ...differs('counter', place, 'last_issued_at', counter.lastIssuedAt, it.issuedAt),
    ];
  }

  return {
    next(it: AuditedDocument): Finding[] {
      const before: AuditedDocument | null = last?.series === it.series ? last : null;
      const sameYear = before?.year === it.year;
      const found = last && !sameYear ? endOfYear(last) : [];
      const ordinal = sameYear && before ? before.ordinal + 1 : 1;
      if (it.ordinal !== ordinal) {
        const missing = `${it.series}-${it.year}-${String(ordinal).padStart(6, '0')}`;
        found.push(finding('gap', missing, null, missing, it.number));
      }
      found.push(
        ...differs('chain-broken', it.number, null, before?.hash ?? genesisHash, it.previousHash),
      );
      if (before && before.issuedAt > it.issuedAt) {
        found.push(finding('date-backwards', it.number, null, before.issuedAt, it.issuedAt));
      }
      const known = hashes.get(it.number);
      hashes.delete(it.number);
      if (known !== undefined) {
        found.push(...differs('head-changed', it.number, null, known, it.hash));
      }
      heads.set(it.series, { number: it.number, hash: it.hash });
      last = it;
      return found;
    },
    end(): Finding[] {
      return [
        ...(last ? endOfYear(last) : []),
        ...[...open].map(([place, it]) =>
          finding('counter', place, 'last_ordinal', String(it.lastOrdinal), null),
        ),
        ...[...hashes].map(([number, hash]) => finding('head-changed', number, null, hash, null)),
      ];
    },
    heads: (): readonly Head[] => [...heads.values()],
  };
}

function finding(
  kind: Finding['kind'],
  subject: string,
  field: string | null,
  expected: string | null,
  found: string | null,
): Finding {
  return { kind, subject, field, expected, found };
}

function differs(
  kind: Finding['kind'],
  subject: string,
  field: string | null,
  expected: string | number,
  found: string | number,
): Finding[] {
  return expected === found ? [] : [finding(kind, subject, field, String(expected), String(found))];
}

/** For each document of the page, what is wrong with its file. */
async function fileFindings(
  { files, sha256, isStoreAway }: AuditNeeds,
  page: readonly AuditedDocument[],
): Promise<readonly (readonly Finding[])[]> {
  if (files === null) return [];
  const found: (readonly Finding[])[] = [];
  let next = 0;
  const look = async () => {
    for (let at = next++; at < page.length; at = next++) {
      const { number, pdf } = page[at] as AuditedDocument;
      found[at] = pdf === null ? [] : await oneFile({ files, sha256, isStoreAway }, number, pdf);
    }
  };
  await Promise.all(Array.from({ length: FILES_AT_ONCE }, look));
  return found;
}

async function oneFile(
  {
    files,
    sha256,
    isStoreAway,
  }: Pick<AuditNeeds, 'sha256' | 'isStoreAway'> & {
    readonly files: Pick<FileStore, 'get'>;
  },
  number: string,
  { key, sha256: expected, sizeBytes }: NonNullable<AuditedDocument['pdf']>,
): Promise<readonly Finding[]> {
  let bytes: Uint8Array;
  try {
    bytes = await files.get(key);
  } catch (error) {
    if (isStoreAway(error)) throw error;
    return [finding('file-missing', number, key, expected, (error as Error).message)];
  }
  return [
    ...differs('file-changed', number, 'size_bytes', sizeBytes, bytes.byteLength),
    ...differs('file-changed', number, 'sha256', expected, sha256(bytes)),
  ];
}
