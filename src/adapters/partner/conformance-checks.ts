// The checks of the partner guide that make calls of their own: what each sends and what its answer means.
// What the contract demands can fail; what is only wise, or cannot be told apart from outside (does nobody
// verify the signature, or does the key suffice?), is advice.

import { randomBytes } from 'node:crypto';
import { duration } from '#adapters/french.ts';
import { fr } from '#adapters/typeset.ts';
import type { Probe } from './conformance.ts';
import type { ExampleOrder } from './conformance-examples.ts';
import {
  type Check,
  type CheckResult,
  isRefusal,
  mustAccept,
  result,
  seen,
} from './conformance-verdict.ts';
import { newSigningSecret } from './standard-webhooks.ts';

/** As many as we have under way at one partner at a time. */
const TOGETHER = 8;

/** In the order in which they are made; the last looks back at the one before. */
export const CHECKS: readonly Check[] = [
  {
    key: 'repeat',
    title: fr`Même commande deux fois : 2xx`,
    run: async ({ send, first }) =>
      mustAccept(
        await send(first.order),
        fr`Reconnaissez order_id : si la commande existe déjà, répondez 200 sans rien refaire.`,
      ),
  },
  {
    key: 'null-fields',
    title: fr`Prénom, nom et téléphone nuls acceptés`,
    run: async ({ send, example }) =>
      mustAccept(
        await send(example('null-fields')),
        fr`first_name, last_name et phone peuvent être null : n’exigez que l’e-mail.`,
      ),
  },
  {
    key: 'several-products',
    title: fr`Plusieurs produits acceptés`,
    run: async ({ send, example }) =>
      mustAccept(
        await send(example('several-products')),
        fr`products est une liste : une ligne ou plusieurs, de quantités diverses, parfois gratuites.`,
      ),
  },
  {
    key: 'extra-field',
    title: fr`Champ en plus accepté`,
    run: async ({ send, example }) =>
      mustAccept(
        await send(withExtraFields(example('standard'))),
        fr`Ignorez les champs inconnus : le format peut en gagner, il n’en perdra pas.`,
      ),
  },
  {
    key: 'big',
    title: fr`Très longue commande (200 lignes) acceptée`,
    run: async ({ send, example }) =>
      mustAccept(
        await send(example('big')),
        fr`Acceptez des corps d’au moins 100 ko et répondez avant le traitement long.`,
      ),
  },
  { key: 'together', title: fr`8 appels à la fois : 2xx`, run: together },
  { key: 'unknown-event', title: fr`Type d’événement inconnu`, run: unknownEvent },
  { key: 'bad-json', title: fr`JSON illisible refusé`, run: badJson },
  { key: 'wrong-signature', title: fr`Signature fausse refusée`, run: wrongSignature },
  { key: 'wrong-key', title: fr`Clé fausse : 401`, run: wrongKey },
];

async function together({ send, example }: Probe): Promise<CheckResult> {
  const orders = Array.from({ length: TOGETHER }, () => example('standard'));
  const answers = await Promise.all(orders.map((order) => send(order)));
  const slowest = answers.reduce((a, b) => (a.report.durationMs > b.report.durationMs ? a : b));
  const bad = answers.filter(({ result: it }) => it !== 'accepted');
  if (bad[0]) {
    const evidence = fr`${bad.length} sur ${TOGETHER} sans 2xx ; la première : ${seen(bad[0])}`;
    const mend = fr`Nous avons jusqu’à ${TOGETHER} appels en cours à la fois : prévoyez-les.`;
    return result(bad[0], 'failed', { evidence, mend });
  }
  const took = duration(slowest.report.durationMs);
  return result(slowest, 'passed', {
    evidence: fr`${TOGETHER} réponses 2xx, la dernière en ${took}.`,
  });
}

async function unknownEvent({ send, example }: Probe): Promise<CheckResult> {
  const order = example('standard');
  const body = order.body.replace('"order.created"', '"order.test_unknown"');
  const answer = await send(order, { body });
  if (isRefusal(answer)) return result(answer, 'passed', { evidence: seen(answer) });
  const mend =
    answer.result === 'accepted'
      ? fr`Vérifiez qu’un type inconnu n’a créé aucune commande ; 400 serait plus clair.`
      : fr`Répondez 400 à un type inconnu : une erreur 5xx nous ferait insister.`;
  return result(answer, 'advice', { evidence: seen(answer), mend });
}

async function badJson({ send, example }: Probe): Promise<CheckResult> {
  const order = example('standard');
  const answer = await send(order, { body: order.body.slice(0, -40) });
  if (isRefusal(answer)) return result(answer, 'passed', { evidence: seen(answer) });
  const mend =
    answer.result === 'accepted'
      ? fr`Un corps coupé a reçu 2xx : lisez le JSON avant de répondre que la commande est prise.`
      : fr`Répondez 400 à un corps illisible : une erreur 5xx nous ferait insister.`;
  return result(answer, 'advice', { evidence: seen(answer), mend });
}

async function wrongSignature({ send, example }: Probe): Promise<CheckResult> {
  const answer = await send(example('standard'), { signingSecret: newSigningSecret() });
  if (isRefusal(answer)) return result(answer, 'passed', { evidence: seen(answer) });
  const mend =
    answer.result === 'accepted'
      ? fr`Une signature fausse a été acceptée : vérifiez webhook-signature pour être sûr de l’origine.`
      : fr`Répondez 401 quand la signature est fausse.`;
  return result(answer, 'advice', { evidence: seen(answer), mend });
}

async function wrongKey(probe: Probe): Promise<CheckResult> {
  if (probe.apiKey === null) {
    const evidence = fr`Aucune clé d’API n’est convenue.`;
    return { verdict: 'skipped', evidence, mend: null, statusCode: null, durationMs: null };
  }
  const apiKey = randomBytes(24).toString('base64url');
  const answer = await probe.send(probe.example('standard'), { apiKey });
  const { statusCode } = answer.report;
  if (statusCode === 401 || statusCode === 403) {
    return result(answer, 'passed', { evidence: seen(answer) });
  }
  if (isRefusal(answer)) {
    const mend = fr`Le refus est bon ; 401 dit mieux pourquoi.`;
    return result(answer, 'passed', { evidence: seen(answer), mend });
  }
  if (answer.result !== 'accepted') {
    const mend = fr`Répondez 401 quand la clé est fausse : une erreur 5xx nous ferait insister.`;
    return result(answer, 'failed', { evidence: seen(answer), mend });
  }
  // Who verifies the signature needs no key; who verifies neither takes orders from anybody.
  const isSigned = probe.verdictOf('wrong-signature') === 'passed';
  return result(answer, isSigned ? 'advice' : 'failed', {
    evidence: fr`Une clé fausse a été acceptée (${seen(answer)})`,
    mend: isSigned
      ? fr`Vous vérifiez la signature : la clé n’ajoute rien, ou vérifiez X-API-KEY aussi.`
      : fr`Comparez X-API-KEY à la clé convenue et répondez 401 si elle diffère.`,
  });
}

function withExtraFields(order: ExampleOrder): ExampleOrder {
  const data = JSON.parse(order.body);
  data.customer.test_extra = 'champ inconnu';
  data.test_extra = { since: '2030-01-01', list: [1, 2, 3] };
  return { ...order, body: JSON.stringify(data) };
}
