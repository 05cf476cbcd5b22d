// `serve`, `web` and `worker`: start the program, say where it is, and let it end in good order. The
// answer is printed when it is ready; from then on only its log speaks, on stderr.

import { createLog } from '#adapters/logging.ts';
import type { Answer, Cli, CliConfig, Roles, Running } from './cli.ts';
import { Fault, misuse } from './faults.ts';
import { facts, fr } from './layout.ts';
import { writeServerNote } from './server-file.ts';
import { untilSignal } from './signals.ts';

/** Runs until a signal ends it. Null: the answer was printed on the way. */
export async function serve(cli: Cli, roles: Roles): Promise<Answer | null> {
  const { config, start } = cli.configure();
  mustStandAlone(config, roles);
  const readable = process.stderr.isTTY === true;
  const log = createLog({
    level: config.logLevel,
    readable,
    to: 'stderr',
    ...(cli.logFields && { fields: cli.logFields }),
  });
  let crashed: Running['crashed'];
  cli.onCrash((error) => {
    log.fatal({ err: error }, 'the program crashed');
    return crashed?.(error);
  });

  let starting = true;
  const signalled = untilSignal(() => {
    log.warn('a second signal: ending at once');
    process.exit(1);
  });
  const early = signalled.then((signal) => {
    if (starting) log.info({ signal }, 'will end as soon as it has started');
  });
  const running = await start(roles, log);
  crashed = running.crashed;
  starting = false;
  try {
    const takeBack = await announce(cli, config, roles, running);
    await early;
    takeBack();
    log.info({ signal: await signalled }, 'ending: work under way is finished first');
  } finally {
    await running.stop();
  }
  log.info('ended');
  return null;
}

// Two processes on an embedded database, or on a Stripe inside one of them, would not meet.
function mustStandAlone({ databaseUrl, stripe }: CliConfig, roles: Roles): void {
  if (roles.web && roles.worker) return;
  const missing = [
    ...(databaseUrl === null ? ['DATABASE_URL'] : []),
    ...(stripe === null ? ['STRIPE_SECRET_KEY'] : []),
  ];
  if (missing.length === 0) return;
  const role = roles.web ? 'web' : 'worker';
  const names = missing.join(' et ');
  throw misuse(
    fr`« ${role} » seul a besoin de ${names} ; sans cela, « serve » fait les deux à la fois.`,
  );
}

const PLACES = {
  sandbox: 'bac à sable',
  staging: 'préproduction',
  production: 'production',
} as const;

async function announce(
  cli: Cli,
  config: CliConfig,
  roles: Roles,
  { url }: Running,
): Promise<() => void> {
  const { environment } = config;
  const { pid } = process;
  let takeBack = () => {};
  if (url !== null) {
    takeBack = await writeServerNote(config.dataDir, { url, pid }).catch((cause: Error) => {
      throw new Fault(fr`server.json ne peut pas être écrit : ${cause.message}`, 1, { cause });
    });
    process.on('exit', takeBack);
  }
  const text = url === null ? workerText(config) : webText(config, roles, url);
  cli.print({ json: { url, pid, environment, roles }, text });
  return takeBack;
}

function workerText({ environment }: CliConfig): string {
  return fr`ComptAppart (${PLACES[environment]}) : la file est au travail.`;
}

function webText(config: CliConfig, roles: Roles, url: string): string {
  if (config.environment === 'sandbox') return sandboxText(url);
  const rows: [string, string][] = [
    ['Adresse', url],
    ['Webhook Stripe', `${config.publicUrl}/webhooks/stripe`],
    ['File', roles.worker ? 'traitée ici' : 'traitée par « worker »'],
  ];
  return `${fr`ComptAppart (${PLACES[config.environment]}) est prêt.`}\n\n${facts(rows, '  ')}`;
}

function sandboxText(url: string): string {
  const rows: [string, string][] = [
    ['Acheter', `${url}/`],
    ['ou', 'npx comptappart sandbox buy'],
    ['Boîte aux lettres', `${url}/sandbox/mailbox`],
    ['Partenaire', `${url}/sandbox/partner`],
  ];
  return [
    fr`Votre bac à sable est prêt : ${url}`,
    `\n${facts(rows, '  ')}\n`,
    fr`Rien n’en sort : ni vrai paiement, ni vrai e-mail. Ctrl-C l’arrête.`,
  ].join('\n');
}
