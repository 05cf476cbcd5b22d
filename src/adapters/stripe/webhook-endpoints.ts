// What Stripe says of the endpoints that are registered there, and what is wrong with ours: the check
// that a missing event type or a thin payload is found by us and not by a customer.

import type Stripe from 'stripe';
import { OUR_EVENT_TYPES, PAYMENT_EVENT_TYPES } from './subscribed-events.ts';

export type Endpoint = {
  readonly id: string;
  readonly url: string;
  readonly isEnabled: boolean;
  /** `*` stands for all. */
  readonly events: readonly string[];
  /** Null: the account's own version. */
  readonly apiVersion: string | null;
  /** Only a snapshot carries the object; a thin event is refused. */
  readonly payload: 'snapshot' | 'thin';
};

export type EndpointFault =
  | { readonly kind: 'none'; readonly others: readonly string[] }
  | { readonly kind: 'thin' | 'disabled'; readonly id: string }
  | { readonly kind: 'twice'; readonly ids: readonly string[] }
  | { readonly kind: 'missing-payments' | 'missing-corrections'; readonly types: readonly string[] }
  | { readonly kind: 'superfluous'; readonly types: readonly string[] }
  | { readonly kind: 'version'; readonly found: string | null; readonly pinned: string };

/**
 * All endpoints of the account: webhook endpoints, and the thin ones among event destinations where
 * the key may see them. Throws what the SDK throws when it may not list the former.
 */
export async function readEndpoints(stripe: Stripe): Promise<readonly Endpoint[]> {
  const once = { maxNetworkRetries: 0 };
  const found: Endpoint[] = [];
  for await (const it of stripe.webhookEndpoints.list({ limit: 100 }, once)) {
    found.push({
      id: it.id,
      url: it.url,
      isEnabled: it.status === 'enabled',
      events: it.enabled_events,
      apiVersion: it.api_version,
      payload: 'snapshot',
    });
  }
  return [...found, ...(await readThin(stripe).catch(() => []))];
}

async function readThin(stripe: Stripe): Promise<readonly Endpoint[]> {
  const { data } = await stripe.v2.core.eventDestinations.list(
    { limit: 100, include: ['webhook_endpoint.url'] },
    { maxNetworkRetries: 0 },
  );
  return data
    .filter((it) => it.event_payload === 'thin')
    .map((it) => ({
      id: it.id,
      url: it.webhook_endpoint?.url ?? '',
      isEnabled: it.status === 'enabled',
      events: it.enabled_events,
      apiVersion: null,
      payload: 'thin' as const,
    }));
}

/** What is wrong with the endpoints at `url`, the gravest first; empty when nothing is. */
export function endpointFaults(
  endpoints: readonly Endpoint[],
  { url, pinned }: { readonly url: string; readonly pinned: string },
): readonly EndpointFault[] {
  const atOurs = endpoints.filter((it) => it.url.replace(/\/$/, '') === url);
  const snapshots = atOurs.filter((it) => it.payload === 'snapshot');
  const [thin] = atOurs.filter((it) => it.payload === 'thin');
  const [ours] = snapshots.filter((it) => it.isEnabled);
  if (!ours) {
    const [disabled] = snapshots;
    if (disabled) return [{ kind: 'disabled', id: disabled.id }];
    if (thin) return [{ kind: 'thin', id: thin.id }];
    return [{ kind: 'none', others: endpoints.map((it) => it.url) }];
  }
  const asked = new Set(snapshots.filter((it) => it.isEnabled).flatMap((it) => it.events));
  const isMissing = (type: string) => !asked.has(type) && !asked.has('*');
  const payments: readonly string[] = PAYMENT_EVENT_TYPES;
  const missing = OUR_EVENT_TYPES.filter(isMissing);
  const [gone, back] = [true, false].map((of) =>
    missing.filter((type) => payments.includes(type) === of),
  ) as [string[], string[]];
  const ourTypes: readonly string[] = OUR_EVENT_TYPES;
  const superfluous = [...asked].filter((type) => !ourTypes.includes(type));
  const enabled = snapshots.filter((it) => it.isEnabled).map((it) => it.id);
  return [
    ...(gone.length > 0 ? [{ kind: 'missing-payments' as const, types: gone }] : []),
    ...(back.length > 0 ? [{ kind: 'missing-corrections' as const, types: back }] : []),
    ...(thin ? [{ kind: 'thin' as const, id: thin.id }] : []),
    ...(ours.apiVersion !== pinned
      ? [{ kind: 'version' as const, found: ours.apiVersion, pinned }]
      : []),
    ...(enabled.length > 1 ? [{ kind: 'twice' as const, ids: enabled }] : []),
    ...(superfluous.length > 0 ? [{ kind: 'superfluous' as const, types: superfluous }] : []),
  ];
}
