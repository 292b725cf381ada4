import { didYouMean } from '../config/wanted.ts';
import { ControlError } from '../control/wire.ts';
import type { Account } from '../relay/account.ts';
import type { Client } from '../relay/client.ts';
import type { LogEntry } from '../relay/log-search.ts';
import type { MessageId } from '../relay/message.ts';
import type { QueueStore } from '../relay/ports.ts';
import type { Settings } from '../relay/settings.ts';

/** Refused: `no account gmial in /etc/relayd/relay.yaml; did you mean "gmail"?` */
export function accountNamed({ accounts, file }: Settings, name: string): Account {
  return one('account', { of: accounts, file }, name);
}

export function clientNamed({ clients, file }: Settings, name: string): Client {
  return one('client', { of: clients, file }, name);
}

/** Not-found when neither the queue nor the history knows it. */
export async function messageNamed(
  store: Pick<QueueStore, 'show'>,
  id: MessageId,
): Promise<LogEntry> {
  const entry = await store.show(id);
  if (entry.queued !== null || entry.history !== null) return entry;
  throw new ControlError('not-found', `no message ${id} in the queue or the history`);
}

function one<T>(
  what: string,
  { of, file }: { readonly of: ReadonlyMap<string, T>; readonly file: string },
  name: string,
): T {
  const found = of.get(name);
  if (found !== undefined) return found;
  const known = [...of.keys()];
  const there = known.length === 0 ? '; there are none' : `; there is: ${known.join(', ')}`;
  const text = `no ${what} ${name} in ${file}${didYouMean(name, known) || there}`;
  throw new ControlError('not-found', text);
}
