// What the demo partner received, request by request: what a partner's engineer would want to see
// of us. Bodies are set out for reading with every value as received; all of it is hostile text.

import type Router from '@koa/router';
import { setPageHeaders } from '#adapters/pages/page-guard.ts';
import type { DemoPartner, ReceivedRequest, Verdict } from './demo-partner.ts';
import { exactJson } from './exact-json.ts';
import { behavioursView } from './home-view.ts';
import { pageTemplate } from './page-templates.ts';
import { fileSize, type InstantView, instantView } from './page-words.ts';

type RequestView = {
  readonly id: string;
  readonly open: boolean;
  readonly at: InstantView;
  readonly orderId: number | null;
  readonly taken: boolean;
  readonly icon: string;
  readonly word: string;
  readonly status: number | null;
  readonly headers: ReceivedRequest['headers'];
  readonly body: string;
  readonly size: string;
  readonly answer: string;
};

const partnerPage = pageTemplate<{
  readonly heading: string;
  readonly orderAsked: string | null;
  readonly requests: readonly RequestView[];
  readonly partner: ReturnType<typeof behavioursView>;
}>('partner');

const WORDS: { readonly [V in Verdict]: string } = {
  accepted: 'Acceptée',
  repeated: 'Déjà traitée',
  'wrong-key': 'Refusée, clé API fausse',
  'wrong-signature': 'Refusée, signature fausse',
  'too-old': 'Refusée, signature trop ancienne',
  'not-json': 'Refusée, pas de JSON',
  'unknown-event': 'Refusée, événement inconnu',
  'as-told': 'Incident simulé',
};

const REQUESTS_SHOWN = 50;
const OPEN_WHEN_ONE_ORDER = 6;

export function partnerRoutes(router: Router, partner: DemoPartner): void {
  router.get('/sandbox/partner', (ctx) => {
    const asked = /^\d{1,15}$/.exec(String(ctx.query.commande ?? ''))?.[0] ?? null;
    const all = partner.requests();
    const found = asked === null ? all : all.filter(({ orderId }) => orderId === Number(asked));
    const openCount = asked === null ? 1 : OPEN_WHEN_ONE_ORDER;
    setPageHeaders(ctx);
    ctx.type = 'html';
    ctx.body = partnerPage({
      title: 'Partenaire de démonstration',
      place: 'partner',
      refresh: false,
      heading: headingOf(found.length, asked),
      orderAsked: asked,
      requests: found.slice(0, REQUESTS_SHOWN).map((it, at) => viewOf(it, at < openCount)),
      partner: behavioursView(partner.behaviour()),
    });
  });
}

function headingOf(count: number, order: string | null): string {
  const what = order === null ? '' : ` pour la commande n°\u00A0${order}`;
  if (count === 0) return `Le partenaire de démonstration n’a rien reçu${what}`;
  const requests = count === 1 ? 'une requête' : `${count} requêtes`;
  return `Le partenaire de démonstration a reçu ${requests}${what}`;
}

function viewOf(request: ReceivedRequest, open: boolean): RequestView {
  const { id, orderId, headers, verdict, status, answer } = request;
  const taken = verdict === 'accepted' || verdict === 'repeated';
  return {
    ...{ id, orderId, headers, status, answer, taken, open },
    at: instantView(new Date(request.receivedAt)),
    icon: taken ? 'check' : verdict === 'as-told' ? 'flask' : 'alert',
    word: WORDS[verdict],
    body: exactJson(request.body),
    size: fileSize(Buffer.byteLength(request.body)),
  };
}
