import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { InvoiceNumber } from '#domain/invoice-number.ts';
import { cents } from '#domain/money.ts';
import { taxLines, totalsOf } from '#domain/order.ts';
import { orderCreatedBody } from '#domain/order-created.ts';
import { NORMAL_RATE } from '#domain/vat.ts';
import { paidOrder } from '#test/support/orders.ts';
import { sharedTest } from '#test/support/shared.ts';

const NUMBER = 'FQCA-2026-000042' as InvoiceNumber;
const LINK = 'https://pay.example/files/a.pdf?expires=1&signature=b';

test('the body is the contract, key by key and byte by byte', () => {
  expect(orderCreatedBody(paidOrder({ id: 42 }), NUMBER, LINK)).toBe(
    '{"event_type":"order.created","event_id":"evt_1","order_id":42,' +
      '"timestamp":"2026-11-22T13:32:18.000Z",' +
      '"customer":{"first_name":"Marie","last_name":"Martin","email":"marie@example.fr",' +
      '"phone":"+33612345678"},' +
      '"order":{"total_amount":99.99,"currency":"EUR",' +
      '"payment_date":"2026-11-22T13:32:18.000Z","products":[' +
      '{"product_id":"prod_declaration","product_name":"Déclaration complète","quantity":1,' +
      '"unit_price":83.32}]},' +
      `"invoice":{"pdf_url":"${LINK}","number":"FQCA-2026-000042"}}`,
  );
});

sharedTest(
  'the full example of the partner guide comes out byte for byte',
  'partner-guide.fr.md',
  (path) => {
    const guide = readFileSync(path, 'utf8');
    const section = guide.slice(guide.indexOf('### Exemple de payload complet'));
    const example = JSON.parse(/```json\n([\s\S]*?)```/.exec(section)?.[1] ?? '');
    const at = new Date(example.timestamp);
    const product = example.order.products[0];
    const lines = taxLines([
      {
        productId: product.product_id,
        productName: product.product_name,
        quantity: product.quantity,
        gross: cents(9999),
        discount: cents(0),
        rate: NORMAL_RATE,
        treatment: 'standard',
        vat: null,
      },
    ]);
    const name = `${example.customer.first_name} ${example.customer.last_name}`;
    const { email, phone } = example.customer;
    const order = paidOrder({
      id: example.order_id,
      eventId: example.event_id,
      eventCreatedAt: at,
      paidAt: new Date(example.order.payment_date),
      customer: { name, email, phone, businessName: null, address: null, vatNumber: null },
      lines,
    });
    const body = orderCreatedBody(order, example.invoice.number, example.invoice.pdf_url);
    expect(body).toBe(JSON.stringify(example));
    expect(product.unit_price).toBe(83.32);
    expect(example.invoice.number).toBe('FQCA-2025-000156');
  },
);

test('names Stripe does not have are null, a single word is the last name', () => {
  const customer = paidOrder().customer;
  const body = (name: string | null) =>
    JSON.parse(orderCreatedBody(paidOrder({ customer: { ...customer, name } }), NUMBER, LINK));
  expect(body(null).customer).toMatchObject({ first_name: null, last_name: null });
  expect(body('Madonna').customer).toMatchObject({ first_name: '', last_name: 'Madonna' });
  expect(body('Jean-Pierre  de la Tour').customer).toMatchObject({
    first_name: 'Jean-Pierre',
    last_name: 'de la Tour',
  });
});

test('a business without a contact is named by its name', () => {
  const customer = { ...paidOrder().customer, name: null, businessName: 'SARL Dupont & Fils' };
  const body = JSON.parse(orderCreatedBody(paidOrder({ customer }), NUMBER, LINK));
  expect(body.customer).toMatchObject({ first_name: 'SARL', last_name: 'Dupont & Fils' });
});

test('a missing quantity is one, and shipping is no product', () => {
  const [first] = paidOrder().lines;
  if (!first) throw new Error('no line');
  const lines = [
    { ...first, quantity: null },
    { ...first, productId: null, productName: 'Livraison' },
  ];
  const order = paidOrder({ lines, totals: totalsOf(lines) });
  const body = JSON.parse(orderCreatedBody(order, NUMBER, LINK));
  expect(body.order.products).toHaveLength(1);
  expect(body.order.products[0].quantity).toBe(1);
  expect(body.order.total_amount).toBe(199.98);
});

test.each([
  ['+33612345678', 'FR', '+33612345678'],
  ['+33 (0)6 12-34.56 78', null, '+33612345678'],
  ['0033612345678', 'DE', '+33612345678'],
  ['06 12 34 56 78', null, '+33612345678'],
  ['0262 12 34 56', 'RE', '+262262123456'],
  ['0171 1234567', 'DE', null],
  ['poste 12', 'FR', null],
])('the phone %s of a customer in %s is told as %s', (phone, country, told) => {
  const address = { line1: null, line2: null, postalCode: null, city: null, state: null, country };
  const customer = { ...paidOrder().customer, phone, address };
  const body = JSON.parse(orderCreatedBody(paidOrder({ customer }), NUMBER, LINK));
  expect(body.customer.phone).toBe(told);
});

test('any text survives the JSON unchanged', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const customer = { ...paidOrder().customer, email: text };
      const body = JSON.parse(orderCreatedBody(paidOrder({ customer }), NUMBER, LINK));
      expect(body.customer.email).toBe(text);
    }),
  );
});
