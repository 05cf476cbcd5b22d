// Two questions a load balancer asks. Live: is the process answering at all? Ready: shall it get
// requests? Not while the database is away, and not while it is stopping.

import type { Middleware } from 'koa';

export type Readiness = {
  /** Resolves when the database answers; throws otherwise. */
  readonly checkDatabase: () => Promise<void>;
  readonly isStopping: () => boolean;
};

export const live: Middleware = (ctx) => {
  ctx.body = { status: 'live' };
};

export function ready({ checkDatabase, isStopping }: Readiness): Middleware {
  return async (ctx) => {
    const problem = isStopping() ? 'stopping' : await checkDatabase().then(none, () => 'database');
    ctx.status = problem === null ? 200 : 503;
    ctx.body = problem === null ? { status: 'ready' } : { status: 'not ready', problem };
  };
}

const none = () => null;
