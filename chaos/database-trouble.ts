// A database that answers and cannot write: switched to read-only (a failover that went half way),
// or with a full disk. Webhooks get 503 and come back, nothing is lost, and all heals by itself.

import { execFile } from 'node:child_process';
import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import type { Verdict } from './checker.ts';
import type { Sold } from './shop.ts';
import { rest, verdictOf } from './storm.ts';
import { delay, until } from './waiting.ts';
import { startWorld, type World } from './world.ts';

export type Trouble = 'read-only' | 'full';

export type TroubleReport = {
  /** Webhooks that were answered while the trouble lasted, by status (`null`: not at all). */
  readonly during: Readonly<Record<string, number>>;
  /** From the end of the trouble until the last webhook was accepted. */
  readonly acceptedAfterMs: number;
  /** … and until nothing was left to do. */
  readonly healedAfterMs: number;
  readonly verdict: Verdict;
};

export type TroubleOptions = {
  readonly folder: string;
  readonly seed: number;
  readonly trouble: Trouble;
  /** How long it lasts. */
  readonly lastsMs: number;
};

const FULL_DISK_MIB = 200;

/** `full` needs root and the right to mount: null, when it cannot be had. */
export async function databaseTrouble(options: TroubleOptions): Promise<TroubleReport | null> {
  const databaseFolder = join(options.folder, 'database');
  const isFull = options.trouble === 'full';
  if (isFull && !(await mountSmallDisk(databaseFolder))) return null;
  try {
    const world = await startWorld({
      ...{ ...options, databaseFolder },
      ...{ webs: 0, workers: 0, serve: true, partners: ['cabinet'] },
      ...{ partnerFaultsMax: 0, mailFaultRate: 0 },
    });
    try {
      return await suffer(
        world,
        options,
        isFull ? fullDisk(world, databaseFolder) : readOnly(world),
      );
    } finally {
      await world.close();
    }
  } finally {
    if (isFull) await promisify(execFile)('umount', ['-l', databaseFolder]);
  }
}

type Ailment = { begin(): Promise<void>; end(): Promise<void> };

async function suffer(
  world: World,
  { lastsMs }: TroubleOptions,
  ailment: Ailment,
): Promise<TroubleReport> {
  const sold: Sold[] = [];
  const sending: Promise<void>[] = [];
  const buy = () => {
    const it = world.shop.sellOne('cabinet');
    sold.push(it);
    sending.push(world.sender.send(it.events, { copies: 1, spreadMs: 0 }));
  };
  buy();
  await until('the first is accepted', () => world.sender.accepted.size === 1);
  await ailment.begin();
  const from = world.sender.posted.length;
  for (const end = Date.now() + lastsMs; Date.now() < end; ) {
    buy();
    await delay(100);
  }
  const during: Record<string, number> = {};
  for (const { status } of world.sender.posted.slice(from)) {
    during[String(status)] = (during[String(status)] ?? 0) + 1;
  }
  await ailment.end();
  const endedAt = performance.now();
  await Promise.all(sending);
  const acceptedAfterMs = Math.round(performance.now() - endedAt);
  await rest(world, 120_000);
  const healedAfterMs = Math.round(performance.now() - endedAt);
  return { during, acceptedAfterMs, healedAfterMs, verdict: await verdictOf(world, sold) };
}

function readOnly(world: World): Ailment {
  const say = async (statement: string) => {
    const client = new pg.Client({ connectionString: world.postgres.url });
    await client.connect();
    await client.query(statement);
    await client.query('select pg_reload_conf()');
    await client.end();
  };
  return {
    begin: () => say('alter system set default_transaction_read_only = on'),
    end: () => say('alter system reset default_transaction_read_only'),
  };
}

/** A file that takes what is left of the disk. The server may fall over it: then it is restarted. */
function fullDisk(world: World, folder: string): Ailment {
  const filler = join(folder, 'filler');
  let isKeptUp = true;
  const keepUp = async () => {
    while (isKeptUp) {
      if (!world.postgres.isUp()) await world.postgres.start().catch(() => {});
      await delay(500);
    }
  };
  return {
    async begin() {
      await using file = await open(filler, 'w');
      const piece = Buffer.alloc(64 * 1024);
      try {
        for (;;) await file.write(piece);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      }
    },
    async end() {
      await rm(filler);
      void keepUp();
      await until('the server is up', () => world.postgres.isUp());
      isKeptUp = false;
    },
  };
}

async function mountSmallDisk(folder: string): Promise<boolean> {
  if (process.getuid?.() !== 0) return false;
  await mkdir(folder, { recursive: true });
  const options = ['-t', 'tmpfs', '-o', `size=${FULL_DISK_MIB}m,mode=0700`, 'tmpfs', folder];
  return promisify(execFile)('mount', options).then(
    () => true,
    () => false,
  );
}
