// The neighbours that no instrumentation knows, each call shown as a step and timed: the mail, the
// printer, the file store. Partners and Stripe are seen at their sockets.

import type { FileStore, InvoicePrinter, Mailer } from '#application/ports.ts';
import type { Telemetry } from './telemetry.ts';

type Neighbours = {
  readonly mailer: Mailer;
  readonly printer: InvoicePrinter;
  readonly files: FileStore;
};

export function watchedNeighbours(
  { mailer, printer, files }: Neighbours,
  { trace, measures }: Pick<Telemetry, 'trace' | 'measures'>,
): Neighbours {
  return {
    mailer: {
      send: (mail) =>
        trace.span('send mail', { isCall: true }, async ({ tell }) => {
          const answer = await mailer.send(mail);
          tell({ outcome: answer.report.outcome });
          return answer;
        }),
    },
    printer: {
      async print(document, logo) {
        const startedAt = performance.now();
        let outcome: 'printed' | 'failed' = 'failed';
        try {
          const facts = { invoiceNumber: document.number };
          const pdf = await trace.span('print PDF', { facts }, () => printer.print(document, logo));
          outcome = 'printed';
          return pdf;
        } finally {
          measures.printed(outcome, performance.now() - startedAt);
        }
      },
    },
    files: {
      put: (key, bytes, type) =>
        trace.span('store file', { isCall: true }, () => files.put(key, bytes, type)),
      get: (key) => trace.span('read file', { isCall: true }, () => files.get(key)),
      signedUrl: (key, expiresAt) => files.signedUrl(key, expiresAt),
    },
  };
}
