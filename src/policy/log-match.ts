import type { LogEntry, LogQuery } from '../relay/log-search.ts';
import type { Message } from '../relay/message.ts';

/** Whether a message is one that was asked for. */
export function matchesLog({ queued, history }: LogEntry, query: LogQuery): boolean {
  const message = queued?.message ?? history?.message;
  if (message === undefined) return false;
  const { account, client, id, messageIdField, providerId, recipient, sender } = query;
  const { sinceMs = 0, untilMs = Number.POSITIVE_INFINITY } = query;
  return (
    (id === undefined || message.id === id) &&
    (client === undefined || message.client === client) &&
    (messageIdField === undefined || isMessageId(message.messageIdField, messageIdField)) &&
    (sender === undefined || sendersOf(message).some((one) => isAddress(one, sender))) &&
    (recipient === undefined || recipientsOf(message).some((one) => isAddress(one, recipient))) &&
    (account === undefined || accountsOf({ queued, history }).has(account)) &&
    (providerId === undefined || providerIdsOf({ queued, history }).has(providerId)) &&
    message.acceptedAtMs >= sinceMs &&
    message.acceptedAtMs < untilMs
  );
}

/** Reverse-path and From, as they came. */
export function sendersOf({ envelope, from, alsoFrom = [] }: Message): string[] {
  return [...new Set([envelope.reversePath, ...(from === null ? [] : [from]), ...alsoFrom])];
}

export function recipientsOf({ envelope }: Message): string[] {
  return [...new Set(envelope.recipients.map(({ forwardPath }) => forwardPath))];
}

/** Those it was tried with, waits for, or left from. */
export function accountsOf({ queued, history }: LogEntry): ReadonlySet<string> {
  return new Set([
    ...(queued?.recipients ?? []).flatMap(({ lane }) => lane ?? []),
    ...(history?.attempts ?? []).map(({ account }) => account),
    ...(history?.recipients ?? []).flatMap(({ account }) => account ?? []),
  ]);
}

export function providerIdsOf({ history }: LogEntry): ReadonlySet<string> {
  const results = (history?.attempts ?? []).flatMap((attempt) => attempt.results);
  return new Set(results.flatMap(({ providerId }) => providerId ?? []));
}

/** A Message-ID field without its brackets. */
export function bareMessageId(field: string): string {
  return field.trim().replace(/^<(.*)>$/s, '$1');
}

function isMessageId(field: string | null, wanted: string): boolean {
  if (field === null) return false;
  return bareMessageId(field).toLowerCase() === bareMessageId(wanted).toLowerCase();
}

function isAddress(address: string, wanted: string): boolean {
  const [one, other] = [address.toLowerCase(), wanted.toLowerCase()];
  if (other === '<>') return one === '';
  return other.startsWith('@') ? one.endsWith(other) : one === other;
}
