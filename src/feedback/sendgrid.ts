import { createPublicKey, verify } from 'node:crypto';
import type { FeedbackItem, FeedbackKind } from '../relay/feedback.ts';
import type { FeedbackSettings } from '../relay/settings.ts';
import {
  addressIn,
  asObject,
  type Fields,
  idIn,
  instantIn,
  isStale,
  itemsMax,
  keyOf,
  oneLine,
  type Post,
  parse,
  refused,
  type Said,
  textAt,
} from './said.ts';

/**
 * The signed event webhook: ECDSA over the timestamp of a header and the body as it came
 * (https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features).
 */
export function readSendgrid(
  post: Post,
  { publicKey }: NonNullable<FeedbackSettings['sendgrid']>,
): Said {
  const signature = String(post.headers['x-twilio-email-event-webhook-signature'] ?? '');
  const timestamp = String(post.headers['x-twilio-email-event-webhook-timestamp'] ?? '');
  const signed = Buffer.concat([Buffer.from(timestamp), post.body]);
  const key = createPublicKey(publicKey);
  if (!verify('sha256', signed, key, Buffer.from(signature, 'base64'))) {
    return refused('signature', 'the signature is not made for the public key');
  }
  if (!/^\d+$/.test(timestamp) || isStale(Number(timestamp) * 1_000, post.nowMs)) {
    return refused('stale', `signed at ${oneLine(timestamp)}`);
  }
  const events = parse(post.body.toString());
  if (!Array.isArray(events)) return refused('malformed', 'there is no list of events');
  const items = events.slice(0, itemsMax).flatMap((one) => itemOf(asObject(one), post.nowMs));
  // An ECDSA signature can be written in other ways; what it signs cannot.
  const content = keyOf('sendgrid', timestamp, post.body.toString('latin1'));
  return { is: 'items', key: content, items };
}

function itemOf(event: Fields | null, nowMs: number): FeedbackItem[] {
  const kind = event === null ? null : kindOf(event);
  if (event === null || kind === null) return [];
  const recipient = addressIn(textAt(event, 'email'));
  // The id of its last reply, a dot, and what its filters add.
  const [id = ''] = textAt(event, 'sg_message_id').split('.');
  return [
    {
      key: keyOf('sendgrid event', textAt(event, 'sg_event_id') || JSON.stringify(event)),
      kind,
      atMs: instantIn(textAt(event, 'timestamp'), nowMs),
      recipient,
      providerId: idIn(id),
      messageIdField: idIn(textAt(event, 'smtp-id')),
      ownId: null,
      text: oneLine(textAt(event, 'status'), textAt(event, 'reason') || textAt(event, 'response')),
      certain: recipient !== null,
    },
  ];
}

function kindOf(event: Fields): FeedbackKind | null {
  switch (textAt(event, 'event')) {
    case 'delivered':
      return 'delivered';
    case 'bounce':
      // `blocked`: refused for its content, its sender or for now.
      return textAt(event, 'type') === 'blocked' ? 'soft-bounced' : 'bounced';
    case 'deferred':
      return 'soft-bounced';
    case 'dropped':
      return 'dropped';
    case 'spamreport':
      return 'complained';
    default:
      return null;
  }
}
