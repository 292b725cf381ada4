import type { Secret } from '../lib/secret.ts';

/**
 * What is known of the credentials an account has in relay.yaml. They are named by their
 * `credentialVersion`; what they are is kept nowhere.
 */
export interface CredentialMemory {
  /** Version of those it logs in with. */
  readonly inUse: string;
  /** That of `password` first, then that of `next_password` if there is one. */
  readonly known: readonly KnownCredential[];
}

export interface KnownCredential {
  readonly version: string;
  /** When relayd first had it in its configuration. */
  readonly firstSeenAtMs: number;
  /** The last login that the upstream accepted; may lag behind by an hour in what is stored. */
  readonly lastAcceptedAtMs: number | null;
  /** When the upstream refused it; null: never, or it was accepted or given another chance since. */
  readonly refusedAtMs: number | null;
}

/** One of the credentials an account has, for people. */
export interface CredentialUse extends KnownCredential {
  readonly slot: CredentialSlot;
  readonly inUse: boolean;
}

export type CredentialSlot = 'password' | 'next_password' | 'oauth2';

/** A refresh token that is not from relay.yaml: the provider handed it out itself. */
export interface KeptToken {
  readonly refreshToken: Secret;
  /** What it was handed out for (a digest): with another configuration it is worth nothing. */
  readonly grant: string;
  /** The login of `relayctl account login` it comes from; null: it replaced one of relay.yaml. */
  readonly login: string | null;
}
