import type { IncomingHttpHeaders } from 'node:http';
import type { FeedbackItem, FeedbackKind } from '../relay/feedback.ts';
import type { FeedbackSettings } from '../relay/settings.ts';
import {
  addressIn,
  asObject,
  type Fields,
  idIn,
  instantIn,
  itemsMax,
  keyOf,
  oneLine,
  type Post,
  parse,
  refused,
  type Said,
  sameSecret,
  textAt,
} from './said.ts';

/** Brevo signs nothing: it sends the token that the webhook was made with. */
export function mayPostBrevo(
  { authorization }: IncomingHttpHeaders,
  { token }: NonNullable<FeedbackSettings['brevo']>,
): boolean {
  const given = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1] ?? '';
  return sameSecret(given, token.reveal());
}

/** https://developers.brevo.com/docs/transactional-webhooks; one event, or a list of them. */
export function readBrevo(post: Post): Said {
  const body = parse(post.body.toString());
  const events = (Array.isArray(body) ? body : [body]).map(asObject);
  if (events.includes(null)) return refused('malformed', 'there is no event');
  const items = events.slice(0, itemsMax).flatMap((one) => itemOf(one, post.nowMs));
  return { is: 'items', key: null, items };
}

const KINDS: Readonly<Record<string, FeedbackKind>> = {
  delivered: 'delivered',
  hard_bounce: 'bounced',
  invalid_email: 'bounced',
  soft_bounce: 'soft-bounced',
  deferred: 'soft-bounced',
  blocked: 'dropped',
  error: 'dropped',
  spam: 'complained',
};

function itemOf(event: Fields | null, nowMs: number): FeedbackItem[] {
  const name = textAt(event, 'event');
  const kind = Object.hasOwn(KINDS, name) ? KINDS[name] : undefined;
  if (kind === undefined) return [];
  const recipient = addressIn(textAt(event, 'email'));
  const id = idIn(textAt(event, 'message-id'));
  const at = textAt(event, 'ts_event') || textAt(event, 'ts');
  return [
    {
      key: keyOf('brevo', name, id ?? '', recipient ?? '', at),
      kind,
      atMs: instantIn(at, nowMs),
      recipient,
      // Its last reply says the Message-ID without brackets.
      providerId: id === null ? null : id.replace(/^<(.*)>$/, '$1'),
      messageIdField: id,
      ownId: null,
      text: oneLine(textAt(event, 'reason')),
      certain: recipient !== null,
    },
  ];
}
