// `secrets status|rotate`: which keys the sealed secrets hang on, and all of them sealed anew under the
// current one. A former key can go when nothing is sealed with it and the last link it signed has
// expired; the answer says from when.

import { archiveKey } from '#adapters/archive/archive-key.ts';
import { count, plural } from '#adapters/french.ts';
import type { Database } from '#adapters/postgres/database.ts';
import { resealAll, sealedSecrets } from '#adapters/postgres/sealed-secrets.ts';
import { keyIdOf, secretBox } from '#adapters/secret-box.ts';
import { systemClock } from '#adapters/system-clock.ts';
import { oldSecretsKeysOf, secretsKeyOf, withBooks } from './books.ts';
import type { Answer, Cli, CliConfig } from './cli.ts';
import { fr, momentToTheSecond } from './layout.ts';
import { operator } from './operator.ts';
import { progressBar } from './progress-bar.ts';

/** Links of the file store live this long, whatever key has signed them. */
const LINK_LIFE_MS = 24 * 60 * 60 * 1000;
const ROTATED = 'secrets-rotated';

export async function secretsStatus(cli: Cli): Promise<Answer> {
  const { config } = cli.configure();
  return withBooks(config, async (db) => answerOf(await statusOf(db, config)));
}

export async function secretsRotate(cli: Cli, { why }: { readonly why?: string }): Promise<Answer> {
  const { config } = cli.configure();
  return withBooks(config, async (db) => {
    const box = secretBox(await secretsKeyOf(config), oldSecretsKeysOf(config));
    const bar = progressBar(cli, 'secrets');
    const resealed = await resealAll(db, box, (done, of) => bar.show(done / of, done));
    bar.end();
    const before = await rotatedAt(db, box.currentKey);
    // Once for a key; a later run that finds something left to do is a further rotation.
    if (resealed > 0 || (before === null && config.secretsKeysOld.length > 0)) {
      const at = systemClock.now();
      const done = { at, action: ROTATED, subject: box.currentKey, ...operator(why) };
      await db.insertInto('operator_action').values(done).execute();
    }
    const answer = answerOf(await statusOf(db, config));
    const what = `${count(resealed)} ${plural(resealed, 'secret scellé', 'secrets scellés')}`;
    const head = resealed === 0 ? fr`Rien à sceller à nouveau.` : fr`${what} à nouveau.`;
    return { ...answer, json: { resealed, ...answer.json }, text: `${head}\n\n${answer.text}` };
  });
}

type Status = {
  readonly currentKey: string;
  readonly total: number;
  /** The current key first. */
  readonly keys: readonly { readonly id: string; readonly secrets: number }[];
  readonly lost: readonly string[];
  readonly rotatedAt: Date | null;
  /** From when the former keys can be taken out of SECRETS_KEYS_OLD; null: not yet known. */
  readonly removableFrom: Date | null;
  readonly archiveFingerprint: string;
};

async function statusOf(db: Database, config: CliConfig): Promise<Status> {
  const current = await secretsKeyOf(config);
  const old = oldSecretsKeysOf(config);
  const box = secretBox(current, old);
  const { total, byKey, lost } = await sealedSecrets(db, box);
  const ids = [box.currentKey, ...old.map(keyIdOf)];
  const keys = [...new Set(ids)].map((id) => ({ id, secrets: byKey.get(id) ?? 0 }));
  const at = await rotatedAt(db, box.currentKey);
  const isDone = lost.length === 0 && keys.slice(1).every((key) => key.secrets === 0);
  const removableFrom = isDone && at ? new Date(at.getTime() + LINK_LIFE_MS) : null;
  const archiveFingerprint = archiveKey(current).fingerprint;
  const { currentKey } = box;
  return { currentKey, total, keys, lost, rotatedAt: at, removableFrom, archiveFingerprint };
}

async function rotatedAt(db: Database, currentKey: string): Promise<Date | null> {
  const row = await db
    .selectFrom('operator_action')
    .select('at')
    .where('action', '=', ROTATED)
    .where('subject', '=', currentKey)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.at ?? null;
}

function answerOf(status: Status): Answer {
  const { currentKey, total, keys, lost, removableFrom, archiveFingerprint } = status;
  const [current, ...former] = keys;
  const lines = [
    fr`Clé en service (SECRETS_KEY) : ${currentKey}, pour ${count(current?.secrets ?? 0)} ${plural(total, 'secret', 'secrets')} sur ${count(total)}.`,
    ...former.map(({ id, secrets }) => fr`Clé ancienne : ${id}, ${sealedBy(secrets)}.`),
    fr`Empreinte de signature des archives : ${archiveFingerprint}.`,
    ...lost.map((place) => fr`✗ ${place} ne s’ouvre avec aucune clé.`),
  ];
  return {
    json: status,
    text: [...lines, '', adviceFor(status, former, removableFrom)].join('\n'),
    isFailure: lost.length > 0,
  };
}

function adviceFor({ lost }: Status, former: Status['keys'], removableFrom: Date | null): string {
  if (lost.length > 0) {
    return fr`→ Remettez dans SECRETS_KEYS_OLD la clé qui les a scellés, ou donnez ces secrets à nouveau.`;
  }
  if (former.length === 0) return fr`Rien à faire.`;
  if (removableFrom === null) {
    return fr`→ Lancez « comptappart secrets rotate » : l’ancienne clé sert encore.`;
  }
  const now = systemClock.now();
  return removableFrom > now
    ? fr`→ L’ancienne clé peut être retirée après le ${momentToTheSecond(removableFrom, now)} : ` +
        fr`ses derniers liens signés expirent alors, si tous les programmes ont redémarré avec la nouvelle.`
    : fr`→ L’ancienne clé peut être retirée de SECRETS_KEYS_OLD.`;
}

function sealedBy(secrets: number): string {
  return secrets === 0
    ? 'plus aucun secret'
    : `${count(secrets)} ${plural(secrets, 'secret', 'secrets')}`;
}
