import { ControlError } from '../control/wire.ts';
import type { QueueFilter } from '../relay/queue.ts';
import { noAccount } from './no-account.ts';
import type { Relay } from './relay.ts';

/**
 * A mistyped account would match nothing and look like success. One that has left the file may
 * still have mail.
 */
export async function checkAccount(relay: Relay, { account }: QueueFilter): Promise<void> {
  const { accounts, file } = relay.settings();
  if (account === undefined || accounts.has(account)) return;
  if ((await relay.store.counts()).some(({ lane }) => lane === account)) return;
  throw new ControlError('not-found', noAccount(account, { accounts, file }));
}
