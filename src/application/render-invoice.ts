// Step 5: the invoice becomes a PDF in the file store; only then may anything be sent. The stored
// file is the master: once it is there, no later rendering replaces it.

import type { Clock, FileStore, InvoicePrinter, Sha256, Transact } from './ports.ts';

export type RenderInvoiceNeeds = {
  readonly transact: Transact;
  readonly printer: InvoicePrinter;
  readonly files: FileStore;
  readonly sha256: Sha256;
  readonly clock: Clock;
};

/**
 * Prints, stores and records the invoice's PDF, and adds the delivery jobs. Done before: only the
 * jobs are added again, which is harmless. Throws when Chromium, the store or the database fails;
 * nothing has been sent then, and the job comes back.
 */
export async function renderInvoice(needs: RenderInvoiceNeeds, number: string): Promise<void> {
  const { invoice, pdf, key, logo } = await needs.transact(async ({ invoices }) => {
    const found = await invoices.forPrinting(number);
    if (!found) throw new Error(`no invoice ${number}`);
    return found;
  });
  const stored = pdf ?? (await print());
  await needs.transact(async ({ invoices, notifications, outbox }) => {
    await invoices.recordPdf(invoice.number, stored, needs.clock.now());
    for (const notificationId of await notifications.idsOfOrder(invoice.orderId)) {
      await outbox.add({ task: 'deliver-notification', payload: { notificationId } });
    }
  });

  async function print() {
    const { bytes, ...versions } = await needs.printer.print(invoice, logo);
    const put = await needs.files.put(key, bytes, 'application/pdf');
    // `exists`: we crashed between storing and recording, or another worker was faster.
    const kept = put === 'stored' ? bytes : await needs.files.get(key);
    return { key, sha256: needs.sha256(kept), sizeBytes: kept.byteLength, ...versions };
  }
}
