import type { KnownNames } from '../observe/metric-labels.ts';
import type { Settings } from '../relay/settings.ts';

/** The label values that the configuration in force allows; computed once per configuration. */
export function knownNames(settings: () => Settings): () => KnownNames {
  let of: Settings | null = null;
  let names: KnownNames = { clients: new Set(), accounts: new Set() };
  return () => {
    const current = settings();
    if (current !== of) {
      of = current;
      // An app that logs in as an account counts as a client of that name.
      const bound = [...current.accounts.keys()].map((account) => `account:${account}`);
      names = {
        clients: new Set([...current.clients.keys(), ...bound, 'relayd']),
        accounts: new Set(current.accounts.keys()),
      };
    }
    return names;
  };
}
