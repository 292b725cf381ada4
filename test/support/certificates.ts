import 'reflect-metadata'; // @peculiar/x509 asks for it, before its own import
import { createHash, X509Certificate as NodeCertificate, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';

/** A certificate and its private key, both PEM, as a TLS server takes them. */
export interface Pair {
  readonly certificate: string;
  readonly key: string;
}

/** A certificate authority that signs what `makeCertificate` asks for. */
export interface Ca extends Pair {
  readonly keys: webcrypto.CryptoKeyPair;
  readonly subject: string;
}

export interface Validity {
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

export interface CertificateOptions extends Validity {
  /** DNS names and IP addresses for the subject alternative name. */
  readonly names: readonly string[];
  /** Default: the first name. */
  readonly commonName?: string;
}

const dayMs = 86_400_000;
const ecdsa = { name: 'ECDSA', namedCurve: 'P-256' };
const signingAlgorithm = { name: 'ECDSA', hash: 'SHA-256' };
const serverAuthentication = '1.3.6.1.5.5.7.3.1';
const clientAuthentication = '1.3.6.1.5.5.7.3.2';

/** A new self-signed authority, ECDSA P-256, valid from yesterday for ten years unless told otherwise. */
export async function makeCa(options: Validity & { commonName?: string } = {}): Promise<Ca> {
  const keys = await newKeys();
  const subject = `CN=${options.commonName ?? 'relayd test CA'}`;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: subject,
    keys,
    signingAlgorithm,
    ...validity(options),
    extensions: [
      new x509.BasicConstraintsExtension(true, 1, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: toPem(certificate), key: await keyPem(keys), keys, subject };
}

/** A server (and client) certificate signed by `ca`. */
export async function makeCertificate(ca: Ca, options: CertificateOptions): Promise<Pair> {
  const keys = await newKeys();
  const certificate = await x509.X509CertificateGenerator.create({
    subject: `CN=${options.commonName ?? options.names[0] ?? 'localhost'}`,
    issuer: ca.subject,
    publicKey: keys.publicKey,
    signingKey: ca.keys.privateKey,
    signingAlgorithm,
    ...validity(options),
    extensions: [
      ...leafExtensions(options.names),
      await x509.AuthorityKeyIdentifierExtension.create(ca.keys.publicKey),
    ],
  });
  return { certificate: toPem(certificate), key: await keyPem(keys) };
}

/** A certificate that vouches for itself, as forgotten servers have. */
export async function makeSelfSigned(options: CertificateOptions): Promise<Pair> {
  const keys = await newKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${options.commonName ?? options.names[0] ?? 'localhost'}`,
    keys,
    signingAlgorithm,
    ...validity(options),
    extensions: leafExtensions(options.names),
  });
  return { certificate: toPem(certificate), key: await keyPem(keys) };
}

/** Base64 SHA-256 of the SubjectPublicKeyInfo: what stands after `sha256//` in a pin. */
export function spkiPin(certificatePem: string): string {
  const spki = new NodeCertificate(certificatePem).publicKey.export({
    type: 'spki',
    format: 'der',
  });
  return createHash('sha256').update(spki).digest('base64');
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ecdsa, true, ['sign', 'verify']);
}

function validity(options: Validity): { notBefore: Date; notAfter: Date } {
  const nowMs = Date.now();
  return {
    notBefore: options.notBefore ?? new Date(nowMs - dayMs),
    notAfter: options.notAfter ?? new Date(nowMs + 3650 * dayMs),
  };
}

function leafExtensions(names: readonly string[]): x509.Extension[] {
  return [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.ExtendedKeyUsageExtension([serverAuthentication, clientAuthentication]),
    new x509.SubjectAlternativeNameExtension(
      names.map((name) => ({ type: isIP(name) === 0 ? 'dns' : 'ip', value: name })),
    ),
  ];
}

function toPem(certificate: x509.X509Certificate): string {
  return `${certificate.toString('pem')}\n`;
}

async function keyPem(keys: webcrypto.CryptoKeyPair): Promise<string> {
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  const lines =
    Buffer.from(pkcs8)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return ['-----BEGIN PRIVATE KEY-----', ...lines, '-----END PRIVATE KEY-----', ''].join('\n');
}
