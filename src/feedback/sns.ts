import { type KeyObject, verify } from 'node:crypto';
import { type Fields, isStale, oneLine, parseObject, refused, type Said, textAt } from './said.ts';

/** The public key of the certificate that a URL of SNS leads to; null: it cannot be had. */
export type CertificateKey = (url: string) => Promise<KeyObject | null>;

/** A message of SNS whose signature and topic are right. */
export interface SnsMessage {
  readonly is: 'message';
  readonly type: 'Notification' | 'SubscriptionConfirmation' | 'UnsubscribeConfirmation';
  readonly id: string;
  readonly topic: string;
  readonly message: string;
  readonly subscribeUrl: string;
}

/** What is signed, in its order: https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html */
const NOTIFICATION = ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type'];
const SUBSCRIPTION = [
  'Message',
  'MessageId',
  'SubscribeURL',
  'Timestamp',
  'Token',
  'TopicArn',
  'Type',
];
const SIGNED: Readonly<Record<SnsMessage['type'], readonly string[]>> = {
  Notification: NOTIFICATION,
  SubscriptionConfirmation: SUBSCRIPTION,
  UnsubscribeConfirmation: SUBSCRIPTION,
};

const HASHES: Readonly<Record<string, string>> = { '1': 'sha1', '2': 'sha256' };

/** The topic is looked at first: for nobody else's is anything fetched. */
export async function readSns(
  text: string,
  {
    topics,
    keyAt,
    nowMs,
  }: {
    readonly topics: readonly string[];
    readonly keyAt: CertificateKey;
    readonly nowMs: number;
  },
): Promise<SnsMessage | Extract<Said, { is: 'refused' }>> {
  const fields = parseObject(text);
  const type = textAt(fields, 'Type');
  const topic = textAt(fields, 'TopicArn');
  if (fields === null || !isType(type)) return refused('signature', 'it is no message of SNS');
  if (!topics.includes(topic)) {
    return refused('signature', `topic ${oneLine(topic)} is not in feedback.ses.topics`);
  }
  const certificateUrl = textAt(fields, 'SigningCertURL');
  if (!isCertificateUrl(certificateUrl)) {
    return refused('signature', `the certificate lies at ${oneLine(certificateUrl)}`);
  }
  const hash = HASHES[textAt(fields, 'SignatureVersion')];
  if (hash === undefined) return refused('signature', 'its signature is of an unknown version');
  const key = await keyAt(certificateUrl);
  if (key === null) return refused('unproven', `no key for it at ${oneLine(certificateUrl)}`);
  const signature = Buffer.from(textAt(fields, 'Signature'), 'base64');
  if (!verify(hash, signedBytes(fields, SIGNED[type]), key, signature)) {
    return refused('signature', 'the signature is not made for the certificate');
  }
  const timestamp = textAt(fields, 'Timestamp');
  if (isStale(Date.parse(timestamp), nowMs)) {
    return refused('stale', `signed at ${oneLine(timestamp)}`);
  }
  return {
    is: 'message',
    type,
    id: textAt(fields, 'MessageId'),
    topic,
    message: textAt(fields, 'Message'),
    subscribeUrl: textAt(fields, 'SubscribeURL'),
  };
}

function isType(type: string): type is SnsMessage['type'] {
  return Object.hasOwn(SIGNED, type);
}

/** A field that is not there is left out, with its name. */
function signedBytes(fields: Fields, names: readonly string[]): Buffer {
  const present = names.filter((name) => typeof fields[name] === 'string');
  return Buffer.from(present.map((name) => `${name}\n${textAt(fields, name)}\n`).join(''));
}

/** Only what lies on a server of SNS itself: anybody can put a certificate on another one. */
export function isCertificateUrl(text: string): boolean {
  return isSnsUrl(text) && /^\/SimpleNotificationService-[0-9a-f]{8,64}\.pem$/.test(pathOf(text));
}

export function isSubscribeUrl(text: string): boolean {
  return (
    isSnsUrl(text) &&
    pathOf(text) === '/' &&
    new URL(text).searchParams.get('Action') === 'ConfirmSubscription'
  );
}

function isSnsUrl(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || url.protocol !== 'https:') return false;
  const plain = url.port === '' && url.username === '' && url.password === '';
  return plain && /^sns\.[a-z0-9-]{3,30}\.amazonaws\.com(?:\.cn)?$/.test(url.hostname);
}

const pathOf = (text: string): string => new URL(text).pathname;
