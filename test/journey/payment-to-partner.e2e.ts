// A purchase on its whole way, through the real program and real neighbours: what the guide promises
// arrives, exactly once, also when Stripe repeats itself and when the program is killed half-way.

import { createHash } from 'node:crypto';
import { simpleParser } from 'mailparser';
import { expect, test } from 'vitest';
import { staging, until } from '#test/support/staging.ts';

const ADD_PARTNER = (url: string) => [
  'partner',
  'add',
  'demo',
  '--name',
  'Fiscalia',
  '--staging-url',
  url,
  '--production-url',
  'https://api.fiscalia.example/orders',
  '--api-key',
  'une-clé-d’au-moins-32-caractères-ok'.normalize('NFD').replace(/[^\x21-\x7e]/g, 'x'),
  '--color',
  '#0B7A75',
  '--contact-email',
  'support@fiscalia.example',
];

const buyer = { name: 'Marie Martin', email: 'marie.martin@example.fr', phone: '+33612345678' };

type ListedOrder = { id: number; invoiceNumber: string };

test('a purchase becomes an order, an invoice, a mail and the partner’s request', {
  timeout: 60_000,
}, async () => {
  const world = await staging();
  await world.start();
  await world.cli(...ADD_PARTNER(world.partner.url));
  const { eventIds } = await world.stripe.buy({
    mode: 'payment',
    items: [{ productId: 'prod_SbxDeclComplet', quantity: 1 }],
    buyer,
  });
  await until(() => world.partner.requests.length === 1 && world.mails.messages.length === 1);

  const [request] = world.partner.requests;
  expect(request?.method).toBe('POST');
  expect(request?.headers).toMatchObject({
    'content-type': 'application/json',
    'user-agent': 'ComptAppart-Webhook/1.0',
    'x-api-key': expect.any(String),
  });
  const body = JSON.parse(request?.body ?? '');
  const year = new Date().getFullYear();
  expect(body).toMatchObject({
    event_type: 'order.created',
    event_id: eventIds[0],
    order_id: 1,
    customer: {
      first_name: 'Marie',
      last_name: 'Martin',
      ...{ email: buyer.email, phone: buyer.phone },
    },
    order: { total_amount: 99.99, currency: 'EUR' },
    invoice: { number: expect.stringMatching(`^FQCA-(${year}|${year + 1})-000001$`) },
  });

  const pdf = Buffer.from(await (await fetch(body.invoice.pdf_url)).arrayBuffer());
  expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
  const mail = await simpleParser(world.mails.messages[0] ?? Buffer.alloc(0));
  expect(mail.subject).toContain('[TEST]');
  expect(mail.subject).toContain(body.invoice.number);
  const attached = mail.attachments.find((part) => part.contentType === 'application/pdf');
  const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
  expect(digest(attached?.content ?? Buffer.alloc(0))).toBe(digest(pdf));

  // Twenty redeliveries, half of them at once, change nothing.
  for (const concurrent of [true, false]) {
    const statuses = await world.stripe.deliver(eventIds[0] ?? '', { times: 10, concurrent });
    expect(new Set(statuses)).toEqual(new Set([200]));
  }
  await new Promise((resolve) => setTimeout(resolve, 500));
  const orders = JSON.parse(await world.cli('orders', 'list', '--json')) as {
    orders: ListedOrder[];
  };
  expect(orders.orders).toHaveLength(1);
  expect([world.partner.requests.length, world.mails.messages.length]).toEqual([1, 1]);

  // The log names things by their ids: no address, name, key or link of a customer.
  expect(world.output()).not.toMatch(/marie|Martin|\+336|une-cl|signature=|whsec_|sk_test_/i);
  expect(await world.kill('SIGTERM')).toBe(0);
});

test('a program killed half-way finishes every payment when it is started again', {
  timeout: 90_000,
}, async () => {
  const world = await staging();
  await world.start();
  await world.cli(...ADD_PARTNER(world.partner.url));
  const buy = (mode: 'payment' | 'subscription') =>
    world.stripe.buy({
      mode,
      items: [
        {
          productId: mode === 'payment' ? 'prod_SbxDeclComplet' : 'prod_SbxAccompagnem',
          quantity: 1,
        },
      ],
      buyer,
    });
  for (let n = 0; n < 2; n += 1) {
    await Promise.all([buy('payment'), buy('subscription')]);
    await new Promise((resolve) => setTimeout(resolve, n * 150));
    await world.kill('SIGKILL');
    await world.start();
  }
  await world.stripe.idle();
  // Deliveries that Stripe gave up on while we were dead: it would come back within the hour.
  for (const event of world.stripe.store.all('event')) await world.stripe.deliver(String(event.id));

  const numbers = () =>
    world.partner.requests.map((request) => JSON.parse(request.body).invoice.number as string);
  await until(() => new Set(numbers()).size === 4);
  const sequence = [...new Set(numbers())].toSorted().map((number) => Number(number.slice(-6)));
  expect(sequence).toEqual([1, 2, 3, 4]);
  await until(() => world.mails.messages.length >= 4);
  const orders = JSON.parse(await world.cli('orders', 'list', '--json')) as {
    orders: ListedOrder[];
  };
  expect(orders.orders).toHaveLength(4);
});
