import type { IncomingHttpHeaders } from 'node:http';
import type { FeedbackItem, FeedbackKind } from '../relay/feedback.ts';
import type { FeedbackSettings } from '../relay/settings.ts';
import {
  addressIn,
  type Fields,
  fieldsAt,
  idIn,
  instantIn,
  keyOf,
  oneLine,
  ownIdIn,
  type Post,
  parseObject,
  refused,
  type Said,
  sameSecret,
  textAt,
} from './said.ts';

/** Postmark signs nothing: name and password stand in the URL of the webhook. */
export function mayPostPostmark(
  { authorization }: IncomingHttpHeaders,
  { username, password }: NonNullable<FeedbackSettings['postmark']>,
): boolean {
  const given = /^Basic +([\w+/=-]+) *$/i.exec(authorization ?? '')?.[1] ?? '';
  const text = Buffer.from(given, 'base64').toString();
  return sameSecret(text, `${username}:${password.reveal()}`);
}

/** https://postmarkapp.com/developer/webhooks/webhooks-overview */
export function readPostmark(post: Post): Said {
  const record = parseObject(post.body.toString());
  if (record === null) return refused('malformed', 'there is no record');
  const kind = kindOf(record);
  const items = kind === null ? [] : [itemOf(record, kind, post.nowMs)];
  return { is: 'items', key: null, items };
}

/** In a message through Postmark over SMTP, and given back as `Metadata.relayd`. */
function itemOf(record: Fields, kind: FeedbackKind, nowMs: number): FeedbackItem {
  const recipient = addressIn(textAt(record, 'Recipient') || textAt(record, 'Email'));
  const at = textAt(record, 'DeliveredAt') || textAt(record, 'BouncedAt');
  const id = textAt(record, 'MessageID');
  return {
    key: keyOf('postmark', kind, id, textAt(record, 'ID'), recipient ?? '', at),
    kind,
    atMs: instantIn(at, nowMs),
    recipient,
    providerId: idIn(id),
    messageIdField: null,
    ownId: ownIdIn(textAt(fieldsAt(record, 'Metadata'), 'relayd')),
    text: oneLine(textAt(record, 'Details') || textAt(record, 'Description')),
    certain: recipient !== null,
  };
}

/** Types whose addresses do not exist. */
const HARD = ['HardBounce', 'BadEmailAddress'];
/** Postmark sent nothing. */
const UNSENT = ['ManuallyDeactivated', 'InactiveRecipient', 'SMTPApiError', 'Unsubscribe'];

function kindOf(record: Fields): FeedbackKind | null {
  const type = textAt(record, 'Type');
  switch (textAt(record, 'RecordType')) {
    case 'Delivery':
      return 'delivered';
    case 'SpamComplaint':
      return 'complained';
    case 'Bounce':
      if (HARD.includes(type)) return 'bounced';
      if (type === 'SpamComplaint') return 'complained';
      return UNSENT.includes(type) ? 'dropped' : 'soft-bounced';
    default:
      return null;
  }
}
