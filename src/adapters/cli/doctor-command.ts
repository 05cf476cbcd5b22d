// `doctor`: looks at everything the program needs before a customer finds out. Each line says what
// was seen, and under a ✗ or a ! what to do. What hangs on a database that is away is not guessed at.

import { connect, type Database } from '#adapters/postgres/database.ts';
import { withDatabaseUrl } from './books.ts';
import type { Answer, Cli, CliConfig } from './cli.ts';
import { attention, type Check, type CheckStatus, check } from './doctor-check.ts';
import {
  checkClock,
  checkConnections,
  checkRights,
  checkSchema,
  checkVersion,
} from './doctor-database.ts';
import { checkChromium, checkDisk, checkFiles, checkMail, checkProxy } from './doctor-places.ts';
import { checkStripe } from './doctor-stripe.ts';
import { checkWork } from './doctor-work.ts';
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
    return answerOf(await configurationFault(error));
  }
  const [where, database, stripe, ...others] = await Promise.all([
    checkConfiguration(config),
    databaseChecks(config),
    checkStripe(config),
    checkChromium(config),
    checkFiles(config),
    checkDisk(config),
    checkMail(config),
  ]);
  const proxy = await checkProxy(config, database.partnerHost);
  return answerOf([where, ...database.checks, ...stripe, ...others, ...proxy]);
}

function checkConfiguration({ environment, publicUrl }: CliConfig): Promise<Check> {
  return check(['configuration', 'Configuration'], 'Voyez le message.', async () => {
    const detail = PLACES[environment];
    if (environment !== 'production' || publicUrl.startsWith('https://')) return { detail };
    const action = fr`Donnez dans PUBLIC_URL l’adresse https:// que Stripe et les clients appellent.`;
    return attention(fr`${detail}, PUBLIC_URL : ${publicUrl}`, action);
  });
}

type DatabaseChecks = {
  readonly checks: readonly Check[];
  /** Of the first partner that would be called; null when there is none. */
  readonly partnerHost: string | null;
};

async function databaseChecks(config: CliConfig): Promise<DatabaseChecks> {
  const found: Check[] = [];
  let partnerHost: string | null = null;
  const reach = await check(['database', 'PostgreSQL'], actionFor(config), () =>
    withDatabaseUrl(config, async (url) => {
      const db = connect(url, { connectionsMax: 2 });
      try {
        const version = await checkVersion(db);
        found.push(version);
        if (!version.ok) return { detail: '' };
        found.push(await checkRights(db), await checkConnections(db), await checkClock(db));
        const schema = await checkSchema(config, url);
        found.push(schema);
        if (schema.ok) {
          found.push(...(await checkWork(db, config)));
          partnerHost = await firstPartnerHost(db, config);
        }
      } finally {
        await db.destroy();
      }
      return { detail: '' };
    }),
  );
  const isCut = !reach.ok && found.some(({ name }) => name === 'database');
  const cut = isCut ? [{ ...reach, name: 'tables', title: 'Tables' }] : [];
  return { checks: found.length > 0 ? [...found, ...cut] : [reach], partnerHost };
}

async function firstPartnerHost(db: Database, { environment }: CliConfig): Promise<string | null> {
  const column = environment === 'production' ? 'production_url' : 'staging_url';
  const row = await db
    .selectFrom('partner')
    .select(`${column} as url`)
    .where(column, 'is not', null)
    .orderBy('slug')
    .limit(1)
    .executeTakeFirst();
  return URL.parse(row?.url ?? '')?.hostname ?? null;
}

function actionFor({ databaseUrl, dataDir }: CliConfig): string {
  return databaseUrl === null
    ? `Voyez ${dataDir}/postgres.log.`
    : 'Démarrez PostgreSQL, ou corrigez l’adresse.';
}

async function configurationFault(error: unknown): Promise<readonly Check[]> {
  const { faults, sentence } = reportOf(error);
  const detail = faults.length > 0 ? faults.join('\n') : sentence;
  const action = fr`Corrigez ces variables ; les autres vérifications viendront ensuite.`;
  return [
    await check(['configuration', 'Configuration'], action, async () => ({ detail, action })),
  ];
}

function answerOf(checks: readonly Check[]): Answer {
  const isFailure = checks.some(({ ok }) => !ok);
  const isQuiet = checks.every(({ status }) => status === 'ok');
  const verdict = isFailure
    ? fr`Il y a quelque chose à faire.`
    : isQuiet
      ? 'Tout va bien.'
      : fr`Rien de cassé ; ce qui est marqué ! attend que vous le regardiez.`;
  const lines = checks.map(lineOf).join('\n');
  return { json: { ok: !isFailure, checks }, text: `${lines}\n\n${verdict}`, isFailure };
}

const TITLE_WIDTH = 14;
const MARKS: Readonly<Record<CheckStatus, string>> = { ok: '✓', attention: '!', fault: '✗' };

function lineOf({ title, status, detail, action }: Check): string {
  const indent = ' '.repeat(TITLE_WIDTH + 4);
  const seen = printable(detail)
    .split('\n')
    .map((line) => wrapped(line, indent))
    .join('\n')
    .trimStart();
  const head = `${MARKS[status]} ${title.padEnd(TITLE_WIDTH)}  ${seen}`;
  return action === null ? head : `${head}\n${wrapped(`→ ${action}`, indent)}`;
}
