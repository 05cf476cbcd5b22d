// The Koa application: every route in one list. What a route needs is built in compose.ts.

import Router from '@koa/router';
import Koa, { type Middleware } from 'koa';
import type { DirectoryFiles } from '#adapters/files/directory-files.ts';
import { signedFiles } from './files.ts';
import { live, type Readiness, ready } from './health.ts';
import { type StripeWebhookNeeds, stripeWebhook } from './stripe-webhook.ts';

export type HttpNeeds = {
  readonly webhook: StripeWebhookNeeds;
  readonly readiness: Readiness;
  /** Null when links lead elsewhere (S3). */
  readonly files: DirectoryFiles | null;
  /** The sandbox's pages, mounted after the rest; null outside the sandbox. */
  readonly sandbox: Middleware | null;
  readonly log: { error(fields: object, message: string): void };
};

export function httpApp(needs: HttpNeeds): Koa {
  const router = new Router();
  router.post('/webhooks/stripe', stripeWebhook(needs.webhook));
  router.get('/health/live', live);
  router.get('/health/ready', ready(needs.readiness));
  if (needs.files) router.get('/files/{*path}', signedFiles(needs.files));

  const app = new Koa();
  app.on('error', (error) => needs.log.error({ err: error }, 'a request failed'));
  app.use(onlyOurErrors(needs.log));
  app.use(leavingClients(needs.readiness));
  app.use(router.routes());
  app.use(router.allowedMethods());
  if (needs.sandbox) app.use(needs.sandbox);
  return app;
}

// While the program stops, each answer asks its client to come back on another connection, which
// then leads to another process.
function leavingClients({ isStopping }: Readiness): Middleware {
  return async (ctx, next) => {
    await next();
    if (isStopping()) ctx.set('Connection', 'close');
  };
}

// Nothing of an error's text leaves the house.
function onlyOurErrors(log: HttpNeeds['log']): Middleware {
  return async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      log.error({ err: error, path: ctx.path }, 'a request failed');
      ctx.status = 500;
      ctx.type = 'text/plain; charset=utf-8';
      ctx.body = 'Cette page n’a pas pu s’afficher ; rien n’a été modifié. Réessayez.';
    }
  };
}
