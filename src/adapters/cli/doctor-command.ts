// `doctor`: looks at everything the program needs before a customer finds out. Each line says what
// was seen, and under a ✗ what to do. What hangs on a database that is away is not guessed at.

import { connect } from '#adapters/postgres/database.ts';
import { withDatabaseUrl } from './books.ts';
import type { Answer, Cli, CliConfig } from './cli.ts';
import {
  type Check,
  check,
  checkAudit,
  checkChromium,
  checkFiles,
  checkMail,
  checkNotifications,
  checkPartners,
  checkQueue,
  checkSchema,
  checkStripe,
  checkVersion,
} from './doctor-checks.ts';
import { reportOf } from './faults.ts';
import { fr, printable, wrapped } from './layout.ts';

const PLACES = {
  sandbox: 'bac à sable',
  staging: 'préproduction',
  production: 'production',
} as const;

export async function doctor(cli: Cli): Promise<Answer> {
  let config: CliConfig;
  try {
    config = cli.configure().config;
  } catch (error) {
    return answerOf(configurationFault(error));
  }
  const where = {
    name: 'configuration',
    title: 'Configuration',
    ok: true,
    detail: PLACES[config.environment],
    action: null,
  };
  const [database, ...others] = await Promise.all([
    databaseChecks(config),
    checkStripe(config),
    checkChromium(config),
    checkFiles(config),
    checkMail(config),
  ]);
  return answerOf([where, ...database, ...others]);
}

async function databaseChecks(config: CliConfig): Promise<readonly Check[]> {
  const found: Check[] = [];
  const reach = await check(['database', 'PostgreSQL'], actionFor(config), () =>
    withDatabaseUrl(config, async (url) => {
      const db = connect(url, { connectionsMax: 2 });
      try {
        const version = await checkVersion(db);
        found.push(version);
        if (!version.ok) return { detail: '' };
        const schema = await checkSchema(config, url);
        found.push(schema);
        if (schema.ok) {
          found.push(await checkQueue(db));
          found.push(await checkNotifications(db));
          found.push(await checkPartners(db, config));
          found.push(await checkAudit(db));
        }
      } finally {
        await db.destroy();
      }
      return { detail: '' };
    }),
  );
  return found.length > 0 ? found : [reach];
}

function actionFor({ databaseUrl, dataDir }: CliConfig): string {
  return databaseUrl === null
    ? `Voyez ${dataDir}/postgres.log.`
    : 'Démarrez PostgreSQL, ou corrigez l’adresse.';
}

function configurationFault(error: unknown): readonly Check[] {
  const { faults, sentence } = reportOf(error);
  const detail = faults.length > 0 ? faults.join('\n') : sentence;
  const action = fr`Corrigez ces variables ; les autres vérifications viendront ensuite.`;
  return [{ name: 'configuration', title: 'Configuration', ok: false, detail, action }];
}

function answerOf(checks: readonly Check[]): Answer {
  const isFailure = checks.some(({ ok }) => !ok);
  const verdict = isFailure ? fr`Il y a quelque chose à faire.` : 'Tout va bien.';
  const lines = checks.map(lineOf).join('\n');
  return { json: { ok: !isFailure, checks }, text: `${lines}\n\n${verdict}`, isFailure };
}

const TITLE_WIDTH = 14;

function lineOf({ title, ok, detail, action }: Check): string {
  const indent = ' '.repeat(TITLE_WIDTH + 4);
  const seen = printable(detail)
    .split('\n')
    .map((line) => wrapped(line, indent))
    .join('\n')
    .trimStart();
  const head = `${ok ? '✓' : '✗'} ${title.padEnd(TITLE_WIDTH)}  ${seen}`;
  return action === null ? head : `${head}\n${wrapped(`→ ${action}`, indent)}`;
}
