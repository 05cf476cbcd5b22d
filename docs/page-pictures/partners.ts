// The four partners of the pictures' shop, and the people and machines around it. Their endpoints are one
// small server here, reached under addresses that look like theirs; how each answers is for the day
// to say.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { PartnerClient } from '#adapters/partner/partner-client.ts';
import type { PartnerChanges } from '#adapters/postgres/partner-registry.ts';
import type { AttemptReport, DeliveryAnswer } from '#application/ports.ts';
import { svgLogo } from '../../test/support/invoices.ts';

/** What a partner's server says to a call; 200 or null: what it says itself, checks and all. */
export type Says = (slug: string) => { readonly status: number; readonly ms: number } | null;

const sail = Buffer.from(svgLogo.bytes).toString();
const warmSail = sail
  .replace('fill="#0b7a75"', 'fill="#e8590c"')
  .replace('#13b5a8', '#ff922b')
  .replaceAll('#0b3d3a', '#3b2314');
const mark = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 46 15">
  <path fill="#1b2f6b" d="M0 0H15V4H4V15H0Z"/><path fill="#4c78d8" d="M6 6H12V9.4H9.4V15H6Z"/>
  <path fill="none" stroke="#1b2f6b" stroke-width="1.8" d="M20 13V3h6M20 8h5M30 3v10M35 13V8a3 3 0 0 1 6 0"/>
</svg>`;
const svg = (text: string) => ({ mediaType: 'image/svg+xml', bytes: Buffer.from(text) }) as const;

export const PARTNERS: Readonly<Record<string, PartnerChanges & { readonly name: string }>> = {
  fiscalia: {
    ...{ name: 'Fiscalia', color: '#1b2f6b', logo: svg(mark) },
    ...{ contactEmail: 'bonjour@fiscalia.example', contactPhone: '02 40 00 00 00' },
    website: 'https://fiscalia.example/',
  },
  'cap-patrimoine': {
    ...{ name: 'Cap Patrimoine', color: '#ff6a00', logo: svg(warmSail) },
    ...{
      contactEmail: 'contact@cap-patrimoine.example',
      website: 'https://cap-patrimoine.example',
    },
  },
  tournesol: {
    ...{ name: 'Tournesol & Associés', color: '#ffd400' },
    contactEmail: 'contact@tournesol.example',
  },
  'clair-bail': {
    ...{ name: 'Clair Bail', color: '#0b7a75' },
    ...{ contactEmail: 'support@clair-bail.example', contactPhone: '04 72 00 00 00' },
  },
};

/** Where the program calls that partner. */
export const addressOf = (slug: string): string => `https://api.${slug}.example/commandes`;

/**
 * Calls of partners as the program makes them, to a server of our own. `passed` hears how long each
 * call takes: nobody really waits for it.
 */
export async function partnersEndpoints(
  real: PartnerClient,
  says: Says,
  passed: (ms: number) => void,
): Promise<PartnerClient & { readonly end: () => void }> {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => {
      body += part.toString();
    });
    request.on('end', () => {
      const slug = (request.url ?? '').slice(1);
      const told = says(slug)?.status ?? 200;
      const status = told === 200 ? honest(slug, request.headers, body) : told;
      const text = JSON.stringify(ANSWERS[status] ?? { recu: true });
      response.writeHead(status, {
        ...{ 'content-type': 'application/json', server: 'nginx', 'x-request-id': `req_${slug}` },
      });
      response.end(text);
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return {
    async post(request) {
      const slug = new URL(request.url).hostname.split('.').at(-2) ?? '';
      const answer = await real.post({ ...request, url: base + slug });
      const durationMs = says(slug)?.ms ?? 84;
      passed(durationMs);
      return named(answer, request.url, durationMs);
    },
    close: () => real.close(),
    end: () => server.close(),
  };
}

const ANSWERS: Readonly<Record<number, object>> = {
  401: { erreur: 'clé inconnue' },
  422: { erreur: 'product_id inconnu : prod_Q2ifi' },
  503: { erreur: 'service en maintenance' },
};

/** A partner that checks our key and, of signatures, only that there is one. */
function honest(slug: string, headers: NodeJS.Dict<string | string[]>, body: string): number {
  if (headers['x-api-key'] !== keyOf(slug) || !headers['webhook-signature']) return 401;
  return body.startsWith('{') ? 200 : 400;
}

export const keyOf = (slug: string): string => `cle-${slug}-`.padEnd(36, '7').concat('f2a9');

function named(answer: DeliveryAnswer, url: string, durationMs: number): DeliveryAnswer {
  const { request } = answer.report;
  const report: AttemptReport = {
    ...{ ...answer.report, durationMs },
    request: request && { ...request, url },
  };
  return { ...answer, report };
}
