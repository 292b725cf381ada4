import type { EnvelopeRecipient } from '../mail/envelope.ts';
import { comparableAddress } from '../relay/address.ts';
import type { LanePlan } from './route.ts';

/**
 * The copies that the routes ask for (`bcc`), in the order of the plans. Nobody gets a message
 * twice: neither who is a recipient already, nor who stands in several routes.
 */
export function copiesOf(
  plans: readonly LanePlan[],
  recipients: readonly EnvelopeRecipient[],
): readonly (readonly EnvelopeRecipient[])[] {
  if (plans.every(({ route }) => route?.bcc === undefined)) return plans.map(() => []);
  const known = new Set(recipients.map(({ forwardPath }) => mailboxKey(forwardPath)));
  return plans.map(({ route }) =>
    (route?.bcc ?? []).flatMap((forwardPath): EnvelopeRecipient[] => {
      const key = mailboxKey(forwardPath);
      if (known.has(key)) return [];
      known.add(key);
      // The sender did not ask for it and is told nothing of it (RFC 3461 section 4.1).
      return [{ forwardPath, notify: 'NEVER', orcpt: null, blind: true }];
    }),
  );
}

function mailboxKey(address: string): string {
  const parts = comparableAddress(address);
  return parts === null ? address : `${parts.local}@${parts.domain}`;
}
