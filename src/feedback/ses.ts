import type { FeedbackItem, FeedbackKind } from '../relay/feedback.ts';
import type { FeedbackSettings } from '../relay/settings.ts';
import {
  addressIn,
  asObject,
  type Fields,
  fieldsAt,
  idIn,
  instantIn,
  keyOf,
  listAt,
  oneLine,
  type Post,
  parseObject,
  refused,
  type Said,
  textAt,
} from './said.ts';
import { type CertificateKey, isSubscribeUrl, readSns } from './sns.ts';

/** SES tells SNS, and SNS posts; feedback notifications and published events say the same. */
export async function readSes(
  post: Post,
  { topics }: NonNullable<FeedbackSettings['ses']>,
  keyAt: CertificateKey,
): Promise<Said> {
  const { nowMs } = post;
  const sns = await readSns(post.body.toString(), { topics, keyAt, nowMs });
  if (sns.is === 'refused') return sns;
  const key = keyOf('ses', sns.id);
  if (sns.type === 'UnsubscribeConfirmation') return { is: 'items', key, items: [] };
  if (sns.type === 'SubscriptionConfirmation') {
    const { topic, subscribeUrl: url } = sns;
    if (isSubscribeUrl(url)) return { is: 'subscription', topic, url };
    return refused('malformed', `the subscription is confirmed at ${oneLine(url)}`);
  }
  const said = parseObject(sns.message);
  // SES says in plain words that it was allowed to publish.
  const items = said === null ? [] : itemsOf(said, { id: sns.id, nowMs });
  return { is: 'items', key, items };
}

/** One of them for each recipient, as SES names things: its field, its list, its kind. */
interface About {
  readonly kind: FeedbackKind;
  readonly recipients: readonly (readonly [address: string, text: string])[];
  readonly at: string;
}

function itemsOf(
  said: Fields,
  { id, nowMs }: { readonly id: string; readonly nowMs: number },
): FeedbackItem[] {
  const about = aboutOf(said);
  if (about === null) return [];
  const mail = fieldsAt(said, 'mail');
  const { kind, recipients, at } = about;
  const named = recipients.length === 0 ? [['', ''] as const] : recipients;
  return named.map(([address, text]) => {
    const recipient = addressIn(address);
    return {
      key: keyOf('ses event', id, kind, address),
      kind,
      atMs: instantIn(at, nowMs),
      recipient,
      providerId: idIn(textAt(mail, 'messageId')),
      messageIdField: idIn(originalMessageId(mail)),
      ownId: null,
      text: oneLine(text),
      // Who complained is often not told: then all who may have are named.
      certain: recipient !== null && (kind !== 'complained' || recipients.length === 1),
    };
  });
}

/** What the message was called before SES gave it another name; only with the original headers. */
function originalMessageId(mail: Fields | null): string {
  const fields = listAt(mail, 'headers').map(asObject);
  const field = fields.find((one) => textAt(one, 'name').toLowerCase() === 'message-id');
  return textAt(field ?? null, 'value');
}

/** https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html */
function aboutOf(said: Fields): About | null {
  switch (textAt(said, 'eventType') || textAt(said, 'notificationType')) {
    case 'Bounce': {
      const bounce = fieldsAt(said, 'bounce');
      const kind = textAt(bounce, 'bounceType') === 'Permanent' ? 'bounced' : 'soft-bounced';
      const recipients = recipientsIn(bounce, 'bouncedRecipients');
      return { kind, recipients, at: textAt(bounce, 'timestamp') };
    }
    case 'Complaint': {
      const complaint = fieldsAt(said, 'complaint');
      const recipients = recipientsIn(complaint, 'complainedRecipients');
      const type = textAt(complaint, 'complaintFeedbackType');
      const told = recipients.map(([address]) => [address, type] as const);
      return { kind: 'complained', recipients: told, at: textAt(complaint, 'timestamp') };
    }
    case 'Delivery': {
      const delivery = fieldsAt(said, 'delivery');
      const text = textAt(delivery, 'smtpResponse');
      const addresses = listAt(delivery, 'recipients').filter((one) => typeof one === 'string');
      const recipients = addresses.map((address) => [address, text] as const);
      return { kind: 'delivered', recipients, at: textAt(delivery, 'timestamp') };
    }
    case 'DeliveryDelay': {
      const delay = fieldsAt(said, 'deliveryDelay');
      const recipients = recipientsIn(delay, 'delayedRecipients');
      return { kind: 'soft-bounced', recipients, at: textAt(delay, 'timestamp') };
    }
    case 'Reject': {
      const reason = textAt(fieldsAt(said, 'reject'), 'reason');
      return { kind: 'dropped', recipients: [['', reason]], at: '' };
    }
    default:
      return null;
  }
}

function recipientsIn(fields: Fields | null, key: string): (readonly [string, string])[] {
  return listAt(fields, key).map((one) => {
    const recipient = asObject(one);
    const text = textAt(recipient, 'diagnosticCode') || textAt(recipient, 'status');
    return [textAt(recipient, 'emailAddress'), text] as const;
  });
}
