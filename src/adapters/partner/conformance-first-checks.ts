// What the first valid order tells of an endpoint, without another call: whether it can be reached safely,
// takes the order, in time and at this very address.

import { duration } from '#adapters/french.ts';
import { fr } from '#adapters/typeset.ts';
import type { DeliveryAnswer } from '#application/ports.ts';
import type { Probe } from './conformance.ts';
import { type Check, type CheckResult, mustAccept, result, seen } from './conformance-verdict.ts';

/** From here on a notification is in danger of its deadline on a bad day. */
const SLOW_MS = 5_000;

/** In the order in which they are read. */
export const FIRST_CHECKS: readonly Check[] = [
  { key: 'https', title: fr`HTTPS et certificat`, run: async (probe) => httpsOf(probe) },
  {
    key: 'accepted',
    title: fr`Commande valide : réponse 2xx`,
    run: async ({ first }) => mustAccept(first.answer, mendOf(first.answer)),
  },
  { key: 'in-time', title: fr`Réponse en moins de 10 s`, run: async (probe) => inTime(probe) },
  { key: 'no-redirect', title: fr`Aucune redirection`, run: async (probe) => noRedirect(probe) },
];

function httpsOf({ url, first }: Probe): CheckResult {
  const { outcome, detail, statusCode } = first.answer.report;
  if (outcome === 'tls' || outcome === 'blocked-address') {
    const mend =
      outcome === 'tls'
        ? fr`Installez un certificat valable pour ${url.hostname}, avec toute sa chaîne (TLS 1.2 au moins).`
        : fr`Donnez-nous une adresse HTTPS joignable depuis Internet, avec un nom de domaine.`;
    return result(first.answer, 'failed', { evidence: detail ?? outcome, mend });
  }
  if (url.protocol !== 'https:') {
    const evidence = fr`L’adresse est en HTTP, toléré ici pour des essais locaux.`;
    const mend = fr`En préproduction et en production, HTTPS est exigé.`;
    return result(first.answer, 'advice', { evidence, mend });
  }
  if (statusCode === null && outcome !== 'timeout') {
    const evidence = fr`Aucune liaison n’a été établie : rien n’a pu être vérifié.`;
    return result(first.answer, 'skipped', { evidence });
  }
  const evidence = fr`Certificat valable pour ${url.hostname}.`;
  return result(first.answer, 'passed', { evidence });
}

function inTime({ first: { answer } }: Probe): CheckResult {
  const { outcome, durationMs, detail } = answer.report;
  const mend = fr`Enregistrez la commande, répondez 2xx, et faites le travail long ensuite.`;
  if (outcome === 'timeout') {
    return result(answer, 'failed', { evidence: detail ?? fr`Aucune réponse en 10 s.`, mend });
  }
  if (outcome !== 'accepted') {
    return result(answer, 'skipped', { evidence: fr`Sans réponse 2xx, il n’y a rien à mesurer.` });
  }
  const evidence = fr`Réponse en ${duration(durationMs)}.`;
  return durationMs < SLOW_MS
    ? result(answer, 'passed', { evidence })
    : result(answer, 'advice', { evidence, mend });
}

function noRedirect({ first: { answer } }: Probe): CheckResult {
  const { outcome, response, statusCode } = answer.report;
  if (outcome === 'redirect') {
    const to = response?.headers.location;
    const evidence = to === undefined ? seen(answer) : fr`Réponse ${statusCode} vers ${to}`;
    const mend = fr`Les redirections ne sont pas suivies : donnez-nous l’adresse finale.`;
    return result(answer, 'failed', { evidence, mend });
  }
  const evidence = statusCode === null ? fr`Aucune réponse à examiner.` : fr`Aucune redirection.`;
  return result(answer, statusCode === null ? 'skipped' : 'passed', { evidence });
}

/** What to do about a valid order that was not taken. */
function mendOf({ report: { outcome, statusCode } }: DeliveryAnswer): string {
  if (statusCode === 401 || statusCode === 403) {
    return fr`Vérifiez que votre serveur attend la clé et le secret convenus avec nous.`;
  }
  switch (outcome) {
    case 'refused':
      return fr`Le corps de votre réponse devrait dire ce qui manque ; comparez à la documentation.`;
    case 'server-error':
      return fr`Cherchez l’erreur dans le journal de votre serveur, à l’heure de cet appel.`;
    case 'redirect':
      return fr`Donnez-nous l’adresse finale, souvent avec ou sans « / » à la fin.`;
    case 'timeout':
      return fr`Répondez avant le traitement long ; vérifiez pare-feu et charge du serveur.`;
    case 'dns':
      return fr`Publiez le nom dans le DNS, ou corrigez l’adresse.`;
    case 'tls':
      return fr`Voyez le certificat ci-dessus.`;
    case 'bad-answer':
      return fr`La réponse n’est pas du HTTP : un serveur d’une autre sorte écoute sur ce port.`;
    default:
      return fr`Vérifiez que le serveur tourne et que son pare-feu laisse passer nos appels.`;
  }
}
