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
      names = { clients: clientNames(current), accounts: new Set(current.accounts.keys()) };
    }
    return names;
  };
}

/** Also relayd itself, and an app that logs in as an account. */
export function clientNames({ clients, accounts }: Settings): ReadonlySet<string> {
  const bound = [...accounts.keys()].map((account) => `account:${account}`);
  return new Set([...clients.keys(), ...bound, 'relayd']);
}
