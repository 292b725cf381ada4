import { createHmac } from 'node:crypto';
import type { FeedbackKind } from '../relay/feedback.ts';
import type { FeedbackSettings } from '../relay/settings.ts';
import {
  addressIn,
  type Fields,
  fieldsAt,
  idIn,
  instantIn,
  isStale,
  keyOf,
  oneLine,
  type Post,
  parseObject,
  refused,
  type Said,
  sameSecret,
  textAt,
} from './said.ts';

/**
 * Mailgun signs timestamp and token only, inside the body
 * (https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks): that a
 * token counts once is what keeps the rest from being exchanged.
 */
export function readMailgun(
  post: Post,
  { signingKey }: NonNullable<FeedbackSettings['mailgun']>,
): Said {
  const body = parseObject(post.body.toString());
  const signature = fieldsAt(body, 'signature');
  const [timestamp, token] = [textAt(signature, 'timestamp'), textAt(signature, 'token')];
  const wanted = createHmac('sha256', signingKey.reveal())
    .update(timestamp + token)
    .digest('hex');
  // Mail of a subaccount is signed by the account above it, too.
  const given = ['signature', 'parent-signature'].map((key) => textAt(signature, key));
  if (token === '' || !given.some((one) => sameSecret(one, wanted))) {
    return refused('signature', 'the signature is not made with the signing key');
  }
  if (!/^\d+$/.test(timestamp) || isStale(Number(timestamp) * 1_000, post.nowMs)) {
    return refused('stale', `signed at ${oneLine(timestamp)}`);
  }
  const data = fieldsAt(body, 'event-data');
  if (data === null) return refused('malformed', 'there is no event-data');
  const key = keyOf('mailgun', token);
  const kind = kindOf(data);
  if (kind === null) return { is: 'items', key, items: [] };
  const status = fieldsAt(data, 'delivery-status');
  const id = idIn(textAt(fieldsAt(fieldsAt(data, 'message'), 'headers'), 'message-id'));
  const recipient = addressIn(textAt(data, 'recipient'));
  const text = oneLine(
    textAt(status, 'code'),
    textAt(status, 'message') || textAt(status, 'description') || textAt(data, 'reason'),
  );
  const item = {
    key: keyOf('mailgun event', textAt(data, 'id') || token),
    kind,
    atMs: instantIn(textAt(data, 'timestamp'), post.nowMs),
    recipient,
    providerId: null,
    messageIdField: id,
    ownId: null,
    text,
    certain: recipient !== null,
  };
  return { is: 'items', key, items: [item] };
}

function kindOf(data: Fields): FeedbackKind | null {
  switch (textAt(data, 'event')) {
    case 'delivered':
      return 'delivered';
    case 'complained':
      return 'complained';
    case 'rejected':
      return 'dropped';
    case 'failed':
      if (textAt(data, 'severity') !== 'permanent') return 'soft-bounced';
      // Its own lists say so: it did not try.
      return textAt(data, 'reason').startsWith('suppress') ? 'dropped' : permanent(data);
    default:
      return null;
  }
}

/** Mailgun gives up on full mailboxes and policy for good, too; those addresses exist. */
function permanent(data: Fields): FeedbackKind {
  const status = fieldsAt(data, 'delivery-status');
  const enhanced = textAt(status, 'enhanced-code');
  const tooOld = textAt(data, 'reason') === 'old';
  return tooOld || /^5\.[2-7]\./.test(enhanced) ? 'soft-bounced' : 'bounced';
}
