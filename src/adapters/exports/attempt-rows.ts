// Attempts for a partner's own people. Keys are masked when an attempt is recorded; here they are
// masked once more, with whatever would open a link, because this file leaves the house.

import type { PartnerAttempt } from '#adapters/postgres/attempt-log.ts';
import { cell } from './csv.ts';

export const ATTEMPT_COLUMNS: readonly string[] = [
  ...['Notification', 'Commande', 'Tentative', 'Série', 'Début', 'Fin', 'Durée (ms)', 'Issue'],
  ...['Code', 'Détail', 'URL', 'En-têtes envoyés', 'Corps envoyé', 'En-têtes reçus'],
  ...['Corps reçu', 'Corps coupé', 'Données effacées'],
];

const SECRET_HEADER = /^(x-api-key|authorization|proxy-authorization|cookie|set-cookie)$/i;
const MASK = '•••';

/** The attempt as one JSON object: instants in ISO 8601 UTC, secrets masked. */
export function attemptRecord(attempt: PartnerAttempt): object {
  const { requestHeaders, responseHeaders, requestBody, responseBody, ...plain } = attempt;
  return {
    ...plain,
    requestHeaders: maskedHeaders(requestHeaders),
    requestBody: maskedLinks(requestBody),
    responseHeaders: maskedHeaders(responseHeaders),
    responseBody: maskedLinks(responseBody),
  };
}

/** The cells of one attempt, in the order of ATTEMPT_COLUMNS. */
export function attemptRow(it: PartnerAttempt): (string | number | null)[] {
  const headers = (given: PartnerAttempt['requestHeaders']) => {
    const masked = maskedHeaders(given);
    return masked && cell(JSON.stringify(masked));
  };
  return [
    ...[it.notificationId, it.orderId, it.number, it.round],
    it.startedAt.toISOString(),
    it.endedAt?.toISOString() ?? null,
    ...[it.durationMs, it.outcome, it.statusCode],
    cell(it.detail),
    cell(it.requestUrl),
    headers(it.requestHeaders),
    cell(maskedLinks(it.requestBody)),
    headers(it.responseHeaders),
    cell(maskedLinks(it.responseBody)),
    it.responseTruncated ? 'oui' : null,
    it.isPurged ? 'oui' : null,
  ];
}

function maskedHeaders(
  headers: PartnerAttempt['requestHeaders'],
): Readonly<Record<string, string>> | null {
  if (headers === null) return null;
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, SECRET_HEADER.test(name) ? MASK : value]),
  );
}

// A signed link to an invoice opens it for whoever holds it.
function maskedLinks(text: string | null): string | null {
  return text?.replace(/((?:X-Amz-Signature|signature)=)[^&"\\\s]+/gi, `$1${MASK}`) ?? null;
}
