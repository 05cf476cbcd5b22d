// Printing as a machine of its own: leases, failures that end, an operator's new round; and the same
// edges in the domain and in the database.

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { InvoicePrinter } from '#application/ports.ts';
import { recoverStalled } from '#application/recover-stalled.ts';
import { giveBackPrints, renderInvoice, retryPrint } from '#application/render-invoice.ts';
import {
  claimPrinting,
  newPrinting,
  PRINTING_EDGES,
  PRINTING_RETRY_DELAYS_MS,
  type Printing,
  type PrintingIn,
  type PrintingState,
  printed,
  printingFailed,
} from '#domain/printing.ts';
import { memoryFiles, numberPrinter, type TestBooks, testBooks } from '#test/support/books.ts';
import { issuedInvoice } from '#test/support/issued-invoice.ts';

const BY = { actor: 'léa', why: null };
const RESTRICT_VIOLATION = '23001';
let books: TestBooks;
let serial = 0;
beforeAll(async () => {
  books = await testBooks();
  await books.addPartner('fiscalia');
});
afterAll(() => books.close());

function issued(): Promise<string> {
  serial += 1;
  return issuedInvoice(books, `print_${serial}`, 'fiscalia');
}

const needs = (printer: InvoicePrinter, workerId = 'w') => ({
  ...books.base,
  files: memoryFiles(),
  printer,
  workerId,
});

const state = (number: string) =>
  books.db.selectFrom('printing').selectAll().where('number', '=', number).executeTakeFirst();

const broken: InvoicePrinter = {
  print: () => Promise.reject(new Error('no page', { cause: new Error('the renderer died') })),
};

test('a document that cannot be printed is tried eight times, told twice, and ends as failed', async () => {
  const number = await issued();
  for (const delayMs of [0, ...PRINTING_RETRY_DELAYS_MS]) {
    books.clock.advance(delayMs);
    await renderInvoice(needs(broken), number);
  }
  expect(await state(number)).toMatchObject({
    state: 'failed',
    failures: 8,
    last_error: 'no page: the renderer died',
  });
  await renderInvoice(needs(numberPrinter), number); // a job that is still about
  expect(await state(number)).toMatchObject({ state: 'failed' });
  const told = books.raised.filter(({ ids }) => ids.number === number);
  expect(told.map(({ kind }) => kind)).toEqual(['invoice-failed', 'invoice-failed']);

  expect(await retryPrint(books.base, 'FQCA-2020-000001', BY)).toEqual({ kind: 'not-found' });
  expect(await retryPrint(books.base, number, BY)).toEqual({ kind: 'retried' });
  expect(await retryPrint(books.base, number, BY)).toEqual({ kind: 'not-failed', state: 'queued' });
  await renderInvoice(needs(numberPrinter), number);
  expect(await state(number)).toMatchObject({ state: 'printed', round: 2, last_error: null });
});

test('two workers with the same job: one prints, and the file is stored once', async () => {
  const number = await issued();
  let prints = 0;
  const counting: InvoicePrinter = {
    async print(...given) {
      prints += 1;
      await new Promise((resolve) => setTimeout(resolve, 20));
      return numberPrinter.print(...given);
    },
  };
  const mine = needs(counting);
  await Promise.all([1, 2, 3].map(() => renderInvoice(mine, number)));
  expect(prints).toBe(1);
  expect(await state(number)).toMatchObject({ state: 'printed' });
});

test('a worker that dies while it prints is noticed; its late print changes nothing', async () => {
  const number = await issued();
  const late = Promise.withResolvers<void>();
  const slow: InvoicePrinter = {
    async print(...given) {
      await late.promise;
      return numberPrinter.print(...given);
    },
  };
  const dying = renderInvoice(needs(slow, 'dead-worker'), number);
  await expect.poll(async () => (await state(number))?.state).toBe('printing');
  expect(await recoverStalled(books.base, ['dead-worker'])).toMatchObject({ interrupted: 1 });
  expect(await state(number)).toMatchObject({ state: 'queued', interruptions: 1, failures: 0 });
  await renderInvoice(needs(numberPrinter), number);
  const kept = await books.db.selectFrom('invoice_pdf').selectAll().execute();
  late.resolve();
  await dying;
  expect(await books.db.selectFrom('invoice_pdf').selectAll().execute()).toEqual(kept);
  expect(books.noted.at(-1)).toBe('a late print changed nothing');
});

test('a document that kills its worker five times in a row is set aside', async () => {
  const number = await issued();
  const deadly: InvoicePrinter = { print: () => new Promise(() => {}) };
  for (let n = 1; n <= 5; n += 1) {
    void renderInvoice(needs(deadly, `victim-${n}`), number);
    await expect.poll(async () => (await state(number))?.state).toBe('printing');
    await recoverStalled(books.base, [`victim-${n}`]);
  }
  expect(await state(number)).toMatchObject({ state: 'failed', interruptions: 5 });
});

test('a stop gives a print back as if it had not begun', async () => {
  const number = await issued();
  const hanging: InvoicePrinter = { print: () => new Promise(() => {}) };
  const mine = needs(hanging, 'stopping');
  void renderInvoice(mine, number);
  await expect.poll(async () => (await state(number))?.state).toBe('printing');
  expect(await giveBackPrints(mine)).toBe(1);
  expect(await state(number)).toMatchObject({ state: 'queued', interruptions: 0, failures: 0 });
});

class Undo extends Error {}

test('the database allows exactly the listed edges', async () => {
  const number = await issued();
  const now = books.clock.now();
  const queued = newPrinting(number as Printing['number'], now);
  const lease = { token: '6b1f0c8e-3c1f-4c38-9d5e-3b8f6f1f0a01', holder: 'w', now, forMs: 1 };
  const printing = claimPrinting(queued, lease) as PrintingIn<'printing'>;
  let failed: Printing = printing;
  while (failed.state === 'printing') {
    const next = printingFailed(failed, 'x', now);
    failed = next.state === 'queued' ? { ...printing, failures: next.failures } : next;
  }
  const examples: Record<PrintingState, Printing> = {
    queued,
    printing,
    printed: printed(printing, now),
    failed,
  };
  const paths: Record<PrintingState, PrintingState[]> = {
    queued: [],
    printing: ['printing'],
    printed: ['printing', 'printed'],
    failed: ['printing', 'failed'],
  };
  const states = Object.keys(PRINTING_EDGES) as PrintingState[];
  for (const from of states) {
    for (const to of states) {
      let allowed = false;
      await books
        .transact(async ({ printings }) => {
          for (const step of paths[from]) await printings.save(examples[step]);
          expect(await printings.lock(number)).toEqual(examples[from]);
          await printings.save(examples[to]);
          allowed = true;
          throw new Undo();
        })
        .catch((error) => {
          if (!(error instanceof Undo) && error.code !== RESTRICT_VIOLATION) throw error;
        });
      const listed = (PRINTING_EDGES[from] as readonly string[]).includes(to);
      expect(allowed, `${from} -> ${to}`).toBe(listed);
    }
  }
});
