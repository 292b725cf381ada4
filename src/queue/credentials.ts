import type { CredentialMemory } from '../relay/credential.ts';
import type { Core } from './core.ts';
import { byAccount } from './kept.ts';
import { parseJson } from './rows.ts';

/** A row that cannot be read is left out: `password` is in use again, and its age begins anew. */
export function credentials(core: Core): ReadonlyMap<string, CredentialMemory> {
  return byAccount(core.sql.credentials.all(), decode);
}

/** Only the outline is looked at: nobody but this file writes it. */
function decode({ memory }: { memory: string }): CredentialMemory | null {
  const decoded = parseJson(memory) as CredentialMemory | null | undefined;
  const isOne = typeof decoded?.inUse === 'string' && Array.isArray(decoded.known);
  return isOne ? decoded : null;
}

export function rememberCredentials(
  core: Core,
  { account, memory }: { account: string; memory: CredentialMemory },
): undefined {
  core.sql.rememberCredentials.run(account, JSON.stringify(memory));
}
