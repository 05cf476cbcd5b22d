// The checks of `doctor` on what lies in the tables: whether the work goes on, who does it, and what
// waits for a person.

import { count, duration, plural } from '#adapters/french.ts';
import { lastAudit } from '#adapters/postgres/audit-runs.ts';
import { queueHealth } from '#adapters/postgres/book-lists.ts';
import type { Database } from '#adapters/postgres/database.ts';
import { sealedSecrets } from '#adapters/postgres/sealed-secrets.ts';
import { type WorkHealth, workHealth } from '#adapters/postgres/work-health.ts';
import { oldSecretsKeysOf, openSecretBox } from './books.ts';
import type { CliConfig } from './cli.ts';
import { attention, type Check, check, type Finding } from './doctor-check.ts';
import { fr } from './layout.ts';

const LATE_MS = 60_000;
const PRINT_LATE_MS = 5 * 60_000;
const PARTNER_LATE_MS = 10 * 60_000;
const BACKLOG_MAX = 100;

/** All of them, in the order in which they are told. */
export async function checkWork(db: Database, config: CliConfig): Promise<readonly Check[]> {
  const health = await workHealth(db);
  return [
    await checkQueue(db, health),
    await checkWorkers(health),
    await checkIntake(health),
    await checkPrinting(health),
    await checkNotifications(db),
    await checkPayments(db),
    await checkPartners(db, config),
    await checkBacklog(health),
    await checkSecrets(db, config),
    await checkAudit(db),
  ];
}

function checkQueue(db: Database, { workers }: WorkHealth): Promise<Check> {
  return check(['queue', 'File'], fr`Lancez « comptappart migrate ».`, async () => {
    const { oldestDueAt, deadJobs } = await queueHealth(db);
    const lateMs = oldestDueAt === null ? 0 : Date.now() - oldestDueAt.getTime();
    if (lateMs > LATE_MS) {
      const action =
        workers === 0
          ? fr`Aucun worker ne la traite : lancez « serve » ou « worker ».`
          : fr`Les workers n’y suffisent pas : voyez leur journal, ou lancez-en un de plus.`;
      return { detail: `du travail attend depuis ${duration(lateMs)}`, action };
    }
    if (deadJobs > 0) {
      const jobs = plural(deadJobs, 'travail abandonné', 'travaux abandonnés');
      return { detail: `${count(deadJobs)} ${jobs}`, action: 'Voyez le journal des workers.' };
    }
    return { detail: oldestDueAt === null ? 'rien n’attend' : 'le travail avance' };
  });
}

function checkWorkers({ workers, lostLeases }: WorkHealth): Promise<Check> {
  return check(['workers', 'Workers'], 'Voyez le message.', async () => {
    if (workers === 0) {
      return attention('aucun n’est en marche', fr`Lancez « comptappart serve » ou « worker ».`);
    }
    const detail = `${count(workers)} en marche`;
    if (lostLeases === 0) return { detail };
    const held = `${count(lostLeases)} ${plural(lostLeases, 'envoi retenu', 'envois retenus')}`;
    return {
      detail: fr`${detail} ; ${held} par un worker qui ne répond plus`,
      action: fr`Redémarrez les workers : un autre reprendra ce qu’ils tenaient.`,
    };
  });
}

function checkIntake({ foundLater, lastOrderAt }: WorkHealth): Promise<Check> {
  return check(['intake', 'Réception'], 'Voyez le message.', async () => {
    if (foundLater > 0) {
      const events = plural(foundLater, 'événement n’est arrivé', 'événements ne sont arrivés');
      return attention(
        fr`${count(foundLater)} ${events} que par la réconciliation, en 24 heures`,
        fr`Les webhooks de Stripe n’arrivent pas tous : voyez la ligne Webhook et le journal (400, 503).`,
      );
    }
    if (lastOrderAt === null) return { detail: 'aucune commande encore' };
    return { detail: fr`dernière commande il y a ${duration(Date.now() - lastOrderAt.getTime())}` };
  });
}

function checkPrinting({ failedPrints, oldestPrintAt }: WorkHealth): Promise<Check> {
  return check(['printing', 'Impression'], 'Voyez le message.', async () => {
    if (failedPrints > 0) {
      const many = `${count(failedPrints)} ${plural(failedPrints, 'document', 'documents')}`;
      return {
        detail: `${many} sans PDF, après huit essais`,
        action: fr`Voyez « invoices list --state failed », réparez, puis « invoices retry --all ».`,
      };
    }
    const lateMs = oldestPrintAt === null ? 0 : Date.now() - oldestPrintAt.getTime();
    if (lateMs < PRINT_LATE_MS) return { detail: 'rien en retard' };
    const action = fr`Voyez la ligne Chromium et « invoices list --state queued ».`;
    return { detail: `un PDF attend depuis ${duration(lateMs)}`, action };
  });
}

function checkNotifications(db: Database): Promise<Check> {
  return check(['notifications', 'Notifications'], 'Voyez le message.', async () => {
    const { stuckNotifications: stuck, endedNotifications: ended } = await queueHealth(db);
    if (stuck > 0) {
      const detail = `${count(stuck)} en retard de plus de 5 minutes`;
      return { detail, action: fr`Vérifiez qu’un worker tourne : « serve » ou « worker ».` };
    }
    if (ended === 0) return { detail: 'aucune en retard' };
    return attention(
      `aucune en retard, ${count(ended)} à relancer`,
      fr`Voyez « notifications list --state exhausted » (ou failed), puis « notifications retry ».`,
    );
  });
}

function checkPayments(db: Database): Promise<Check> {
  return check(['payments', 'Paiements'], 'Voyez le message.', async () => {
    const { quarantinedPayments: many } = await queueHealth(db);
    if (many === 0) return { detail: 'aucun en quarantaine' };
    return attention(
      `${count(many)} en quarantaine`,
      fr`Voyez « payments list --state quarantined », puis « payments retry » ou « dismiss ».`,
    );
  });
}

function checkPartners(db: Database, { environment }: CliConfig): Promise<Check> {
  return check(['partners', 'Partenaires'], 'Voyez le message.', async () => {
    const column = environment === 'production' ? 'production_url' : 'staging_url';
    const rows = await db.selectFrom('partner').select(['slug', column]).orderBy('slug').execute();
    const without = rows.filter((row) => row[column as keyof typeof row] === null);
    if (without.length > 0) {
      const flag = environment === 'production' ? '--production-url' : '--staging-url';
      const detail = fr`sans adresse ici : ${without.map((row) => row.slug).join(', ')}`;
      return { detail, action: fr`Donnez-la : partner set <slug> ${flag} <url>` };
    }
    const many = `${rows.length} ${plural(rows.length, 'partenaire', 'partenaires')}`;
    return { detail: rows.length === 0 ? 'aucun pour l’instant' : `${many}, avec adresse` };
  });
}

function checkBacklog({ backlogs }: WorkHealth): Promise<Check> {
  return check(['backlog', 'Appels'], 'Voyez le message.', async () => {
    const late = backlogs.filter(
      (it) => it.due > BACKLOG_MAX || Date.now() - it.oldestAt.getTime() > PARTNER_LATE_MS,
    );
    if (late.length === 0) return { detail: 'aucun partenaire ne fait attendre' };
    const [worst] = late;
    const who = late
      .map((it) => {
        const since = duration(Date.now() - it.oldestAt.getTime());
        return fr`${it.partner} : ${count(it.due)} depuis ${since}`;
      })
      .join(', ');
    return attention(
      who,
      fr`Voyez « notifications list --partner ${worst?.partner} » et prévenez le partenaire.`,
    );
  });
}

function checkSecrets(db: Database, config: CliConfig): Promise<Check> {
  const toGive = fr`Remettez la clé d’avant dans SECRETS_KEYS_OLD : voyez « secrets status ».`;
  return check(['secrets', 'Secrets'], toGive, async (): Promise<Finding> => {
    const box = await openSecretBox(config);
    const { total, byKey, lost } = await sealedSecrets(db, box);
    if (lost.length > 0)
      return { detail: fr`ne s’ouvrent pas : ${lost.join(', ')}`, action: toGive };
    const behind = total - (byKey.get(box.currentKey) ?? 0);
    if (behind > 0) {
      const detail = `${count(behind)} sur ${count(total)} sous une ancienne clé`;
      return attention(detail, fr`Lancez « comptappart secrets rotate ».`);
    }
    const former = oldSecretsKeysOf(config).length;
    const note = former === 0 ? '' : fr`, SECRETS_KEYS_OLD sans emploi : voyez « secrets status »`;
    return { detail: `${count(total)} sous la clé en service${note}` };
  });
}

/** The runs are those of each night; one that is days old says that no worker runs any more. */
const AUDIT_LATE_MS = 3 * 24 * 60 * 60 * 1000;

function checkAudit(db: Database): Promise<Check> {
  return check(['audit', 'Audit'], fr`Lancez « comptappart audit ».`, async () => {
    const run = await lastAudit(db);
    if (run === null) return { detail: 'pas encore fait' };
    const ago = Date.now() - run.finishedAt.getTime();
    const detail = `il y a ${duration(ago)}, ${count(run.documents)} documents`;
    if (run.findings > 0) {
      const faults = `${count(run.findings)} ${plural(run.findings, 'faute', 'fautes')}`;
      return { detail: `${detail}, ${faults}`, action: fr`Lancez « comptappart audit ».` };
    }
    if (ago < AUDIT_LATE_MS) return { detail: `${detail}, entiers` };
    return { detail, action: fr`Vérifiez qu’un worker tourne : « serve » ou « worker ».` };
  });
}
