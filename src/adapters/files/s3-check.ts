// Whether the bucket is there and lets us do what we need, tried as the program would do it and
// told in French for `doctor`. What is written is one small file under one fixed name, written once
// and left there: under a lock it could not be taken away, and without one the right to delete
// would be needed for nothing else.

import { FIXED } from '#adapters/french.ts';
import type { Clock } from '#application/ports.ts';
import { s3Bucket } from './s3-bucket.ts';
import { type S3ClientOptions, s3Connection } from './s3-client.ts';
import { rightFor, type S3Deed, S3Fault, type S3FaultKind } from './s3-faults.ts';
import { s3Links } from './s3-links.ts';
import type { S3Address } from './s3-url.ts';

/** What was seen, and what to do; null when all is well. */
export type StoreFinding = { readonly detail: string; readonly action: string | null };

export type S3CheckOptions = S3ClientOptions & { readonly clock: Clock };

const PROBE_KEY = 'comptappart-doctor.txt';
const PROBE = Buffer.from('Written by « comptappart doctor » to try its rights. Leave it here.\n');
const LINK_LIFE_MS = 24 * 60 * 60 * 1000;
const LINK_MS = 10_000;

/** Writes the probe, reads it, opens a link to it. Never throws for the store's sake. */
export async function s3Check(options: S3CheckOptions): Promise<StoreFinding> {
  const { address, clock } = options;
  const connection = s3Connection(options);
  const bucket = s3Bucket({ ...options, connection });
  try {
    await bucket.store(PROBE_KEY, PROBE, 'text/plain; charset=utf-8');
    const { bytes } = await bucket.read(PROBE_KEY);
    if (Buffer.compare(bytes, PROBE) !== 0) return finding('damaged', address, 'store');
    const s3 = await connection.open();
    const notes = { note: () => undefined };
    const sign = s3Links({ address, clock, notes });
    const linkEnd = new Date(clock.now().getTime() + LINK_LIFE_MS);
    const status = await statusAt(await sign(s3, PROBE_KEY, linkEnd));
    const where = placeOf(address);
    if (status !== 200) return unopened(where, status);
    const { expiration } = await s3.links.config.credentials();
    return expiration && expiration < linkEnd
      ? shortLived(where, expiration, clock.now())
      : { detail: `${where}${FIXED}: écriture, lecture et liens essayés`, action: null };
  } catch (error) {
    return error instanceof S3Fault
      ? finding(error.kind, address, error.verb)
      : finding('other', address, 'store');
  } finally {
    await connection.close();
  }
}

async function statusAt(link: string): Promise<number | null> {
  try {
    const answer = await fetch(link, { signal: AbortSignal.timeout(LINK_MS), redirect: 'manual' });
    await answer.body?.cancel();
    return answer.status;
  } catch {
    return null;
  }
}

function placeOf({ bucket, prefix, endpoint, region }: S3Address): string {
  return `s3://${bucket}/${prefix} (${endpoint ?? region})`;
}

function unopened(where: string, status: number | null): StoreFinding {
  const seen = status === null ? 'personne ne répond' : `réponse ${status}`;
  return {
    detail: `${where}${FIXED}: un lien signé ne s’ouvre pas (${seen})`,
    action: 'Vérifiez link-endpoint dans STORAGE_URL, et que rien ne bloque s3:GetObject.',
  };
}

function shortLived(where: string, end: Date, now: Date): StoreFinding {
  const hours = Math.round((end.getTime() - now.getTime()) / 360_000) / 10;
  const life = String(hours).replace('.', ',');
  return {
    detail: `${where}${FIXED}: les clés sont celles d’un rôle et finissent dans ${life}${FIXED}h`,
    action:
      'Les liens (pdf_url) meurent avec elles, avant les 24 heures promises. Donnez les clés ' +
      'd’un utilisateur IAM (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY).',
  };
}

type Words = readonly [seen: string, action: string];

const WORDS: Readonly<Record<Exclude<S3FaultKind, 'denied'>, Words>> = {
  'no-bucket': ['ce bucket n’existe pas', 'Créez-le, ou corrigez STORAGE_URL.'],
  'no-file': ['le fichier écrit n’y est pas', 'Ce serveur ne garde pas ce qu’il reçoit.'],
  'bad-keys': ['ces clés sont refusées', 'Vérifiez AWS_ACCESS_KEY_ID et AWS_SECRET_ACCESS_KEY.'],
  'no-keys': ['aucune clé AWS', 'Donnez AWS_ACCESS_KEY_ID et AWS_SECRET_ACCESS_KEY, ou un rôle.'],
  'expired-keys': ['les clés ont expiré', 'Renouvelez-les.'],
  clock: ['l’horloge de cette machine est fausse', 'Réglez-la (NTP).'],
  'other-region': ['le bucket est dans une autre région', 'Corrigez region dans STORAGE_URL.'],
  'no-lock': [
    'ce bucket est sans Object Lock',
    'Activez-le sur le bucket, ou ôtez object-lock de STORAGE_URL.',
  ],
  damaged: [
    'ce qui est lu n’est pas ce qui fut écrit',
    'Ne gardez pas de factures sur ce serveur.',
  ],
  unreachable: ['serveur injoignable', 'Vérifiez le réseau et endpoint dans STORAGE_URL.'],
  slow: ['pas de réponse à temps', 'Vérifiez le réseau et l’état du service.'],
  other: ['refus inattendu', 'Lisez le journal, ou essayez avec « aws s3api put-object ».'],
};

function finding(kind: S3FaultKind, address: S3Address, verb: S3Deed['verb']): StoreFinding {
  const where = placeOf(address);
  if (kind !== 'denied') {
    const [seen, action] = WORDS[kind];
    return { detail: `${where}${FIXED}: ${seen}`, action };
  }
  const right = rightFor({ address, verb }).replace(' and ', ' et ').replace(' on ', ' sur ');
  return { detail: `${where}${FIXED}: accès refusé`, action: `Donnez le droit ${right}.` };
}
