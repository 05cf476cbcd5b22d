// The sandbox's routes, for a person with a browser (with or without script) and for the CLI, on
// the same addresses. A purchase is started by a POST and then only looked at: closing the window
// changes nothing.

import Router from '@koa/router';
import type { Context, Middleware } from 'koa';
import type { Mailbox } from '#adapters/email/mailbox.ts';
import { refuseCrossSite, setPageHeaders } from '#adapters/pages/page-guard.ts';
import type { Database } from '#adapters/postgres/database.ts';
import type { Clock, FileStore } from '#application/ports.ts';
import type { SandboxProduct } from './catalogue.ts';
import { BEHAVIOURS, type Behaviour, type DemoPartner } from './demo-partner.ts';
import {
  behavioursView,
  type JourneyView,
  journeyView,
  type LatestView,
  latestView,
  shopView,
  type Told,
} from './home-view.ts';
import { mailboxRoutes } from './mailbox-pages.ts';
import { pageTemplate, partTemplate } from './page-templates.ts';
import { partnerRoutes } from './partner-page.ts';
import { purchaseFacts } from './purchase-facts.ts';
import { purchaseStory } from './purchase-story.ts';
import type { BasketFault, Purchase, Purchases } from './purchases.ts';
import { basketOf, type Fields, readFields } from './request-input.ts';
import type { Scenario } from './scenario.ts';
import { SCENARIOS, scenarioOf } from './scenarios.ts';
import { staticAsset } from './static-assets.ts';

export type SandboxPagesNeeds = {
  readonly db: Database;
  readonly files: Pick<FileStore, 'signedUrl'>;
  readonly purchases: Purchases;
  readonly catalogue: readonly SandboxProduct[];
  readonly partner: DemoPartner;
  /** Null when EMAIL_URL sends mail out of the house. */
  readonly mailbox: Mailbox | null;
  readonly publicUrl: string;
  readonly clock: Clock;
};

const LATEST_SHOWN = 8;

type BuyFault = BasketFault | 'unknown-scenario' | 'unreadable';

const FAULTS: { readonly [F in BuyFault]: string } = {
  empty: 'Rien n’a été choisi.',
  'unknown-product': 'Ce produit n’est pas au catalogue du bac à sable.',
  'unknown-scenario': 'Ce scénario n’existe pas.',
  'bad-quantity': 'La quantité doit être un nombre entier de 1 à 1000.',
  unreadable: 'La demande n’est ni un formulaire ni du JSON.',
};

const homePage = pageTemplate<{
  readonly shop: ReturnType<typeof shopView>;
  readonly journey: JourneyView;
  readonly latest: LatestView;
  readonly partner: ReturnType<typeof behavioursView>;
  readonly scenarios: readonly Pick<Scenario, 'slug' | 'title'>[];
}>('home');
const liveParts = partTemplate<{
  readonly journey: JourneyView;
  readonly latest: LatestView | null;
}>('live');
const problemPage = pageTemplate<{ readonly heading: string; readonly text: string }>('problem');

export function sandboxPages(needs: SandboxPagesNeeds): Middleware {
  const router = new Router();
  const ownSiteOnly = refuseCrossSite(needs.publicUrl);
  router.get('/', home(needs));
  router.get('/favicon.ico', staticAsset('icon.svg'));
  router.get('/sandbox/assets/:name', staticAsset());
  router.get('/sandbox/purchases/:id', purchaseJourney(needs));
  router.get('/sandbox/purchases/:id/live', livePurchase(needs));
  router.post('/sandbox/buy', ownSiteOnly, buy(needs));
  router.post('/sandbox/partner/behaviour', ownSiteOnly, behave(needs.partner));
  router.post('/sandbox/partner/orders', needs.partner.receive);
  partnerRoutes(router, needs.partner);
  mailboxRoutes(router, needs.mailbox);
  const routes = router.routes() as unknown as Middleware;
  return async (ctx, next) => {
    await routes(ctx, next);
    // Koa's own answer to an unknown address is four English words.
    const unknown = ctx.status === 404 && ctx.body == null && ctx.method === 'GET';
    if (unknown && ctx.accepts(['html', 'json']) === 'html') {
      sendProblem(ctx, 404, 'Cette page n’existe pas', 'L’adresse est fausse, ou trop ancienne.');
    }
  };
}

function home(needs: SandboxPagesNeeds): Middleware {
  const shop = shopView(needs.catalogue);
  return async (ctx) => {
    const newest = needs.purchases.newest(LATEST_SHOWN);
    const asked =
      typeof ctx.query.achat === 'string' ? needs.purchases.find(ctx.query.achat) : null;
    const shown = asked ?? newest[0];
    const told = await Promise.all(newest.map((purchase) => tell(needs, purchase)));
    const main =
      shown &&
      (told.find(({ purchase }) => purchase.id === shown.id) ?? (await tell(needs, shown)));
    setPageHeaders(ctx);
    ctx.type = 'html';
    ctx.body = homePage({
      title: 'Bac à sable',
      place: 'home',
      refresh: main !== undefined && !main.story.done,
      shop,
      journey: journeyView(main ?? null),
      latest: latestView(told),
      partner: behavioursView(needs.partner.behaviour()),
      scenarios: SCENARIOS,
    });
  };
}

function buy(needs: SandboxPagesNeeds): Middleware {
  const { main } = shopView(needs.catalogue);
  return async (ctx) => {
    const fields = await readFields(ctx);
    const bought = fields ? await boughtBy(needs.purchases, fields, main.id) : 'unreadable';
    if (typeof bought === 'string') {
      if (!wantsJson(ctx)) return sendProblem(ctx, 422, 'Achat impossible', FAULTS[bought]);
      ctx.status = 422;
      ctx.body = { error: FAULTS[bought] };
      return;
    }
    if (!wantsJson(ctx)) {
      ctx.status = 303;
      return ctx.redirect(`/?achat=${bought.id}`);
    }
    const { id: purchaseId, sessionId, eventIds } = bought;
    ctx.status = 201;
    ctx.body = { purchaseId, sessionId, eventIds };
  };
}

/** A scenario, or the products of the catalogue. */
async function boughtBy(
  purchases: Purchases,
  fields: Fields,
  productByDefault: string,
): Promise<Purchase | BuyFault> {
  const basket = basketOf(fields, productByDefault);
  if (typeof fields.scenario !== 'string' || fields.scenario === '') return purchases.buy(basket);
  const scenario = scenarioOf(fields.scenario);
  return scenario ? purchases.play(scenario, basket.buyer) : 'unknown-scenario';
}

/** JSON for programs; people are led to the page that shows it. */
function purchaseJourney(needs: SandboxPagesNeeds): Middleware {
  return async (ctx) => {
    const purchase = needs.purchases.find(String(ctx.params.id));
    if (!wantsJson(ctx)) return ctx.redirect(purchase ? `/?achat=${purchase.id}` : '/');
    ctx.set('Cache-Control', 'no-store');
    if (!purchase) {
      ctx.status = 404;
      ctx.body = { error: 'Cet achat est inconnu.' };
      return;
    }
    const { facts, story } = await tell(needs, purchase);
    const { id: purchaseId, ...rest } = purchase;
    ctx.body = {
      purchaseId,
      ...rest,
      done: story.done,
      succeeded: story.succeeded,
      totalMs: story.totalMs,
      steps: story.steps.map(({ name, state, title, badge, text, doneMs }) => {
        const said = badge ? `${badge.word}. ${text ?? ''}`.trimEnd() : text;
        return { name, state, title, text: said, ms: doneMs };
      }),
      pdfUrl: facts.pdfUrl,
      journey: facts.journey,
    };
  };
}

/** The parts of the page that change while a purchase is under way, for the page's script. */
function livePurchase(needs: SandboxPagesNeeds): Middleware {
  return async (ctx) => {
    const purchase = needs.purchases.find(String(ctx.params.id));
    setPageHeaders(ctx);
    if (!purchase) {
      ctx.status = 404;
      return;
    }
    const told = await tell(needs, purchase);
    const newest = told.story.done ? needs.purchases.newest(LATEST_SHOWN) : null;
    const latest = newest && (await Promise.all(newest.map((it) => tell(needs, it))));
    ctx.type = 'html';
    ctx.body = liveParts({ journey: journeyView(told), latest: latest && latestView(latest) });
  };
}

function behave(partner: DemoPartner): Middleware {
  return async (ctx) => {
    const wanted = (await readFields(ctx))?.behaviour;
    const how = BEHAVIOURS.find((it): it is Behaviour => it === wanted);
    if (!how)
      return sendProblem(ctx, 422, 'Choix inconnu', 'Le partenaire ne sait pas faire cela.');
    partner.behave(how);
    ctx.status = 303;
    ctx.redirect('/#casser');
  };
}

async function tell(needs: SandboxPagesNeeds, purchase: Purchase): Promise<Told> {
  const now = needs.clock.now();
  const facts = await purchaseFacts(needs, purchase.eventIds, now);
  return { purchase, facts, story: purchaseStory(purchase, facts, now) };
}

function wantsJson(ctx: Context): boolean {
  return ctx.accepts(['json', 'html']) === 'json';
}

function sendProblem(ctx: Context, status: number, heading: string, text: string): void {
  setPageHeaders(ctx);
  ctx.status = status;
  ctx.type = 'html';
  ctx.body = problemPage({ title: heading, place: null, refresh: false, heading, text });
}
