import { createHash, type X509Certificate } from 'node:crypto';
import { checkServerIdentity, type TLSSocket } from 'node:tls';
import type { TlsFault, TlsPolicy } from '../relay/account.ts';
import type { ChainLink, SeenCertificate } from '../relay/certificate.ts';
import { trustAnchors } from './tls.ts';

/** What a peer's certificate says, and what is wrong with it for this policy. */
export interface CertificateFacts extends SeenCertificate {
  /** All of them at once: OpenSSL itself reports only the last it met. */
  readonly faults: readonly TlsFault[];
  /** OpenSSL's own word for a chain it does not trust, null otherwise. */
  readonly chainError: string | null;
}

/** Longer chains than this do not exist in practice and a loop must end. */
const chainLengthMax = 10;
const DATE_ERRORS = ['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID'];

/**
 * Reads the certificate of a finished handshake, once: Node takes it off the chain of the socket,
 * so that a second look meets its issuer. Null: the peer sent none.
 */
export function inspectCertificate(
  socket: TLSSocket,
  policy: TlsPolicy,
  nowMs: number,
): CertificateFacts | null {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return null;
  // Node sets it to the code although its type says Error.
  const code = socket.authorizationError as unknown as string | null | undefined;
  const validFromMs = certificate.validFromDate.getTime();
  const validToMs = certificate.validToDate.getTime();
  const faults: TlsFault[] = [];
  const dated = code !== null && code !== undefined && DATE_ERRORS.includes(code);
  if (dated || nowMs < validFromMs || nowMs > validToMs) faults.push('expired');
  const chainError = dated ? chainErrorBehindDates(certificate, policy) : (code ?? null);
  if (chainError !== null) faults.push(isSelfSigned(certificate) ? 'self-signed' : 'untrusted');
  const nameError = checkServerIdentity(policy.servername, certificate.toLegacyObject());
  if (nameError !== undefined) faults.push('name-mismatch');
  return {
    fingerprint: certificate.fingerprint256,
    subject: oneLine(certificate.subject),
    issuer: oneLine(certificate.issuer),
    names: namesOf(certificate),
    validFromMs,
    validToMs,
    pin: pinOf(certificate),
    chain: chainAbove(certificate),
    faults,
    chainError,
  };
}

/** What is worth remembering of it: not the faults, which depend on the policy and the day. */
export function seenOf(facts: CertificateFacts): SeenCertificate {
  const { faults: _faults, chainError: _chainError, ...seen } = facts;
  return seen;
}

function chainAbove(leaf: X509Certificate): ChainLink[] {
  const links: ChainLink[] = [];
  let below = leaf;
  let above = leaf.issuerCertificate;
  while (above !== undefined && links.length < chainLengthMax) {
    if (above.fingerprint256 === below.fingerprint256) break;
    const validToMs = above.validToDate.getTime();
    links.push({ subject: oneLine(above.subject), validToMs, pin: pinOf(above) });
    below = above;
    above = above.issuerCertificate;
  }
  return links;
}

/** Base64 SHA-256 of the public key as SubjectPublicKeyInfo (RFC 7469 section 2.4). */
export function pinOf(certificate: X509Certificate): string {
  const spki = certificate.publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(spki).digest('base64');
}

/**
 * OpenSSL stops at the dates, so whether the chain would be trusted without them is looked up here.
 */
function chainErrorBehindDates(leaf: X509Certificate, policy: TlsPolicy): string | null {
  const anchors = trustAnchors(policy);
  let current: X509Certificate = leaf;
  for (let depth = 0; depth < chainLengthMax; depth++) {
    const { fingerprint256, issuer } = current;
    if (anchors.some((anchor) => anchor.fingerprint256 === fingerprint256)) return null;
    const signed = current;
    const anchored = anchors.some(
      (anchor) => anchor.subject === issuer && signed.verify(anchor.publicKey),
    );
    if (anchored) return null;
    const next = current.issuerCertificate;
    if (next === undefined || next.fingerprint256 === fingerprint256) break;
    if (!current.verify(next.publicKey)) break;
    current = next;
  }
  return 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY';
}

function isSelfSigned(certificate: X509Certificate): boolean {
  return certificate.subject === certificate.issuer && certificate.verify(certificate.publicKey);
}

function namesOf(certificate: X509Certificate): string[] {
  const alternatives = certificate.subjectAltName ?? '';
  const names = [...alternatives.matchAll(/(?:DNS|IP Address):("[^"]*"|[^,]+)/g)].map(
    (match) => match[1] ?? '',
  );
  if (names.length > 0) return names;
  const commonName = /(?:^|\n)CN=(.*)/.exec(certificate.subject)?.[1];
  return commonName === undefined ? [] : [commonName];
}

/** `CN=a\nO=b` of Node as one line without controls. */
function oneLine(name: string): string {
  return name.replaceAll('\n', ', ').replace(/[\x00-\x1f\x7f]/g, ' ');
}
