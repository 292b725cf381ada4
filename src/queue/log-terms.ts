import { hash } from 'node:crypto';
import {
  accountsOf,
  bareMessageId,
  providerIdsOf,
  recipientsOf,
  sendersOf,
} from '../policy/log-match.ts';
import type { LogQuery } from '../relay/log-search.ts';
import type { HistoryEntry } from '../relay/queue.ts';

type Kind = 'client' | 'account' | 'sender' | 'recipient' | 'message-id' | 'provider-id';

/** Recipients of one message that are indexed; a list of thousands is found by its other terms. */
const recipientsMax = 1_000;

/** Everything that a message of the history can be found by. */
export function termsOf(entry: HistoryEntry): ReadonlySet<number> {
  const { message } = entry;
  const found = { queued: null, history: entry };
  const { messageIdField } = message;
  return new Set([
    term('client', message.client),
    ...sendersOf(message).flatMap((one) => addressTerms('sender', one)),
    ...recipientsOf(message)
      .slice(0, recipientsMax)
      .flatMap((one) => addressTerms('recipient', one)),
    ...(messageIdField === null ? [] : [term('message-id', bareMessageId(messageIdField))]),
    ...[...accountsOf(found)].map((one) => term('account', one)),
    ...[...providerIdsOf(found)].map((one) => term('provider-id', one)),
  ]);
}

/** The terms that a message must have to be one that is asked for, the rarest first. */
export function wantedTerms(query: LogQuery): number[] {
  const { account, client, messageIdField, providerId, recipient, sender } = query;
  const wanted: (readonly [Kind, string | undefined])[] = [
    ['provider-id', providerId],
    ['message-id', messageIdField === undefined ? undefined : bareMessageId(messageIdField)],
    ['recipient', recipient],
    ['sender', sender === '<>' ? '' : sender],
    ['client', client],
    ['account', account],
  ];
  return wanted.flatMap(([kind, value]) => (value === undefined ? [] : [term(kind, value)]));
}

function addressTerms(kind: Kind, address: string): number[] {
  const at = address.lastIndexOf('@');
  return [term(kind, address), ...(at < 0 ? [] : [term(kind, address.slice(at))])];
}

/** 48 bits: enough that a wrong message is rarely looked at, and a small integer for SQLite. */
export function term(kind: Kind, value: string): number {
  return Number.parseInt(hash('sha1', `${kind} ${value.toLowerCase()}`).slice(0, 12), 16);
}
