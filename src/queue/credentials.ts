import type { CredentialMemory } from '../relay/credential.ts';
import type { Core } from './core.ts';
import { parseJson } from './rows.ts';

/** A row that cannot be read is left out: `password` is in use again, and its age begins anew. */
export function credentials(core: Core): ReadonlyMap<string, CredentialMemory> {
  const memories = new Map<string, CredentialMemory>();
  for (const { account, memory } of core.sql.credentials.all()) {
    const decoded = parseJson(memory) as CredentialMemory | null;
    // Only the outline is looked at: nobody but this file writes it.
    if (typeof decoded?.inUse !== 'string' || !Array.isArray(decoded.known)) continue;
    memories.set(account, decoded);
  }
  return memories;
}

export function rememberCredentials(
  core: Core,
  { account, memory }: { account: string; memory: CredentialMemory },
): undefined {
  core.sql.rememberCredentials.run(account, JSON.stringify(memory));
}
