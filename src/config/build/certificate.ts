import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { type BuildContext, type Path, readPem } from './context.ts';

/** `certificate:` and `key:` as they stand in a section of the file. */
interface PairNames {
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
}

/** PEM texts of a certificate and its key; null when the section has none or after a report. */
export function readCertificatePair(
  names: PairNames,
  path: Path,
  context: BuildContext,
): { certificate: string; key: string } | null {
  const { report } = context;
  if (names.certificate === undefined && names.key === undefined) return null;
  if (names.certificate === undefined) report.error([...path, 'key'], 'needs certificate as well');
  if (names.key === undefined) report.error([...path, 'certificate'], 'needs key as well');
  if (names.certificate === undefined || names.key === undefined) return null;
  const at = { certificate: [...path, 'certificate'], key: [...path, 'key'] };
  const certificate = readPem(names.certificate, at.certificate, { context, label: 'CERTIFICATE' });
  const key = readPem(names.key, at.key, { context, label: 'PRIVATE KEY' });
  if (certificate === null || key === null) return null;
  const parsed = parse(() => new X509Certificate(certificate));
  const parsedKey = parse<KeyObject>(() => createPrivateKey(key));
  if (parsed === null) report.error(at.certificate, 'the certificate cannot be read');
  if (parsedKey === null) {
    report.error(at.key, 'the private key cannot be read; it must not have a passphrase');
  }
  if (parsed === null || parsedKey === null) return null;
  if (!parsed.checkPrivateKey(parsedKey)) {
    report.error(at.key, 'is not the key of the certificate');
    return null;
  }
  return { certificate, key };
}

/** OpenSSL's own words may quote the file, so only the fact is kept. */
function parse<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
