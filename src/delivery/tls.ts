import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import {
  type ConnectionOptions,
  createSecureContext,
  getCACertificates,
  type SecureContext,
} from 'node:tls';
import type { TlsPolicy } from '../relay/account.ts';

/**
 * Options of tls.connect for one policy. The handshake itself refuses nothing: the peer is judged
 * right after it (tls-verdict.ts), before anything is sent, so that every fault is known and can be
 * named exactly.
 */
export function tlsOptions(policy: TlsPolicy): ConnectionOptions {
  return {
    secureContext: contextOf(policy),
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
    // RFC 6066 section 3: an address is not a server name.
    ...(isIP(policy.servername) === 0 ? { servername: policy.servername } : {}),
  };
}

/** Reading some hundred trust anchors takes milliseconds: once per policy, not per connection. */
const contexts = new WeakMap<TlsPolicy, SecureContext>();

function contextOf(policy: TlsPolicy): SecureContext {
  const known = contexts.get(policy);
  if (known !== undefined) return known;
  const context = createSecureContext({
    ca: anchorsPem(policy),
    minVersion: policy.minimum,
    // OpenSSL 3 has nothing to offer to TLS 1.0 and 1.1 above security level 0.
    ...(policy.minimum === 'TLSv1' || policy.minimum === 'TLSv1.1'
      ? { ciphers: 'DEFAULT@SECLEVEL=0' }
      : {}),
    ...(policy.certificate === null ? {} : { cert: policy.certificate }),
    ...(policy.key === null ? {} : { key: policy.key.reveal() }),
  });
  contexts.set(policy, context);
  return context;
}

/**
 * Node's own list, what the machine's administrator added to the system's, and the account's
 * `tls.ca`.
 */
function anchorsPem(policy: TlsPolicy): string[] {
  const shared = new Set([...getCACertificates('default'), ...getCACertificates('system')]);
  return policy.ca === null ? [...shared] : [...shared, policy.ca];
}

const parsedAnchors = new WeakMap<TlsPolicy, readonly X509Certificate[]>();

/** The same anchors as objects; only asked for when a certificate's dates are wrong. */
export function trustAnchors(policy: TlsPolicy): readonly X509Certificate[] {
  const known = parsedAnchors.get(policy);
  if (known !== undefined) return known;
  const blocks = anchorsPem(policy).flatMap(
    (pem) => pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [],
  );
  const anchors = blocks.map((pem) => new X509Certificate(pem));
  parsedAnchors.set(policy, anchors);
  return anchors;
}
