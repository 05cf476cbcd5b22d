// `sandbox buy`: a purchase in the sandbox, followed step by step to the partner. It goes through
// the running program if there is one, over the addresses its pages use; else it starts the whole
// program on a free port for as long as the purchase takes.

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { folderOfUrl } from '#adapters/email/mailer-of-url.ts';
import { duration } from '#adapters/french.ts';
import type { PaymentJourney } from '#adapters/postgres/payment-journey.ts';
import { CATALOGUE } from '#adapters/sandbox/catalogue.ts';
import { exactJson } from '#adapters/sandbox/exact-json.ts';
import type { StepName } from '#adapters/sandbox/purchase-story.ts';
import { SCENARIOS, scenarioOf } from '#adapters/sandbox/scenarios.ts';
import type { Answer, Cli, CliConfig, Configured } from './cli.ts';
import { Fault, misuse } from './faults.ts';
import { fr, indented, printable, wrapped } from './layout.ts';
import { livingServer } from './server-file.ts';

export type BuyOptions = {
  readonly product?: string;
  readonly subscription?: boolean;
  readonly quantity?: number;
  /** A scenario's slug or letter, instead of a product. */
  readonly scenario?: string;
};

/** What `GET /sandbox/purchases/:id` answers. */
type PurchaseView = {
  readonly purchaseId: string;
  readonly sessionId: string | null;
  readonly eventIds: readonly string[];
  readonly done: boolean;
  readonly succeeded: boolean;
  /** From the click to the last step done. */
  readonly totalMs: number | null;
  readonly steps: readonly {
    readonly name: StepName;
    readonly state: 'todo' | 'doing' | 'done' | 'waiting' | 'trouble';
    readonly title: string;
    readonly text: string | null;
    /** From the click; null before it is done. */
    readonly ms: number | null;
  }[];
  readonly journey: PaymentJourney | null;
};

const LOOK_EVERY_MS = 40;
/** A first start unpacks Chromium; nothing else takes seconds. */
const GIVE_UP_MS = 60_000;

export async function sandboxBuy(cli: Cli, options: BuyOptions): Promise<Answer> {
  const configured = cli.configure();
  const { config } = configured;
  if (config.environment !== 'sandbox') {
    throw misuse(fr`« sandbox buy » n’existe que dans le bac à sable, sans STRIPE_SECRET_KEY.`);
  }
  const wanted = wantedBy(options);
  const running = await livingServer(config.dataDir);
  if (running) return follow(cli, config, running.url, wanted);
  return withProgram(cli, configured, (url) => follow(cli, config, url, wanted));
}

type Wanted =
  | { readonly product: string; readonly quantity: number }
  | { readonly scenario: string };

function wantedBy(options: BuyOptions): Wanted {
  const { scenario, quantity = 1 } = options;
  if (scenario === undefined) return { product: productOf(options), quantity };
  const found = scenarioOf(scenario);
  if (found) return { scenario: found.slug };
  const all = SCENARIOS.map(({ letter, slug }) => (letter === null ? slug : `${letter} ${slug}`));
  throw misuse(fr`Scénario inconnu : ${scenario}. Il y a : ${all.join(', ')}.`);
}

function productOf({ product, subscription = false }: BuyOptions): string {
  const sold = CATALOGUE.filter(({ interval }) => (interval !== null) === subscription);
  if (product === undefined) {
    const [first] = sold;
    if (!first) throw new Error('the sandbox sells nothing of the kind');
    return first.id;
  }
  const ids = (subscription ? sold : CATALOGUE).map(({ id }) => id);
  if (ids.includes(product)) return product;
  throw misuse(fr`Produit inconnu : ${product}. Au catalogue : ${ids.join(', ')}.`);
}

async function withProgram<T>(
  cli: Cli,
  { start }: Configured,
  work: (url: string) => Promise<T>,
): Promise<T> {
  cli.remark(fr`Aucun programme ne tourne sur ces données : il démarre le temps de l’achat.`);
  const running = await start({ web: true, worker: true }, await cli.log(), { port: 0 });
  try {
    if (running.url === null) throw new Error('the program has no address');
    return await work(running.url);
  } finally {
    await running.stop();
  }
}

async function follow(cli: Cli, config: CliConfig, url: string, wanted: Wanted): Promise<Answer> {
  const { purchaseId } = await ask<{ readonly purchaseId: string }>(`${url}/sandbox/buy`, {
    method: 'POST',
    headers: { accept: 'application/json', 'content-type': 'application/json' },
    body: JSON.stringify(wanted),
  });
  const told = new Set<string>();
  const deadline = performance.now() + GIVE_UP_MS;
  for (;;) {
    const view = await ask<PurchaseView>(`${url}/sandbox/purchases/${purchaseId}`, {
      headers: { accept: 'application/json' },
    });
    const files = await filesOf(config, view.journey);
    for (const step of view.steps) {
      const isSettled = step.state === 'done' || (view.done && step.state !== 'todo');
      if (!isSettled || told.has(step.name)) continue;
      told.add(step.name);
      cli.say(stepText(step, view.journey, files));
    }
    if (view.done) {
      const isFailure = !view.succeeded;
      return { json: { ...view, files }, text: closing(view), isFailure };
    }
    if (performance.now() > deadline) {
      throw new Fault(
        fr`L’achat ${purchaseId} n’est pas allé au bout en une minute : voyez ${url}/.`,
      );
    }
    await delay(LOOK_EVERY_MS);
  }
}

async function ask<T>(url: string, request: RequestInit): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(url, { ...request, signal: AbortSignal.timeout(GIVE_UP_MS) });
  } catch (cause) {
    throw new Fault(fr`Le programme ne répond plus à ${url}.`, 1, { cause });
  }
  const text = await answer.text();
  if (!answer.ok) {
    const said = URL.canParse(url) && text.startsWith('{') ? JSON.parse(text).error : undefined;
    throw new Fault(said ?? fr`Le programme a répondu ${answer.status} à ${url}.`);
  }
  return JSON.parse(text) as T;
}

type Files = {
  /** On this machine; null while there is none, or when it is kept elsewhere. */
  readonly pdf: string | null;
  readonly mail: string | null;
  /** The PDFs of the credit notes, in their order. */
  readonly creditNotes: readonly (string | null)[];
};

async function filesOf(config: CliConfig, journey: PaymentJourney | null): Promise<Files> {
  const order = journey?.orders[0];
  const mail = order?.notifications.find(({ channel }) => channel === 'email');
  const stored = async (key: string | null | undefined) =>
    key && config.storageUrl.startsWith('file:')
      ? existing(join(config.storageUrl.slice('file:'.length), key))
      : null;
  const credits = journey?.orders.flatMap(({ creditNotes }) => creditNotes) ?? [];
  return {
    pdf: await stored(order?.pdfKey),
    creditNotes: await Promise.all(credits.map(({ pdfKey }) => stored(pdfKey))),
    mail: mail && mail.completedAt !== null ? await mailFile(config, mail.id) : null,
  };
}

async function mailFile(config: CliConfig, notificationId: string): Promise<string | null> {
  const url = config.emailUrl.reveal();
  if (!url.startsWith('file:')) return null;
  const dir = folderOfUrl(url);
  const names = await readdir(dir).catch(() => []);
  // One that was interrupted and repeated is there twice; the newest sorts last.
  const name = names
    .filter((it) => it.endsWith(`-${notificationId}.eml`))
    .sort()
    .at(-1);
  return name === undefined ? null : join(dir, name);
}

async function existing(path: string): Promise<string | null> {
  return (await stat(path).catch(() => null)) ? path : null;
}

const SYMBOLS = { done: '✓', trouble: '✗', waiting: '…', doing: '…', todo: ' ' } as const;
const TIME_WIDTH = 8;

function stepText(
  step: PurchaseView['steps'][number],
  journey: PurchaseView['journey'],
  files: Files,
): string {
  const time = (step.ms === null ? '' : duration(step.ms)).padStart(TIME_WIDTH);
  const indent = ' '.repeat(TIME_WIDTH + 4);
  const lines = [`${SYMBOLS[step.state]} ${time}  ${printable(step.title)}`];
  if (step.text !== null && step.state !== 'done') lines.push(wrapped(step.text, indent));
  if (step.name === 'invoice' && files.pdf) lines.push(indent + files.pdf);
  if (step.name === 'email' && files.mail) lines.push(indent + files.mail);
  if (step.name === 'webhook') lines.push(...requestLines(journey, indent));
  const credit = files.creditNotes[Number(step.name.split('credit-note-')[1]) - 1];
  if (credit) lines.push(indent + credit);
  return lines.join('\n');
}

/** The partner's request, with its JSON as it was sent. */
function requestLines(journey: PurchaseView['journey'], indent: string): string[] {
  const webhook = journey?.orders[0]?.notifications.find(({ channel }) => channel === 'webhook');
  const attempt = webhook?.attempts.at(-1);
  if (!attempt?.requestUrl) return [];
  const answered = attempt.statusCode === null ? '' : ` → ${attempt.statusCode}`;
  return [
    `${indent}POST ${attempt.requestUrl}${answered}`,
    ...(attempt.requestBody === null ? [] : [indented(exactJson(attempt.requestBody), indent)]),
  ];
}

function closing({ succeeded, totalMs, steps, journey }: PurchaseView): string {
  const orders = journey?.orders.length ?? 0;
  if (succeeded && orders === 0) return fr`\nComme prévu : aucune commande, aucune facture.`;
  if (succeeded && orders > 1) {
    return fr`\nDu paiement aux partenaires : ${orders} commandes, ${orders} factures.`;
  }
  const credits = journey?.orders.flatMap(({ creditNotes }) => creditNotes).length ?? 0;
  const end = credits === 0 ? 'au partenaire' : credits === 1 ? 'à son avoir' : 'à ses avoirs';
  if (succeeded) return fr`\nDu paiement ${end} en ${duration(totalMs ?? 0)}.`;
  return steps.some(({ state }) => state === 'trouble')
    ? fr`\nArrêté en route : l’étape marquée ✗ dit pourquoi.`
    : fr`\nPas encore fini : le programme reprendra de lui-même s’il tourne.`;
}
