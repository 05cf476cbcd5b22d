// What one hanging partner costs the others. The whole program (one web process, one worker) takes
// purchases of five partners at a steady rate; in turn, round after round, all of them answer, or one
// takes every request and says nothing. Measured is the way from the webhook's sending to the
// request at the other four; the ratio of the two p99 is the figure, the times are only its parts.
//
//   node bench/isolation.ts [--json] [--quick] [--rounds 6] [--seconds 20] [--rate N]

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { newSeed } from '#chaos/chance.ts';
import { delay, until } from '#chaos/waiting.ts';
import { startWorld, type World } from '#chaos/world.ts';
import { figure, note, quantile, tellReport } from './figures.ts';

/** Times in ms. */
type Arm = { readonly p50: number; readonly p99: number; readonly calls: number };
type Round = { readonly without: Arm; readonly hanging: Arm; readonly ratio: number };

const WANTED_RATE = 50;
const LIMIT = 1.1;
const OTHERS = ['cabinet-1', 'cabinet-2', 'cabinet-3', 'cabinet-4'];
const HANGS = 'cabinet-qui-pend';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    rate: { type: 'string' },
  },
});
const rounds = Number(values.rounds ?? (values.quick ? 2 : 6));
const seconds = Number(values.seconds ?? (values.quick ? 6 : 20));

const folder = await mkdtemp(join(tmpdir(), 'bench-isolation-'));
const world = await startWorld({
  ...{ folder, seed: newSeed(), webs: 1, workers: 1, partners: [...OTHERS, HANGS] },
  ...{ partnerFaultsMax: 0, mailFaultRate: 0, partnerLatencyMs: [1, 3], mailLatencyMs: [0, 2] },
  // As in production: what hangs does so for ten seconds and is not tried again meanwhile.
  env: { PARTNER_TIMEOUT_MS: '10000', PARTNER_RETRY_DELAYS_S: '300,1800', LOG_LEVEL: 'error' },
});
try {
  const capacity = await ordersPerSecond(world, values.quick ? 60 : 200);
  const rate = Number(values.rate ?? Math.min(WANTED_RATE, Math.floor(capacity / 2)));
  const measured: Round[] = [];
  await arm(world, rate, 3, false); // not counted: caches and the like
  for (let round = 0; round < rounds; round += 1) {
    const order = round % 2 === 0 ? [false, true] : [true, false];
    const arms = new Map<boolean, Arm>();
    for (const isHanging of order) arms.set(isHanging, await arm(world, rate, seconds, isHanging));
    const [without, hanging] = [arms.get(false) as Arm, arms.get(true) as Arm];
    measured.push({ without, hanging, ratio: hanging.p99 / without.p99 });
  }
  report(capacity, rate, measured);
} finally {
  await world.close();
  await rm(folder, { recursive: true, force: true });
}
process.exit(0);

function report(capacity: number, rate: number, measured: readonly Round[]): void {
  const why =
    rate < WANTED_RATE ? ` (half of what this machine sustains, ${capacity.toFixed(0)}/s)` : '';
  note(`${rate} orders/s${why}, ${seconds} s an arm; ms from webhook to request`);
  const p99 = (of: 'without' | 'hanging') => ({
    ...{ unit: 'ms', better: 'less' as const, rounds: measured.map((it) => it[of].p99) },
  });
  const ratios = measured.map(({ ratio }) => ratio);
  const figures = [
    figure('others’ p99, hanging ÷ without', {
      ...{ unit: '×', better: 'less', limit: LIMIT, rounds: ratios },
    }),
    figure('others’ p99, all answer', p99('without')),
    figure('others’ p99, one hangs', p99('hanging')),
  ];
  tellReport({ figures, details: { rate, capacity, rounds: measured } }, values);
}

/** What the machine does when it has all it can do, mail and PDF included. */
async function ordersPerSecond(
  { shop, sender, partners, chance }: World,
  count: number,
): Promise<number> {
  const buyers = chance('capacity');
  const sold = Array.from({ length: count }, () => shop.sellOne(buyers.pick(OTHERS)));
  const startedAt = performance.now();
  const calls = () => partners.reduce((sum, it) => sum + it.calls.length, 0);
  await sender.send(
    sold.flatMap(({ events }) => events),
    { copies: 1, spreadMs: 0 },
  );
  await until('the burst is worked off', () => calls() >= count, { withinMs: 300_000 });
  return (count * 1000) / (performance.now() - startedAt);
}

async function arm(
  world: World,
  rate: number,
  forSeconds: number,
  isHanging: boolean,
): Promise<Arm> {
  const { shop, sender, partners } = world;
  const sick = partners.find(({ slug }) => slug === HANGS);
  const well = partners.filter((it) => it !== sick);
  const from = well.map(({ calls }) => calls.length);
  sick?.hang(isHanging);
  const slugs = [...OTHERS, HANGS];
  const count = Math.round(rate * forSeconds);
  const startedAt = new Map<string, number>();
  const sending: Promise<void>[] = [];
  const begun = performance.now();
  for (let n = 0; n < count; n += 1) {
    const wait = begun + (n * 1000) / rate - performance.now();
    if (wait > 1) await delay(wait);
    const slug = slugs[n % slugs.length] as string;
    const { events } = shop.sellOne(slug);
    if (slug !== HANGS) for (const { id } of events) startedAt.set(id, Date.now());
    sending.push(sender.send(events, { copies: 1, spreadMs: 0 }));
  }
  await Promise.all(sending);
  const mine = () => well.flatMap(({ calls }, at) => calls.slice(from[at]));
  await until('the others are called', () => mine().length >= startedAt.size, {
    withinMs: 120_000,
  });
  sick?.hang(false);
  const ms = mine().map(({ eventId, at }) => at.getTime() - (startedAt.get(eventId) ?? 0));
  await until('its queue is empty', () => isIdle(world), { withinMs: 120_000, everyMs: 200 });
  return { p50: quantile(ms, 0.5), p99: quantile(ms, 0.99), calls: ms.length };
}

/** Nothing is due; what timed out waits for its five minutes. */
async function isIdle({ db }: World): Promise<boolean> {
  const { rows } = await db.query<{ open: number }>(`select count(*)::int as open
    from notification where state = 'sending' or state = 'queued' and next_attempt_at < now()`);
  return rows[0]?.open === 0;
}
