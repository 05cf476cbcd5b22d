// GET /api/partner/v1/notifications: what a partner's programs pull, so that an endpoint that was down for
// a weekend loses nothing. Each notification comes once, in the order of release, with the very body of
// the call and a fresh link to the invoice. The token says whose it is; nothing in the address can.

import type Router from '@koa/router';
import type { Context } from 'koa';
import type { DashboardNeeds } from '#adapters/dashboard/needs.ts';
import { tokenOwner } from '#adapters/postgres/portal/portal-tokens.ts';
import {
  type FeedItem,
  type FeedPlace,
  feedItem,
  feedPage,
} from '#adapters/postgres/portal/pull-feed.ts';
import { fr } from '#adapters/typeset.ts';
import type { InvoiceNumber } from '#domain/invoice-number.ts';
import { orderCreatedBody } from '#domain/order-created.ts';
import type { PartnerSlug } from '#domain/partner.ts';
import { cursorText, placeOf } from './feed-cursor.ts';
import { partnerState } from './partner-words.ts';
import { requestQuota } from './request-quota.ts';

export const NOTIFICATIONS_PATH = '/api/partner/v1/notifications';
export const LIMIT_DEFAULT = 50;
export const LIMIT_MAX = 100;
export const REQUESTS_PER_MINUTE = 120;
const REQUESTS_AT_ONCE = 30;
const LINK_LIFE_MS = 24 * 3_600_000;

export type PartnerApiOptions = {
  /** For tests: see `feedPage`. */
  readonly clocksApartMs?: number;
  readonly quota?: { readonly burst: number; readonly perMinute: number };
};

export function partnerApiRoutes(
  router: Router,
  needs: DashboardNeeds,
  { clocksApartMs, quota: given }: PartnerApiOptions = {},
): void {
  const quota = requestQuota(given ?? { burst: REQUESTS_AT_ONCE, perMinute: REQUESTS_PER_MINUTE });

  const admitted = async (ctx: Context): Promise<PartnerSlug | null> => {
    ctx.set('Cache-Control', 'no-store');
    ctx.set('X-Content-Type-Options', 'nosniff');
    const now = needs.clock.now();
    const [, token] = /^Bearer +([\w-]{20,200})$/i.exec(ctx.get('authorization')) ?? [];
    const owner = token ? await tokenOwner(needs.db, token, now) : null;
    if (!owner) {
      const problem = token ? ', error="invalid_token"' : '';
      ctx.set('WWW-Authenticate', `Bearer realm="comptappart"${problem}`);
      refuse(ctx, 401, 'unauthorized', 'Jeton absent, inconnu ou révoqué.');
      return null;
    }
    const wait = quota.take(owner.id, now.getTime());
    if (!wait) return owner.slug;
    ctx.set('Retry-After', String(wait.waitS));
    refuse(ctx, 429, 'too_many_requests', fr`Trop de demandes : attendez ${wait.waitS} s.`);
    return null;
  };

  router.get(NOTIFICATIONS_PATH, async (ctx) => {
    const slug = await admitted(ctx);
    if (slug === null) return;
    const asked = askedOf(ctx);
    if ('code' in asked) return refuse(ctx, 400, asked.code, asked.message);
    const options = { limit: asked.limit, ...(clocksApartMs !== undefined && { clocksApartMs }) };
    const { items, more } = await feedPage(needs.db, slug, asked.after, options);
    const last = items.at(-1)?.place ?? asked.after;
    answer(ctx, {
      data: await Promise.all(items.map((item) => itemJson(needs, item))),
      next_cursor: cursorText(last),
      has_more: more,
    });
  });

  router.get(`${NOTIFICATIONS_PATH}/:id`, async (ctx) => {
    const slug = await admitted(ctx);
    if (slug === null) return;
    const item = await feedItem(needs.db, slug, String(ctx.params.id));
    if (!item) return refuse(ctx, 404, 'not_found', 'Aucune notification de ce nom chez vous.');
    answer(ctx, await itemJson(needs, item));
  });

  for (const path of [NOTIFICATIONS_PATH, `${NOTIFICATIONS_PATH}/:id`]) {
    router.all(path, (ctx) => {
      ctx.set('Allow', 'GET, HEAD');
      refuse(ctx, 405, 'method_not_allowed', 'Cette adresse ne se lit qu’avec GET.');
    });
  }
  router.all('/api/partner/{*path}', (ctx) =>
    refuse(ctx, 404, 'not_found', 'Cette adresse n’existe pas : voyez /docs.'),
  );
}

type Asked =
  | { readonly after: FeedPlace | null; readonly limit: number }
  | { readonly code: string; readonly message: string };

function askedOf({ query }: Context): Asked {
  const { since = '', limit = String(LIMIT_DEFAULT) } = query;
  const n = typeof limit === 'string' && /^\d{1,3}$/.test(limit) ? Number(limit) : 0;
  if (n < 1 || n > LIMIT_MAX) {
    return { code: 'invalid_limit', message: fr`limit est un nombre de 1 à ${LIMIT_MAX}.` };
  }
  if (since === '') return { after: null, limit: n };
  const place = typeof since === 'string' ? placeOf(since) : undefined;
  if (place === undefined) {
    const message = fr`since n’est pas un curseur : reprenez next_cursor tel quel.`;
    return { code: 'invalid_cursor', message };
  }
  return { after: place, limit: n };
}

async function itemJson({ files, clock }: DashboardNeeds, item: FeedItem): Promise<object> {
  const { order, invoiceNumber, pdfKey } = item;
  const linkEnd = new Date(clock.now().getTime() + LINK_LIFE_MS);
  const body =
    order &&
    orderCreatedBody(order, invoiceNumber as InvoiceNumber, await files.signedUrl(pdfKey, linkEnd));
  const state = partnerState(item.state);
  return {
    id: item.id,
    event: 'order.created',
    order_id: item.orderId,
    state,
    created_at: item.createdAt,
    delivered_at: item.completedAt,
    next_attempt_at: state === 'pending' ? item.nextAttemptAt : null,
    payload: body && JSON.parse(body),
    attempts: item.attempts.map((attempt) => ({
      number: attempt.number,
      started_at: attempt.startedAt,
      ended_at: attempt.endedAt,
      duration_ms: attempt.durationMs,
      outcome: attempt.outcome,
      status_code: attempt.statusCode,
    })),
  };
}

function answer(ctx: Context, json: object): void {
  ctx.status = 200;
  ctx.type = 'application/json; charset=utf-8';
  ctx.body = JSON.stringify(json);
}

function refuse(ctx: Context, status: number, code: string, message: string): void {
  ctx.status = status;
  ctx.type = 'application/json; charset=utf-8';
  ctx.body = JSON.stringify({ error: { code, message } });
}
