import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

/** A post as a provider sends it. */
export interface SignedPost {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export const topic = 'arn:aws:sns:eu-west-3:123456789012:ses-feedback';
export const snsHost = 'sns.eu-west-3.amazonaws.com';
export const certificateUrl = `https://${snsHost}/SimpleNotificationService-0123456789abcdef.pem`;

const json = { 'content-type': 'application/json' };

const NOTIFICATION = ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type'];
const SUBSCRIPTION = NOTIFICATION.toSpliced(2, 1, 'SubscribeURL').toSpliced(4, 0, 'Token');

let drawn = 0;
const unique = (): string => `${++drawn}-${process.pid}`;

/** What SNS posts, signed as it does; `more` replaces fields before they are signed. */
export function snsPost(
  key: KeyObject,
  message: unknown,
  more: Readonly<Record<string, string>> = {},
): SignedPost {
  const fields: Record<string, string> = {
    Type: 'Notification',
    MessageId: unique(),
    TopicArn: topic,
    Message: typeof message === 'string' ? message : JSON.stringify(message),
    Timestamp: new Date().toISOString(),
    SignatureVersion: '2',
    SigningCertURL: certificateUrl,
    ...more,
  };
  const names = fields.Type === 'Notification' ? NOTIFICATION : SUBSCRIPTION;
  const text = names
    .flatMap((name) => (name in fields ? `${name}\n${fields[name]}\n` : []))
    .join('');
  const hash = fields.SignatureVersion === '1' ? 'sha1' : 'sha256';
  const signature = sign(hash, Buffer.from(text), key).toString('base64');
  const headers = { 'content-type': 'text/plain; charset=UTF-8' };
  return {
    path: '/feedback/ses',
    headers,
    body: JSON.stringify({ ...fields, Signature: signature }),
  };
}

export function sesBounce(messageId: string, recipient: string, type = 'Permanent'): unknown {
  return {
    eventType: 'Bounce',
    bounce: {
      bounceType: type,
      bounceSubType: 'General',
      timestamp: new Date().toISOString(),
      bouncedRecipients: [
        {
          emailAddress: recipient,
          status: '5.1.1',
          diagnosticCode: 'smtp; 550 5.1.1 no such user',
        },
      ],
    },
    mail: { messageId, destination: [recipient] },
  };
}

export interface SendgridKeys {
  readonly publicKey: string;
  readonly privateKey: KeyObject;
}

export function sendgridKeys(): SendgridKeys {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const der = publicKey.export({ format: 'der', type: 'spki' });
  return { publicKey: der.toString('base64'), privateKey };
}

export function sendgridPost(
  { privateKey }: SendgridKeys,
  events: readonly Readonly<Record<string, unknown>>[],
  atMs: number = Date.now(),
): SignedPost {
  const body = JSON.stringify(events.map((event) => ({ sg_event_id: unique(), ...event })));
  const timestamp = String(Math.floor(atMs / 1_000));
  const headers = {
    ...json,
    'x-twilio-email-event-webhook-timestamp': timestamp,
    'x-twilio-email-event-webhook-signature': sign(
      'sha256',
      Buffer.from(timestamp + body),
      privateKey,
    ).toString('base64'),
  };
  return { path: '/feedback/sendgrid', headers, body };
}

export function mailgunPost(
  key: string,
  data: Readonly<Record<string, unknown>>,
  atMs: number = Date.now(),
): SignedPost {
  const [timestamp, token] = [String(Math.floor(atMs / 1_000)), `token-${unique()}`];
  const signature = createHmac('sha256', key)
    .update(timestamp + token)
    .digest('hex');
  const event = { id: unique(), timestamp: atMs / 1_000, ...data };
  const body = JSON.stringify({ signature: { timestamp, token, signature }, 'event-data': event });
  return { path: '/feedback/mailgun', headers: json, body };
}

export function postmarkPost(login: string, record: Readonly<Record<string, unknown>>): SignedPost {
  const authorization = `Basic ${Buffer.from(login).toString('base64')}`;
  const body = JSON.stringify({ MessageStream: 'outbound', ...record });
  return { path: '/feedback/postmark', headers: { ...json, authorization }, body };
}

export function brevoPost(token: string, event: unknown): SignedPost {
  const authorization = `Bearer ${token}`;
  return {
    path: '/feedback/brevo',
    headers: { ...json, authorization },
    body: JSON.stringify(event),
  };
}
