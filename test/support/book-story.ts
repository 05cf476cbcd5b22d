// What a case came to, read from the books and the recorders and told in one line, as the hundred
// cases have it: orders, invoices, e-mails, partner calls, then credit notes and their e-mails, then why
// something is in quarantine.

import type { InvoiceMail, PartnerRequest } from '#application/ports.ts';
import type { CreditNote, Invoice } from '#domain/invoice.ts';
import type { TestBooks } from './books.ts';

/** What the books and the recorders say since the case began. */
export function bookStory(
  books: TestBooks,
  { sent, posted }: { readonly sent: InvoiceMail[]; readonly posted: PartnerRequest[] },
) {
  let since = { order: 0, raised: 0, quarantined: new Set<string>() };

  async function lastOrder(): Promise<number> {
    const { last } = await books.db
      .selectFrom('orders')
      .select(({ fn }) => fn.max('id').as('last'))
      .executeTakeFirstOrThrow();
    return Number(last ?? 0);
  }

  async function quarantinedNow() {
    return books.db
      .selectFrom('payment')
      .select(['key', 'reason', 'detail'])
      .where('state', '=', 'quarantined')
      .orderBy('updated_at')
      .execute();
  }

  async function documents(series: 'FQCA' | 'AQCA'): Promise<readonly unknown[]> {
    const rows = await books.db
      .selectFrom('invoice')
      .select('content')
      .where('series', '=', series)
      .where('order_id', '>', since.order)
      .orderBy('order_id')
      .orderBy('ordinal')
      .execute();
    return rows.map(({ content }) => JSON.parse(content));
  }

  const invoices = async () => (await documents('FQCA')) as readonly Invoice[];
  const creditNotes = async () => (await documents('AQCA')) as readonly CreditNote[];
  const mailsOf = (kind: 'invoice' | 'credit-note') =>
    sent.filter(({ document }) => document.kind === kind).length;

  async function quarantined() {
    const now = await quarantinedNow();
    return now.filter(({ key }) => !since.quarantined.has(key));
  }

  return {
    async begin(): Promise<void> {
      sent.length = 0;
      posted.length = 0;
      const quarantined = new Set((await quarantinedNow()).map(({ key }) => key));
      since = { order: await lastOrder(), raised: books.raised.length, quarantined };
    },
    /**
     * « 1111 », « 0000 Q no-email », « 1111 A11 »: orders, invoices, e-mails, partner calls; credit
     * notes and their e-mails, if any.
     */
    async outcome(): Promise<string> {
      const { orders } = await books.db
        .selectFrom('orders')
        .select(({ fn }) => fn.countAll<string>().as('orders'))
        .where('id', '>', since.order)
        .executeTakeFirstOrThrow();
      const counts = [
        ...[Number(orders), (await invoices()).length, mailsOf('invoice'), posted.length],
      ];
      const notes = (await creditNotes()).length;
      const reasons = (await quarantined()).map(({ reason }) => reason);
      const credits = notes === 0 ? '' : ` A${notes}${mailsOf('credit-note')}`;
      const tally = counts.join(counts.some((count) => count > 9) ? ' ' : '') + credits;
      return reasons.length === 0 ? tally : `${tally} Q ${reasons.join(', ')}`;
    },
    /** The invoices issued since the case began, as they were frozen. */
    invoices,
    /** The credit notes likewise. */
    creditNotes,
    /** The payments put in quarantine since then that are still there. */
    quarantined,
    /** The alerts raised since then. */
    alerts: () => books.raised.slice(since.raised),
    /** The e-mails sent since then. */
    mails: (): readonly InvoiceMail[] => sent,
    /** The bodies posted to partners since then. */
    calls: () => posted.map((request) => JSON.parse(request.body)),
    /** The requests to partners since then. */
    posts: (): readonly PartnerRequest[] => posted,
  };
}
