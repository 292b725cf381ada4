import { ControlError } from '../control/wire.ts';
import type { TestLetter } from '../delivery/probe-send.ts';
import { admitThrough } from '../policy/admit.ts';
import type { Account } from '../relay/account.ts';
import type { MessageId } from '../relay/message.ts';
import { ownMessage } from './own-message.ts';

interface Wanted {
  readonly from: string | null;
  readonly to: string | null;
}

/** A message that one account is to send, whatever the routes say; by default to itself. */
export function accountTestLetter(
  account: Account,
  wanted: Wanted,
  given: { readonly id: MessageId; readonly hostname: string; readonly nowMs: number },
): TestLetter {
  const { id, hostname, nowMs } = given;
  const from = wanted.from ?? ownAddress(account);
  if (from === null) {
    const which = account.identities.join(', ') || 'any address';
    throw new ControlError('refused', `${account.name} may send as ${which}; choose with --from`);
  }
  const foreign = admitThrough(account, { reversePath: from, from: [] });
  if (foreign) throw new ControlError('refused', foreign.text);
  return ownMessage({
    id,
    from,
    to: wanted.to ?? from,
    hostname,
    acceptedAtMs: nowMs,
    lifetimeMs: 0,
    subject: `relayd test from ${hostname}`,
    lines: [
      `This message was sent with relayctl account test on ${hostname},`,
      `through the account ${account.name}.`,
    ],
  });
}

/** The first of its identities that is one address, else a username that is one. */
function ownAddress({ identities, username }: Account): string | null {
  const candidates = identities.length > 0 ? identities : [username ?? ''];
  return candidates.find((one) => /^[!-~]+@[!-~]+$/.test(one) && !one.includes('*')) ?? null;
}
