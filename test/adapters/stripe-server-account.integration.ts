// What the sandbox's Stripe says of the account itself, and of money that went back: what `doctor`
// looks at, and what corrections will be made from.

import Stripe from 'stripe';
import { describe, expect, test } from 'vitest';
import {
  playScenario as play,
  refused,
  sandboxStripe as start,
} from '../support/sandbox-stripe.ts';

describe('the account', () => {
  test('has one endpoint, which says what it is told and in which version', async () => {
    const { sandbox, stripe } = await start({ webhookUrl: () => 'http://127.0.0.1:9/here' });
    const { data, has_more } = await stripe.webhookEndpoints.list();
    expect([data.length, has_more]).toEqual([1, false]);
    expect(data[0]).toMatchObject({
      url: 'http://127.0.0.1:9/here',
      status: 'enabled',
      api_version: Stripe.API_VERSION,
      livemode: false,
    });
    expect(data[0]?.enabled_events).toContain('checkout.session.async_payment_succeeded');
    expect(await stripe.webhookEndpoints.retrieve(data[0]?.id ?? '')).toEqual(
      expect.objectContaining({ id: data[0]?.id }),
    );
    expect(await refused(stripe.webhookEndpoints.retrieve('we_none'))).toMatchObject({
      code: 'resource_missing',
    });
    expect(sandbox.requests().map(({ path }) => path)[0]).toBe('/v1/webhook_endpoints');
  });

  test('has what was paid and not given back as its balance, by currency', async () => {
    const { sandbox, stripe } = await start();
    for (const name of ['one-time', 'yen', 'refund', 'sepa-failed']) await play(name, sandbox);
    expect((await stripe.balance.retrieve()).pending).toMatchObject([
      { amount: 99_99, currency: 'eur' },
      { amount: 12_000, currency: 'jpy' },
    ]);
  });

  test('shows what a refund leaves behind', async () => {
    const { sandbox, stripe } = await start();
    const { sessionId } = await play('refund', sandbox);
    const session = await stripe.checkout.sessions.retrieve(String(sessionId), {
      expand: ['payment_intent.latest_charge', 'invoice'],
    });
    const charge = (session.payment_intent as Stripe.PaymentIntent).latest_charge as Stripe.Charge;
    expect(charge).toMatchObject({ refunded: true, amount_refunded: 99_99 });
    expect(session).toMatchObject({
      payment_status: 'paid',
      invoice: { status: 'paid', post_payment_credit_notes_amount: 99_99 },
    });
    const refunds = await stripe.refunds.list({ charge: charge.id });
    const { id = '' } = session.invoice as Stripe.Invoice;
    const notes = await stripe.creditNotes.list({ invoice: id });
    expect(notes.data[0]).toMatchObject({ total: 99_99, lines: { data: [{ amount: 99_99 }] } });
    expect(notes.data[0]?.refunds[0]?.refund).toBe(refunds.data[0]?.id);
    const lines = await stripe.creditNotes.listLineItems(notes.data[0]?.id ?? '');
    expect(lines.data).toHaveLength(1);
  });
});
