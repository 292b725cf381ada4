import type { Rate } from '../lib/rate.ts';
import type { Secret } from '../lib/secret.ts';
import type { AddressPattern } from './account.ts';

/** A local app that may submit. Its name is the AUTH username. */
export interface Client {
  readonly name: string;
  readonly password: ClientPassword | null;
  /** CIDR networks trusted without a password; `unix`: peers on a Unix socket. */
  readonly networks: readonly string[];
  /** Reverse-paths and From addresses it may use. */
  readonly senders: readonly AddressPattern[];
  readonly rate: Rate | null;
  readonly messageBytesMax: number | null;
}

export type ClientPassword =
  | { readonly is: 'plain'; readonly value: Secret }
  | { readonly is: 'scrypt'; readonly hash: string };
