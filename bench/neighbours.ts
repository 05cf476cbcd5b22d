// The world around the program, in one process of its own and as light as it can be: what it uses of
// the machine is taken from the program under measurement. A Stripe that answers with the sandbox's
// own answers, ids replaced; a mail server that takes everything; partners that say 200 at once.
// Started by bench-world.ts, which asks it over IPC what has arrived.

import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { ENABLED_EVENTS } from '#adapters/sandbox/stripe-account-objects.ts';
import { purchase } from '#adapters/sandbox/stripe-purchase.ts';
import { startSandboxStripe } from '#adapters/sandbox/stripe-server.ts';

/** What the process says first. */
export type Opened = {
  readonly stripe: string;
  readonly smtpPort: number;
  readonly partnersPort: number;
  /** An event of each partner's sale of so many lines, by `<partner>/<lines>`. */
  readonly events: Readonly<Record<string, Template>>;
};
/** JSON in which these ids stand for those of one purchase. */
export type Template = {
  readonly json: string;
  readonly eventId: string;
  readonly sessionId: string;
};

/** Since the last time it was asked. `calls`: the order's event and when, in epoch ms. */
export type Arrived = {
  readonly calls: readonly (readonly [eventId: string, at: number])[];
  readonly mails: number;
  readonly stripeRequests: number;
};

const [secretKey = '', partnerList = '', lineList = '1'] = process.argv.slice(2);
const stripeSent = { requests: 0 };
const mailed = { count: 0 };
let calls: [string, number][] = [];

const sandbox = await startSandboxStripe({
  dataFile: null,
  secretKey,
  webhookSecret: 'whsec_unused',
  webhookUrl: () => 'http://127.0.0.1:9/nobody',
  enabledEvents: [],
});
const events: Record<string, Template> = {};
const intentOf = new Map<string, string>();
for (const partner of partnerList.split(',')) {
  for (const lines of lineList.split(',').map(Number)) sellTemplate(partner, lines);
}
const [stripe, smtp, partners] = await Promise.all([openStripe(), openSmtp(), openPartners()]);
process.on('message', () => {
  const arrived: Arrived = {
    calls,
    mails: mailed.count,
    stripeRequests: stripeSent.requests,
  };
  calls = [];
  mailed.count = 0;
  stripeSent.requests = 0;
  process.send?.(arrived);
});
process.on('disconnect', () => process.exit(0));
process.send?.({
  stripe: `http://127.0.0.1:${stripe}`,
  smtpPort: smtp,
  partnersPort: partners,
  events,
} satisfies Opened);

function sellTemplate(partner: string, lines: number): void {
  const items = Array.from({ length: lines }, (_, index) => {
    const productId = `prod_Bench${partner.replace(/[^a-z0-9]/g, '')}n${index}`;
    const about = { name: `Déclaration de revenus, formule ${index + 1}`, description: null };
    const price = { unitAmountCents: 99_99 - index * 1000, currency: 'eur', interval: null };
    sandbox.putProduct({ id: productId, partner, ...about, ...price });
    return { productId, quantity: 1 };
  });
  const { sessionId, events: made } = purchase(
    sandbox.store,
    { mode: 'payment', items },
    new Date(),
  );
  const completed = made.find(({ type }) => ENABLED_EVENTS.includes(String(type)));
  const session = sandbox.store.findKind('checkout.session', sessionId);
  if (!completed || !session) throw new Error('the sandbox sold nothing');
  const json = JSON.stringify(completed, null, 2);
  events[`${partner}/${lines}`] = { json, eventId: completed.id, sessionId };
  intentOf.set(sessionId, String(session.payment_intent));
}

/** A session's id is its template's and a number: `cs_test_…N7`. Anything else goes to the sandbox. */
async function openStripe(): Promise<number> {
  const known = new Map<string, Promise<readonly string[]>>();
  const server = createHttpServer(async (request, response) => {
    stripeSent.requests += 1;
    const url = new URL(request.url ?? '/', 'http://stripe.invalid');
    const [, template, number] = /^\/v1\/checkout\/sessions\/(\w+)N(\d+)$/.exec(url.pathname) ?? [];
    if (template === undefined) {
      const { status, body } = await ask(request, `${url.pathname}${url.search}`);
      response.writeHead(status, { 'content-type': 'application/json' }).end(body);
      return;
    }
    const path = `/v1/checkout/sessions/${template}${url.search}`;
    let parts = known.get(path);
    if (parts === undefined) {
      const cut = RegExp(`(?<=${template}|${intentOf.get(template)})`);
      parts = ask(request, path).then(({ body }) => body.split(cut));
      known.set(path, parts);
    }
    const body = (await parts).join(`N${number}`);
    response.writeHead(200, { 'content-type': 'application/json' }).end(body);
  });
  server.keepAliveTimeout = 60_000;
  return listening(server);
}

async function ask(
  { headers }: IncomingMessage,
  path: string,
): Promise<{ readonly status: number; readonly body: string }> {
  const { authorization = '', 'stripe-version': version = '' } = headers;
  const answer = await fetch(new URL(path, sandbox.apiBase), {
    headers: { authorization, 'stripe-version': String(version) },
  });
  return { status: answer.status, body: await answer.text() };
}

async function openPartners(): Promise<number> {
  const server = createHttpServer(async (request, response) => {
    const at = Date.now();
    const body = await text(request);
    calls.push([/"event_id":\s*"([^"]+)"/.exec(body)?.[1] ?? '', at]);
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"success":true}');
  });
  server.keepAliveTimeout = 60_000;
  return listening(server);
}

async function openSmtp(): Promise<number> {
  return listening(createTcpServer(serveMail));
}

/** As much of SMTP as one client needs who sends one mail after another. */
function serveMail(socket: Socket): void {
  let isData = false;
  let line = '';
  let tail = '';
  socket.setNoDelay(true);
  socket.on('error', () => {});
  socket.write('220 mail.bench ESMTP\r\n');
  socket.on('data', (chunk) => {
    if (isData) {
      // Base64 and quoted-printable never write a dot alone on a line; the end comes by itself.
      tail = `${tail}${chunk.subarray(-5).toString('latin1')}`.slice(-5);
      if (tail !== '\r\n.\r\n') return;
      isData = false;
      mailed.count += 1;
      socket.write(`250 2.0.0 Ok: queued as ${mailed.count}\r\n`);
      return;
    }
    line += chunk.toString('latin1');
    for (let end = line.indexOf('\r\n'); end >= 0; end = line.indexOf('\r\n')) {
      const command = line.slice(0, end).toUpperCase();
      line = line.slice(end + 2);
      isData = command === 'DATA';
      tail = '';
      socket.write(replyTo(command));
      if (command === 'QUIT') socket.end();
    }
  });
}

function replyTo(command: string): string {
  if (command === 'DATA') return '354 go on\r\n';
  if (command === 'QUIT') return '221 bye\r\n';
  return command.startsWith('EHLO') ? '250-mail.bench\r\n250 SIZE 50000000\r\n' : '250 ok\r\n';
}

async function listening(server: {
  listen(port: number, host: string): unknown;
  address(): AddressInfo | string | null;
  on(event: string, listener: () => void): unknown;
}): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server as never, 'listening');
  return (server.address() as AddressInfo).port;
}
