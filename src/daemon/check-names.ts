import type { QueueFilter } from '../relay/queue.ts';
import { clientNames } from './known-names.ts';
import { accountNamed, clientNamed } from './named.ts';
import type { Relay } from './relay.ts';

/**
 * A mistyped name would match nothing and look like success. One that has left the file may still
 * have mail.
 */
export async function checkNames(relay: Relay, { account, client }: QueueFilter): Promise<void> {
  const settings = relay.settings();
  if (account !== undefined && !settings.accounts.has(account)) {
    const waits = (await relay.store.counts()).some(({ lane }) => lane === account);
    if (!waits) accountNamed(settings, account);
  }
  if (client === undefined || clientNames(settings).has(client)) return;
  const { rows } = await relay.store.list({ filter: { client }, after: null, limit: 1 });
  if (rows.length === 0) clientNamed(settings, client);
}
