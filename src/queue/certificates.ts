import type { CertificateMemory } from '../relay/certificate.ts';
import type { Core } from './core.ts';

/**
 * What is remembered of every account's server. A row that cannot be read is left out: the next
 * handshake writes it anew.
 */
export function certificates(core: Core): ReadonlyMap<string, CertificateMemory> {
  const memories = new Map<string, CertificateMemory>();
  for (const { account, memory } of core.sql.certificates.all()) {
    const decoded = decode(memory);
    if (decoded !== null) memories.set(account, decoded);
  }
  return memories;
}

export function rememberCertificates(
  core: Core,
  { account, memory }: { account: string; memory: CertificateMemory },
): undefined {
  core.sql.rememberCertificates.run(account, JSON.stringify(memory));
}

/** Only the outline is looked at: nobody but this file writes it. */
function decode(json: string): CertificateMemory | null {
  try {
    const memory: CertificateMemory | null = JSON.parse(json);
    const { server, certificates: list } = memory ?? {};
    return typeof server === 'string' && Array.isArray(list) ? memory : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
