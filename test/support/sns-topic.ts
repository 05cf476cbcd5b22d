// A topic of Amazon SNS as a test can have one: a key and a certificate of its own, messages signed
// as SNS signs them, and the place under SNS's name from which the certificate is fetched. Also the
// words of SES about a mail, as it publishes them there.

import { generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import type { FetchText } from '#adapters/http/sns-signature.ts';
import { testAuthority } from './tls-certificates.ts';

export const TOPIC = 'arn:aws:sns:eu-west-3:123456789012:ses-events';
export const CERTIFICATE_URL =
  'https://sns.eu-west-3.amazonaws.com/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem';

export type SnsFields = Readonly<Record<string, string>>;

export type SnsTopic = {
  /** A signed message, `fields` in place of the usual ones before it is signed. */
  message(text: string, fields?: SnsFields): SnsFields;
  confirmation(fields?: SnsFields): SnsFields;
  /** What `FetchText` was asked for, in order. */
  readonly fetched: string[];
  readonly fetchText: FetchText;
};

const SIGNED = [
  'Message',
  'MessageId',
  'Subject',
  'SubscribeURL',
  'Timestamp',
  'Token',
  'TopicArn',
];

/** The certificate is valid for a day around now, unless told otherwise. */
export function snsTopic(given: { readonly now: () => Date; readonly validTo?: Date }): SnsTopic {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const day = 24 * 60 * 60 * 1000;
  const certificate = testAuthority('Amazon of the tests').vouchFor(pair.publicKey, {
    names: ['sns.amazonaws.com'],
    validFrom: new Date(given.now().getTime() - day),
    validTo: given.validTo ?? new Date(given.now().getTime() + day),
  });
  const fetched: string[] = [];

  function signed(fields: SnsFields): SnsFields {
    return { ...fields, Signature: signature(fields, pair.privateKey) };
  }

  const common = () => ({
    MessageId: randomUUID(),
    TopicArn: TOPIC,
    Timestamp: given.now().toISOString(),
    SignatureVersion: '2',
    SigningCertURL: CERTIFICATE_URL,
  });

  return {
    fetched,
    message: (Message, fields) =>
      signed({
        Type: 'Notification',
        ...common(),
        Message,
        UnsubscribeURL: 'https://x',
        ...fields,
      }),
    confirmation: (fields) =>
      signed({
        Type: 'SubscriptionConfirmation',
        ...common(),
        Message: 'You have chosen to subscribe to the topic.',
        Token: 'a-token',
        SubscribeURL: `https://sns.eu-west-3.amazonaws.com/?Action=ConfirmSubscription&TopicArn=${TOPIC}&Token=a-token`,
        ...fields,
      }),
    fetchText: async (url) => {
      fetched.push(url.href);
      return url.pathname.endsWith('.pem') ? certificate : '<ConfirmSubscriptionResponse/>';
    },
  };
}

function signature(fields: SnsFields, key: KeyObject): string {
  const text = [...SIGNED, 'Type']
    .filter((name) => fields[name] !== undefined)
    .map((name) => `${name}\n${fields[name]}\n`)
    .join('');
  const algorithm = fields.SignatureVersion === '1' ? 'RSA-SHA1' : 'RSA-SHA256';
  return sign(algorithm, Buffer.from(text), key).toString('base64');
}

export type SesWords = {
  readonly notificationId?: string | null;
  readonly messageId?: string;
  readonly sentAt?: string;
  readonly dialect?: 'eventType' | 'notificationType';
};

/** SES's JSON for an event of a mail to Marie; `part` is the member named after the event. */
export function sesWords(type: string, part: object, words: SesWords = {}): string {
  const { dialect = 'eventType', notificationId = null, messageId = 'ses-1' } = words;
  const member = `${type.charAt(0).toLowerCase()}${type.slice(1)}`;
  return JSON.stringify({
    [dialect]: type,
    [member]: part,
    mail: {
      timestamp: words.sentAt ?? '2026-11-22T13:32:21.000Z',
      source: 'factures@comptappart.example',
      messageId,
      destination: ['marie@example.fr'],
      headersTruncated: false,
      headers: [{ name: 'From', value: 'Fiscalia <factures@comptappart.example>' }],
      tags: {
        'ses:configuration-set': ['invoices'],
        ...(notificationId && { notification_id: [notificationId] }),
      },
    },
  });
}

/** A mailbox that does not exist. */
export const BOUNCE = {
  bounceType: 'Permanent',
  bounceSubType: 'NoEmail',
  bouncedRecipients: [
    {
      emailAddress: 'marie@example.fr',
      action: 'failed',
      status: '5.1.1',
      diagnosticCode: 'smtp; 550 5.1.1 <marie@example.fr>: user marie unknown',
    },
  ],
  timestamp: '2026-11-22T13:32:25.000Z',
  feedbackId: '0102',
  reportingMTA: 'dns; mx.example.fr',
};
