import { didYouMean } from '../config/wanted.ts';
import type { Settings } from '../relay/settings.ts';

/** `no account gmial in /etc/relayd/relay.yaml; did you mean "gmail"?` */
export function noAccount(
  name: string,
  { accounts, file }: Pick<Settings, 'accounts' | 'file'>,
): string {
  const known = [...accounts.keys()];
  return `no account ${name} in ${file}${didYouMean(name, known) || `; there is: ${known.join(', ')}`}`;
}

/** The same for a client. */
export function noClient(
  name: string,
  { clients, file }: Pick<Settings, 'clients' | 'file'>,
): string {
  const known = [...clients.keys()];
  const there = known.length === 0 ? '; there are none' : `; there is: ${known.join(', ')}`;
  return `no client ${name} in ${file}${didYouMean(name, known) || there}`;
}
