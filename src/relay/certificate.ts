/** A certificate that an upstream showed, with what stands above it. */
export interface SeenCertificate {
  /** Colon-separated hex SHA-256 of the whole certificate; a renewal changes it. */
  readonly fingerprint: string;
  readonly subject: string;
  readonly issuer: string;
  /** DNS names and addresses it is valid for, without their type. */
  readonly names: readonly string[];
  readonly validFromMs: number;
  readonly validToMs: number;
  /** Base64 SHA-256 of the SubjectPublicKeyInfo, as `tls.pin` holds it after `sha256//`. */
  readonly pin: string;
  /** The authorities above it, the nearest first; a self-signed certificate has none. */
  readonly chain: readonly ChainLink[];
}

export interface ChainLink {
  readonly subject: string;
  readonly validToMs: number;
  readonly pin: string;
}

export interface RememberedCertificate extends SeenCertificate {
  readonly firstSeenAtMs: number;
  /** May lag behind by a day in what is stored. */
  readonly lastSeenAtMs: number;
  /** The nearest step before its end that was announced, in days; null: none yet. */
  readonly announcedDays: number | null;
}

/** What the relay remembers of one account's server between handshakes and restarts. */
export interface CertificateMemory {
  /** `host:port` it is about: another server has other keys by right. */
  readonly server: string;
  /** Several where a provider's machines show different ones; in the order of the first sight. */
  readonly certificates: readonly RememberedCertificate[];
  /** The exception whose end is being announced; null without one. */
  readonly exception: {
    readonly untilMs: number;
    readonly announcedDays: number | null;
  } | null;
}
