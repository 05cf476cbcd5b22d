// A call that tells whether a partner's address works: the real request, with the real secrets, of an order
// that is nobody's. It is marked as a test in four places (a header, order 0, `evt_test_`, the product's
// name), counted nowhere and never tried again by itself.

import { createHash, randomBytes } from 'node:crypto';
import type {
  DeliveryAnswer,
  FileStore,
  InvoicePrinter,
  PartnerCaller,
  PartnerRequest,
} from '#application/ports.ts';
import { parisDay } from '#domain/invoice-number.ts';
import { orderCreatedBody } from '#domain/order-created.ts';
import type { Branding, Logo, PartnerSlug } from '#domain/partner.ts';
import type { Seller } from '#domain/seller.ts';
import { specimenInvoice, specimenOrder } from '#domain/specimen.ts';

export type TestCallNeeds = {
  readonly partner: PartnerCaller;
  readonly files: FileStore;
  readonly printer: InvoicePrinter;
  readonly seller: Seller;
};

/** As real calls carry it. */
const LINK_LIFE_MS = 24 * 3_600_000;

/** Calls the address once. Throws when the specimen's PDF cannot be made or stored. */
export async function testCall(
  needs: TestCallNeeds,
  to: Pick<PartnerRequest, 'url' | 'apiKey' | 'signingSecret'> & {
    readonly slug: PartnerSlug;
    readonly branding: Branding;
    readonly logo: Logo | null;
  },
  now: Date,
): Promise<DeliveryAnswer> {
  const { url, apiKey, signingSecret, slug, branding, logo } = to;
  const id = randomBytes(9).toString('hex');
  // One file a day and branding, not one a call.
  const noon = new Date(`${parisDay(now)}T12:00:00Z`);
  const invoice = { ...specimenInvoice(needs.seller, noon), partner: { slug, ...branding } };
  const { bytes } = await needs.printer.print(invoice, logo);
  const digest = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
  const key = `partner_invoices/specimen_${digest}.pdf`;
  await needs.files.put(key, bytes, 'application/pdf');
  const link = await needs.files.signedUrl(key, new Date(now.getTime() + LINK_LIFE_MS));
  const body = orderCreatedBody(specimenOrder(slug, id, now), invoice.number, link);
  return needs.partner.post({
    ...{ url, body, apiKey, signingSecret },
    ...{ notificationId: `test_${id}`, sentAt: now, isTest: true },
  });
}
