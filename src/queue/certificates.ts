import type { CertificateMemory } from '../relay/certificate.ts';
import type { Core } from './core.ts';
import { byAccount } from './kept.ts';
import { parseJson } from './rows.ts';

/**
 * What is remembered of every account's server. A row that cannot be read is left out: the next
 * handshake writes it anew.
 */
export function certificates(core: Core): ReadonlyMap<string, CertificateMemory> {
  return byAccount(core.sql.certificates.all(), decode);
}

export function rememberCertificates(
  core: Core,
  { account, memory }: { account: string; memory: CertificateMemory },
): undefined {
  core.sql.rememberCertificates.run(account, JSON.stringify(memory));
}

/** Only the outline is looked at: nobody but this file writes it. */
function decode({ memory }: { memory: string }): CertificateMemory | null {
  const decoded = parseJson(memory) as CertificateMemory | null | undefined;
  const isOne = typeof decoded?.server === 'string' && Array.isArray(decoded.certificates);
  return isOne ? decoded : null;
}
