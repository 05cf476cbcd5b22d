// The checks of `doctor` at Stripe: the key and what it may read, the account it belongs to, the time
// there, and whether our webhook endpoint is told what we need in the form we understand.

import Stripe from 'stripe';
import { stripeClient } from '#adapters/stripe/client.ts';
import {
  type EndpointFault,
  endpointFaults,
  readEndpoints,
} from '#adapters/stripe/webhook-endpoints.ts';
import type { CliConfig } from './cli.ts';
import { attention, type Check, check, type Finding } from './doctor-check.ts';
import { skew } from './doctor-database.ts';
import { fr } from './layout.ts';

const STRIPE_MS = 5_000;
const ONCE = { maxNetworkRetries: 0 } as const;
const ONE = { limit: 1 } as const;
const OUR_OWN = { detail: fr`bac à sable : un Stripe à nous` };

/** What a restricted key must be allowed to read, by its name in Stripe's dashboard. */
const RIGHTS: readonly (readonly [right: string, look: (stripe: Stripe) => Promise<unknown>])[] = [
  ['Checkout Sessions', (it) => it.checkout.sessions.list(ONE, ONCE)],
  ['Invoices', (it) => it.invoices.list(ONE, ONCE)],
  ['Products', (it) => it.products.list(ONE, ONCE)],
  ['Charges and Refunds', (it) => it.refunds.list(ONE, ONCE)],
  ['Credit notes', (it) => it.creditNotes.list(ONE, ONCE)],
];

/** The key and the account, the clock there, the endpoint. */
export async function checkStripe(config: CliConfig): Promise<readonly Check[]> {
  const { stripe } = config;
  const client =
    stripe &&
    stripeClient({
      secretKey: stripe.secretKey.reveal(),
      apiBase: stripe.apiBase,
      timeoutMs: STRIPE_MS,
    });
  const isRestricted = stripe?.secretKey.reveal().startsWith('rk_') ?? false;
  let aheadMs: number | null = null;
  const key = await check(['stripe', 'Stripe'], KEY_ACTION, async () => {
    if (client === null) return OUR_OWN;
    const sentAt = Date.now();
    try {
      const { lastResponse } = await client.events.list(ONE, ONCE);
      aheadMs = aheadOf(lastResponse.headers.date, (sentAt + Date.now()) / 2);
    } catch (error) {
      return refusal(error, 'lire les événements', 'Events');
    }
    const lacking = isRestricted ? await lackingRights(client) : [];
    if (lacking.length > 0) {
      const detail = fr`la clé restreinte ne peut pas lire : ${lacking.join(', ')}`;
      return { detail, action: fr`Donnez-lui ces droits, en lecture, dans Stripe.` };
    }
    const mode = config.environment === 'production' ? 'réel' : 'test';
    return { detail: `la clé répond, en mode ${mode}${await accountName(client)}` };
  });
  if (client === null || !key.ok) return [key];
  const clock =
    aheadMs === null
      ? []
      : [
          await check(['stripeClock', 'Heure'], KEY_ACTION, async () =>
            skew(aheadMs ?? 0, 'Stripe'),
          ),
        ];
  return [key, ...clock, await checkEndpoint(client, config)];
}

const KEY_ACTION = fr`Vérifiez STRIPE_SECRET_KEY et le réseau.`;

// A date has whole seconds: half of one is added on average.
function aheadOf(date: string | undefined, here: number): number | null {
  const there = Date.parse(date ?? '');
  return Number.isNaN(there) ? null : there + 500 - here;
}

async function lackingRights(client: Stripe): Promise<readonly string[]> {
  const answers = await Promise.all(
    RIGHTS.map(([right, look]) =>
      look(client).then(
        () => null,
        (error) => (error.statusCode === 403 ? right : null),
      ),
    ),
  );
  return answers.filter((right) => right !== null);
}

// Worth saying, and no right that we need.
async function accountName(client: Stripe): Promise<string> {
  try {
    const { id, business_profile } = await client.accounts.retrieveCurrent({}, ONCE);
    return fr` : ${business_profile?.name ?? 'compte'} (${id})`;
  } catch {
    return '';
  }
}

// Stripe's own messages repeat a part of the key.
function refusal(error: unknown, what: string, right: string): Finding {
  const { type, statusCode } = error as { type?: string; statusCode?: number };
  if (statusCode === 401) {
    return { detail: 'la clé est refusée', action: 'Remplacez STRIPE_SECRET_KEY.' };
  }
  if (statusCode === 403) {
    const action = fr`Donnez à la clé le droit de ${what} (${right}).`;
    return { detail: `la clé ne peut pas ${what}`, action };
  }
  const detail = `Stripe ne répond pas (${statusCode ?? type ?? 'réseau'})`;
  return { detail, action: 'Vérifiez le réseau et status.stripe.com.' };
}

function checkEndpoint(client: Stripe, { publicUrl }: CliConfig): Promise<Check> {
  const url = `${publicUrl}/webhooks/stripe`;
  return check(['webhook', 'Webhook'], KEY_ACTION, async () => {
    try {
      const faults = endpointFaults(await readEndpoints(client), {
        url,
        pinned: Stripe.API_VERSION,
      });
      const [worst] = faults;
      if (!worst) return { detail: fr`${url} reçoit ce qu’il faut` };
      const findings = faults.map((fault) => findingOf(fault, url));
      const [first] = findings;
      const detail = findings.map((it) => it.detail).join(fr` ; `);
      return { detail, action: first?.action ?? null, isFault: first?.isFault ?? true };
    } catch (error) {
      const { statusCode } = error as { statusCode?: number };
      const found = refusal(error, 'lire les endpoints', 'Webhook Endpoints');
      // Sends and receives all the same: only this look is missing.
      return statusCode === 403 ? { ...found, isFault: false } : found;
    }
  });
}

function findingOf(fault: EndpointFault, url: string): Finding {
  switch (fault.kind) {
    case 'none': {
      const others = fault.others.length === 0 ? '' : fr` (mais ${fault.others.join(', ')})`;
      const isLocal = /^https?:\/\/(localhost|127\.|\[::1\])/.test(url);
      return {
        detail: fr`aucun endpoint n’appelle ${url}${others}`,
        action: isLocal
          ? fr`En local : « stripe listen --forward-to ${url} », ou donnez PUBLIC_URL.`
          : fr`Créez-le dans Stripe, charge utile « Snapshot », ou corrigez PUBLIC_URL.`,
        isFault: !isLocal,
      };
    }
    case 'disabled':
      return {
        detail: fr`Stripe n’appelle plus ${url} : ${fault.id} est désactivé`,
        action: fr`Réactivez-le dans Stripe, puis « comptappart stripe reconcile --since 7d ».`,
      };
    case 'thin':
      return {
        detail: fr`${fault.id} envoie des événements « thin », que nous refusons`,
        action: fr`Recréez-le dans Stripe avec la charge utile « Snapshot ».`,
      };
    case 'missing-payments':
      return {
        detail: fr`il y manque : ${fault.types.join(', ')}`,
        action: fr`Ajoutez ces événements à l’endpoint, puis « comptappart stripe reconcile --since 7d ».`,
      };
    case 'missing-corrections':
      return {
        detail: fr`il y manque, pour les avoirs : ${fault.types.join(', ')}`,
        action: fr`Ajoutez ces événements à l’endpoint : la réconciliation les trouve, mais plus tard.`,
      };
    case 'version':
      return attention(
        fr`version ${fault.found ?? 'du compte'}, et non ${fault.pinned}`,
        fr`Sans effet aujourd’hui (tout est relu) ; recréez l’endpoint dans cette version.`,
      );
    case 'twice':
      return attention(
        fr`${fault.ids.join(' et ')} ont la même adresse`,
        fr`Gardez-en un : chaque événement arrive deux fois, sans autre effet.`,
      );
    case 'superfluous':
      return attention(
        fr`en trop : ${fault.types.join(', ')}`,
        fr`Retirez-les de l’endpoint : ils sont reçus, gardés et ignorés.`,
      );
    default:
      return fault satisfies never;
  }
}
