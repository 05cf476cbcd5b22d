// The same purchase when mail goes through SES and files lie in S3, put in place by variables alone:
// the partner's link leads to the bucket and to the very bytes that the customer got, this program
// serves no file, and the commands that read files read them there.

import { simpleParser } from 'mailparser';
import { expect, onTestFinished, test } from 'vitest';
import { BUCKET, STRICT_KEYS, strictS3 } from '#test/support/s3-servers.ts';
import { npmSes } from '#test/support/ses-servers.ts';
import { staging, until } from '#test/support/staging.ts';

test('a purchase passes over SES and S3', { timeout: 60_000 }, async () => {
  const [s3, ses] = await Promise.all([strictS3(), npmSes()]);
  onTestFinished(() => Promise.all([s3.close(), ses.close()]).then(() => undefined));
  const world = await staging({
    EMAIL_URL: `ses://eu-west-3?endpoint=${ses.origin}&configuration-set=invoices`,
    STORAGE_URL: `s3://${BUCKET}/prod?endpoint=${s3.origin}&object-lock=governance`,
    SES_SNS_TOPIC_ARNS: 'arn:aws:sns:eu-west-3:123456789012:ses-events',
    AWS_ACCESS_KEY_ID: STRICT_KEYS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: STRICT_KEYS.secretAccessKey,
    AWS_EC2_METADATA_DISABLED: 'true',
  });
  await world.start();
  const urls = ['--staging-url', world.partner.url, '--production-url', 'https://a.example/orders'];
  await world.cli('partner', 'add', 'demo', '--name', 'Fiscalia', ...urls);
  await world.stripe.buy({
    mode: 'payment',
    items: [{ productId: 'prod_SbxDeclComplet', quantity: 1 }],
    buyer: { name: 'Marie Martin', email: 'marie.martin@example.fr' },
  });
  await until(() => world.partner.requests.length === 1 && ses.sent.length === 1);

  const { invoice } = JSON.parse(world.partner.requests[0]?.body ?? '');
  const link = new URL(invoice.pdf_url);
  expect(link.origin).toBe(s3.origin);
  expect(link.pathname).toMatch(/^\/invoices\/prod\/partner_invoices\/invoice_1_\d{8}_\d{6}\.pdf$/);
  const pdf = Buffer.from(await (await fetch(link)).arrayBuffer());
  expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
  link.searchParams.set('X-Amz-Expires', '604800');
  expect((await fetch(link)).status).toBe(403);

  const [sent] = ses.sent;
  expect(sent?.EmailTags.map(({ Name }) => Name)).toEqual(['notification_id', 'order_id']);
  const mail = await simpleParser(Buffer.from(sent?.Content.Raw.Data ?? '', 'base64'));
  expect(mail.subject).toContain(invoice.number);
  const attached = mail.attachments.find((part) => part.contentType === 'application/pdf');
  expect(attached?.content.equals(pdf)).toBe(true);

  expect((await fetch(`${world.url}/files/x.pdf`)).status).toBe(404);
  expect((await fetch(`${world.url}/webhooks/ses`, { method: 'POST' })).status).toBe(400);
  type Order = { order: { notifications: { attempts: { messageId: string }[] }[] } };
  const shown: Order = JSON.parse(await world.cli('orders', 'show', '1', '--json'));
  expect(shown.order.notifications[0]?.attempts[0]?.messageId).toMatch(/^ses-/);
  expect(JSON.parse(await world.cli('audit', '--json'))).toMatchObject({ isWhole: true });

  const said = world.output();
  expect(said).not.toMatch(/marie|a-secret-of-the-tests|X-Amz-Signature/i);
  expect(await world.kill('SIGTERM')).toBe(0);
});
