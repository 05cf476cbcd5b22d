// The shape of what Amazon SNS posts, and what its signature covers. Nothing is trusted here yet:
// the text comes from anybody. The addresses it names are checked to be SNS's own, of the topic's
// region, before anybody follows them. The packages sns-validator and sns-payload-validator were
// read on 2026-11-23: neither bounds the age, the topics, the time or the size of what it fetches.

import { AWS_REGION } from '#adapters/aws-address.ts';

export type SnsMessage = {
  readonly type: 'Notification' | 'SubscriptionConfirmation' | 'UnsubscribeConfirmation';
  readonly messageId: string;
  readonly topicArn: string;
  readonly timestamp: Date;
  /** What the topic was told: for SES, one event as JSON. */
  readonly message: string;
  /** SHA-1 was the only one until 2022 and is still what a topic does unless it is set. */
  readonly algorithm: 'RSA-SHA1' | 'RSA-SHA256';
  readonly signature: Buffer;
  readonly signedText: string;
  readonly certificateUrl: URL;
  /** Confirms the subscription; null on notifications. */
  readonly subscribeUrl: URL | null;
};

export type SnsFault = 'not-sns' | 'unknown-topic' | 'strange-address' | 'unknown-signature';

// What is signed, in this order: « Verifying the signatures of Amazon SNS messages », 2026-11-23.
const SIGNED = {
  Notification: ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type'],
  SubscriptionConfirmation: [
    'Message',
    'MessageId',
    'SubscribeURL',
    'Timestamp',
    'Token',
    'TopicArn',
    'Type',
  ],
} as const;

const ALGORITHMS: Readonly<Record<string, SnsMessage['algorithm']>> = {
  '1': 'RSA-SHA1',
  '2': 'RSA-SHA256',
};

/** The message in a request's body, or why it cannot be one for us. The signature is not checked. */
export function parseSnsMessage(body: Buffer, topicArns: readonly string[]): SnsMessage | SnsFault {
  const fields = fieldsOf(body);
  const type = fields?.Type;
  if (!fields || !isType(type)) return 'not-sns';
  const { MessageId, TopicArn, Timestamp, Message, Signature } = fields;
  const timestamp = new Date(Timestamp ?? '');
  if (!MessageId || !TopicArn || Message === undefined || !Signature) return 'not-sns';
  if (MessageId.length > 100 || Number.isNaN(timestamp.getTime())) return 'not-sns';
  const host = snsHost(TopicArn);
  if (!topicArns.includes(TopicArn) || host === null) return 'unknown-topic';
  const algorithm = ALGORITHMS[fields.SignatureVersion ?? ''];
  if (!algorithm) return 'unknown-signature';
  const certificateUrl = addressAt(host, fields.SigningCertURL);
  const isCertificate = /^\/SimpleNotificationService-[0-9a-f]{32}\.pem$/;
  if (!certificateUrl || !isCertificate.test(certificateUrl.pathname) || certificateUrl.search) {
    return 'strange-address';
  }
  const subscribeUrl = type === 'Notification' ? null : addressAt(host, fields.SubscribeURL);
  if (type !== 'Notification' && !confirms(subscribeUrl, TopicArn)) return 'strange-address';
  return {
    type,
    messageId: MessageId,
    topicArn: TopicArn,
    timestamp,
    message: Message,
    algorithm,
    signature: Buffer.from(Signature, 'base64'),
    signedText: signedText(type, fields),
    certificateUrl,
    subscribeUrl,
  };
}

/** Partition and region of a topic's ARN, or null when it is none. */
export function parseTopicArn(text: string): { partition: string; region: string } | null {
  const parts = /^arn:(aws[a-z-]*):sns:([a-z0-9-]+):\d{12}:[A-Za-z0-9_-]{1,256}$/.exec(text);
  const [, partition = '', region = ''] = parts ?? [];
  return AWS_REGION.test(region) ? { partition, region } : null;
}

const DOMAINS: Readonly<Record<string, string>> = {
  aws: 'amazonaws.com',
  'aws-us-gov': 'amazonaws.com',
  'aws-cn': 'amazonaws.com.cn',
  'aws-eusc': 'amazonaws.eu',
};

// Where the topic lives, and the only place from which anything is fetched on its behalf.
function snsHost(topicArn: string): string | null {
  const topic = parseTopicArn(topicArn);
  const domain = topic && DOMAINS[topic.partition];
  return domain ? `sns.${topic.region}.${domain}` : null;
}

function addressAt(host: string, text: string | undefined): URL | null {
  const url = URL.parse(text ?? '');
  return url?.protocol === 'https:' && url.host === host && url.username + url.password === ''
    ? url
    : null;
}

function confirms(url: URL | null, topicArn: string): boolean {
  return (
    url?.pathname === '/' &&
    url.searchParams.get('Action') === 'ConfirmSubscription' &&
    url.searchParams.get('TopicArn') === topicArn
  );
}

function signedText(
  type: SnsMessage['type'],
  fields: Readonly<Record<string, string | undefined>>,
): string {
  return SIGNED[type === 'Notification' ? 'Notification' : 'SubscriptionConfirmation']
    .filter((name) => fields[name] !== undefined)
    .map((name) => `${name}\n${fields[name]}\n`)
    .join('');
}

function isType(type: string | undefined): type is SnsMessage['type'] {
  return (
    type === 'Notification' ||
    type === 'SubscriptionConfirmation' ||
    type === 'UnsubscribeConfirmation'
  );
}

// Its top level is one of texts; whatever else stands there (attributes) is not signed and not
// read.
function fieldsOf(body: Buffer): Readonly<Record<string, string | undefined>> | null {
  try {
    const json: unknown = JSON.parse(body.toString('utf8'));
    if (typeof json !== 'object' || json === null || Array.isArray(json)) return null;
    return Object.fromEntries(Object.entries(json).filter(([, it]) => typeof it === 'string'));
  } catch {
    return null;
  }
}
