import type { Verdict } from '../relay/outcome.ts';
import type { Seen } from './seen.ts';
import { holdSender, split } from './verdicts.ts';

/**
 * A provider lists the addresses and domains that it does not know, at the end of the message and
 * for all its recipients together (Amazon SES). The sender among them is held. Otherwise recipients
 * are meant, and those who are not named get the message without them.
 */
export function refusedIdentities(seen: Seen, list: string, hint?: string): Verdict {
  const { senders = [], recipient = '', acceptedRecipients } = seen;
  const named = new Set(list.split(',').map(bare));
  const isNamed = (address: string): boolean =>
    named.has(bare(address)) || named.has(bare(address).replace(/^.*@/, ''));
  if (senders.some(isNamed)) return holdSender(hint);
  if (isNamed(recipient)) return { scope: 'recipient', action: 'bounce', reason: 'recipient' };
  return acceptedRecipients > 1 ? split('recipient') : holdSender(hint);
}

/** `Bob <bob@b.example>` and `bob@b.example...` are `bob@b.example`. */
function bare(identity: string): string {
  const [, inner = identity] = /<([^<>]*)>/.exec(identity) ?? [];
  return inner.trim().replace(/\.+$/, '').toLowerCase();
}
