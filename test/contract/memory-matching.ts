import { heldByRuleText } from '../../src/policy/hold-rules.ts';
import type { Message } from '../../src/relay/message.ts';
import type { QueuedRecipient, QueueFilter } from '../../src/relay/queue.ts';

/**
 * Exact address without regard to ASCII case, or every address of `@domain`; `<>` is the null
 * path.
 */
function addressMatches(wanted: string, address: string): boolean {
  const pattern = wanted === '<>' ? '' : wanted.toLowerCase();
  const value = address.toLowerCase();
  return pattern.startsWith('@') ? value.endsWith(pattern) : value === pattern;
}

/** The filter in plain words, for comparison with what the SQL does. */
export function filterMatches(
  filter: QueueFilter,
  message: Message,
  recipient: Pick<QueuedRecipient, 'index' | 'lane' | 'state' | 'lastReason' | 'lastText'>,
): boolean {
  const forwardPath = message.envelope.recipients[recipient.index]?.forwardPath ?? '';
  const tests: boolean[] = [
    filter.id === undefined || filter.id === message.id,
    filter.account === undefined || filter.account === recipient.lane,
    filter.client === undefined || filter.client === message.client,
    filter.sender === undefined || addressMatches(filter.sender, message.envelope.reversePath),
    filter.recipient === undefined || addressMatches(filter.recipient, forwardPath),
    filter.states === undefined || filter.states.includes(recipient.state),
    filter.reasons === undefined || filter.reasons.some((one) => one === recipient.lastReason),
    filter.olderThanMs === undefined || message.acceptedAtMs < filter.olderThanMs,
    filter.newerThanMs === undefined || message.acceptedAtMs > filter.newerThanMs,
    filter.heldBy === undefined ||
      (recipient.state === 'held' &&
        (recipient.lastText ?? '').startsWith(heldByRuleText({ id: filter.heldBy, reason: '' }))),
  ];
  return tests.every(Boolean);
}
