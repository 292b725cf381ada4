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
