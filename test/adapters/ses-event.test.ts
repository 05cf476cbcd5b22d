// SES's words about a mail that it took: which of them we follow, in both dialects, what they are
// called here, and that no address gets through.

import { describe, expect, test } from 'vitest';
import { parseSesEvent } from '#adapters/email/ses-event.ts';
import { BOUNCE, sesWords } from '#test/support/sns-topic.ts';

const ID = '0b6f2f53-7f2e-4a77-9d0c-3a1f6a0f4b11';

test('a permanent bounce, whole', () => {
  expect(parseSesEvent(sesWords('Bounce', BOUNCE, { notificationId: ID }))).toEqual({
    kind: 'bounced',
    at: new Date('2026-11-22T13:32:25Z'),
    detail: 'Permanent/NoEmail: smtp; 550 5.1.1 <[…]>: user […] unknown',
    needsPerson: true,
    messageId: 'ses-1',
    sentAt: new Date('2026-11-22T13:32:21Z'),
    notificationId: ID,
  });
});

describe('what is told, and whether a person must act', () => {
  test.each([
    ['Delivery', { smtpResponse: '250 ok' }, 'delivered', false],
    ['DeliveryDelay', { delayType: 'MailboxFull' }, 'delayed', false],
    ['Bounce', { bounceType: 'Transient', bounceSubType: 'General' }, 'bounced-for-now', false],
    ['Bounce', { bounceType: 'Transient', bounceSubType: 'MailboxFull' }, 'bounced-for-now', true],
    ['Bounce', { bounceType: 'Undetermined' }, 'bounced-for-now', false],
    ['Bounce', { bounceType: 'Permanent', bounceSubType: 'Suppressed' }, 'bounced', true],
    ['Complaint', { complaintFeedbackType: 'abuse' }, 'complained', true],
    ['Complaint', {}, 'complained', true],
    ['Reject', { reason: 'Bad content' }, 'rejected', true],
  ])('%s %o', (type, part, kind, needsPerson) => {
    for (const dialect of ['eventType', 'notificationType'] as const) {
      expect(parseSesEvent(sesWords(type, part, { dialect }))).toMatchObject({ kind, needsPerson });
    }
  });

  test('opens, clicks and sends are none of our business', () => {
    for (const type of ['Open', 'Click', 'Send', 'Subscription', 'Rendering Failure']) {
      expect(parseSesEvent(sesWords(type, {}))).toBeNull();
    }
  });
});

test('the notification is named by the tag, else by the header of the mail', () => {
  const named = JSON.parse(sesWords('Delivery', {}));
  expect(parseSesEvent(JSON.stringify(named))?.notificationId).toBeNull();
  named.mail.headers.push({ name: 'x-notification-ID', value: ID });
  expect(parseSesEvent(JSON.stringify(named))?.notificationId).toBe(ID);
  named.mail.tags.notification_id = ['by-tag'];
  expect(parseSesEvent(JSON.stringify(named))?.notificationId).toBe('by-tag');
});

test('an event without a date of its own has that of its mail', () => {
  expect(parseSesEvent(sesWords('Reject', {}))?.at).toEqual(new Date('2026-11-22T13:32:21Z'));
});

test.each([
  ['a sentence', 'Successfully validated SNS topic for Amazon SES event publishing.'],
  ['nothing', ''],
  ['a list', '[]'],
  ['null', 'null'],
  ['no mail', '{"eventType":"Bounce","bounce":{}}'],
  ['a mail without an id', '{"eventType":"Bounce","mail":{"timestamp":"2026-11-22T13:32:21Z"}}'],
  ['a mail without a date', '{"eventType":"Bounce","mail":{"messageId":"1","timestamp":"soon"}}'],
  ['strange members', '{"eventType":7,"mail":{"messageId":{},"timestamp":[],"headers":"x"}}'],
])('%s is no event', (_name, text) => {
  expect(parseSesEvent(text)).toBeNull();
});

test('hostile members are not stumbled over', () => {
  const words = JSON.parse(sesWords('Bounce', { bouncedRecipients: [null], bounceType: {} }));
  Object.assign(words.mail, { tags: { notification_id: 'x' }, headers: [null, 7], destination: 1 });
  expect(parseSesEvent(JSON.stringify(words))).toMatchObject({
    kind: 'bounced-for-now',
    detail: 'Undetermined/Undetermined',
    notificationId: null,
  });
});
