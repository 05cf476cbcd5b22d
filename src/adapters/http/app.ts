// The Koa application: every route in one list. What a route needs is built in compose.ts.

import Router from '@koa/router';
import Koa, { type Middleware } from 'koa';
import type { DirectoryFiles } from '#adapters/files/directory-files.ts';
import { signedFiles } from './files.ts';
import { live, type Readiness, ready } from './health.ts';
import { type SesWebhookNeeds, sesWebhook } from './sns-webhook.ts';
import { type StripeWebhookNeeds, stripeWebhook } from './stripe-webhook.ts';

export type HttpNeeds = {
  readonly webhook: StripeWebhookNeeds;
  /** Not served when there are no topics. */
  readonly sesWebhook: SesWebhookNeeds | null;
  readonly readiness: Readiness;
  /** Null when links lead elsewhere (S3). */
  readonly files: DirectoryFiles | null;
  /** `/dashboard`, `/portal` and what belongs to them; null where nobody looks. */
  readonly pages: Middleware | null;
  /** The sandbox's pages, mounted after the rest; null outside the sandbox. */
  readonly sandbox: Middleware | null;
  readonly log: { error(fields: object, message: string): void };
  /** A request failed on our side. */
  readonly onFault?: (error: unknown) => void;
  /** A webhook was answered after so long. */
  readonly onWebhook?: (statusCode: number, durationMs: number) => void;
};

export function httpApp(needs: HttpNeeds): Koa {
  const router = new Router();
  router.post('/webhooks/stripe', timed(stripeWebhook(needs.webhook), needs.onWebhook));
  if (needs.sesWebhook?.topicArns.length) {
    router.post('/webhooks/ses', sesWebhook(needs.sesWebhook));
  }
  router.get('/health/live', live);
  router.get('/health/ready', ready(needs.readiness));
  if (needs.files) router.get('/files/{*path}', signedFiles(needs.files));

  const app = new Koa();
  app.on('error', (error) => needs.log.error({ err: error }, 'a request failed'));
  app.use(onlyOurErrors(needs));
  app.use(leavingClients(needs.readiness));
  app.use(router.routes());
  app.use(router.allowedMethods());
  if (needs.pages) app.use(needs.pages);
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

function timed(webhook: Middleware, onWebhook: HttpNeeds['onWebhook']): Middleware {
  return async (ctx, next) => {
    const startedAt = performance.now();
    await webhook(ctx, next);
    onWebhook?.(ctx.status, performance.now() - startedAt);
  };
}

// Nothing of an error's text leaves the house.
function onlyOurErrors({ log, onFault }: HttpNeeds): Middleware {
  return async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      log.error({ err: error, path: ctx.path }, 'a request failed');
      onFault?.(error);
      ctx.status = 500;
      ctx.type = 'text/plain; charset=utf-8';
      ctx.body = 'Cette page n’a pas pu s’afficher ; rien n’a été modifié. Réessayez.';
    }
  };
}
