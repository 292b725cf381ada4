import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCa, makeCertificate } from '../../test/support/certificates.ts';
import type { Secure } from '../peers/peer.ts';

/** One certificate (ECDSA P-256) for all servers of a measurement, and one login. */
export async function makeSecure(upstream: boolean): Promise<Secure> {
  const directory = mkdtempSync(join(tmpdir(), 'bench-secure-'));
  chmodSync(directory, 0o755); // servers that gave up root read them; they are worth nothing
  const ca = await makeCa();
  const pair = await makeCertificate(ca, { names: ['relay.test', 'sink.test'] });
  const file = (name: string, text: string): string => {
    const path = join(directory, name);
    writeFileSync(path, text, { mode: 0o644 });
    return path;
  };
  return {
    directory,
    certificateFile: file('cert.pem', pair.certificate),
    keyFile: file('key.pem', pair.key),
    caFile: file('ca.pem', ca.certificate),
    username: 'app@bench.test',
    password: 'a-password-of-the-bench',
    upstream,
  };
}
