// Everything that sending needs beside the notification, for a whole batch in two queries: a claim
// holds its partners' rows while it reads.

import { sql, type Transaction } from 'kysely';
import type { SecretBox } from '#adapters/secret-box.ts';
import type { Clock, Delivery } from '#application/ports.ts';
import { documentOf } from '#domain/invoice.ts';
import type { Channel, Notification } from '#domain/notification.ts';
import { tracedAt } from './book-watch.ts';
import { storedPdfOf } from './invoices.ts';
import { readOrders } from './orders.ts';
import { callSecrets } from './partner-call-secrets.ts';
import { logoOf, partnerOf } from './partners.ts';
import type { Row, Tables } from './tables.ts';

type Joined = Row<'partner'> & {
  readonly id: string;
  readonly orderId: number;
  readonly channel: Channel;
  readonly content: string;
  readonly trace_parent: string | null;
  readonly released_at: Date | null;
} & {
  readonly [C in 'key' | 'sha256' | 'template_version' | 'chromium_version']: string | null;
} & {
  readonly size_bytes: number | null;
};

const NO_SECRETS = { apiKey: null, signingSecret: '' };

/** By the notification's id. Throws when an order or its document is missing. */
export async function readDeliveries(
  trx: Transaction<Tables>,
  notifications: readonly Notification[],
  { secrets, clock }: { readonly secrets: SecretBox; readonly clock: Clock },
): Promise<ReadonlyMap<string, Delivery>> {
  if (notifications.length === 0) return new Map();
  const ids = notifications.map((it) => it.id);
  const { rows } = await sql<Joined>`
    select partner.slug, partner.name, partner.color, partner.logo, partner.logo_media_type,
      partner.contact_email, partner.contact_phone, partner.website, partner.staging_url,
      partner.production_url, partner.api_key, partner.signing_secret,
      partner.previous_signing_secret, partner.previous_signing_secret_until,
      partner.created_at, partner.updated_at, n.id, n.channel, n.order_id as "orderId",
      n.trace_parent, n.released_at, invoice.content,
      f.key, f.sha256, f.size_bytes, f.template_version, f.chromium_version
    from notification n
    join partner on partner.slug = n.partner_slug
    join invoice on invoice.order_id = n.order_id
      and invoice.credit_note_id is not distinct from n.credit_note_id
    left join invoice_pdf f on f.invoice_number = invoice.number
    where n.id = any(${ids}::uuid[])`.execute(trx);
  const documents = rows.map((row) => documentOf(row.content));
  // Money can go back long after the sale; its customer is told even when the order's data is purged.
  const buyers = new Map(
    documents.flatMap((it) => (it.kind === 'credit-note' ? [[it.orderId, it.buyer] as const] : [])),
  );
  const orders = await readOrders(trx, [...new Set(rows.map((row) => row.orderId))], buyers);
  const found = rows.map((row, index) => {
    const order = orders.get(row.orderId);
    const document = documents[index];
    if (!order || !document) throw new Error(`no order ${row.orderId}`);
    // A mail carries none of them.
    const { apiKey, signingSecret } =
      row.channel === 'email' ? NO_SECRETS : callSecrets(row, { secrets, now: clock.now() });
    const pdf = storedPdfOf(row);
    const partner = partnerOf(row);
    const trace = tracedAt(row.trace_parent, row.released_at ?? new Date(0));
    return [
      row.id,
      { order, document, pdf, partner, logo: logoOf(row), apiKey, signingSecret, trace },
    ] as const;
  });
  if (found.length !== ids.length) throw new Error('a notification has no document');
  return new Map(found);
}
