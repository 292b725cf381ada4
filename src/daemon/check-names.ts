import { ControlError } from '../control/wire.ts';
import type { QueueFilter } from '../relay/queue.ts';
import type { Settings } from '../relay/settings.ts';
import { noAccount, noClient } from './no-account.ts';
import type { Relay } from './relay.ts';

/**
 * A mistyped name would match nothing and look like success. One that has left the file may still
 * have mail.
 */
export async function checkNames(relay: Relay, { account, client }: QueueFilter): Promise<void> {
  const settings = relay.settings();
  if (account !== undefined && !settings.accounts.has(account)) {
    const waits = (await relay.store.counts()).some(({ lane }) => lane === account);
    if (!waits) throw new ControlError('not-found', noAccount(account, settings));
  }
  if (client === undefined || isClient(settings, client)) return;
  const { rows } = await relay.store.list({ filter: { client }, after: null, limit: 1 });
  if (rows.length > 0) return;
  throw new ControlError('not-found', noClient(client, settings));
}

/** Also relayd itself, and an app that logged in as an account. */
function isClient({ clients, accounts }: Settings, name: string): boolean {
  const bound = name.startsWith('account:') && accounts.has(name.slice('account:'.length));
  return clients.has(name) || name === 'relayd' || bound;
}
