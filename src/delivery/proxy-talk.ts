import type { ProxyServer } from '../relay/account.ts';
import type { NetworkFault } from '../relay/outcome.ts';

export type ProxyLogin = NonNullable<ProxyServer['login']>;

export interface TunnelTarget {
  /** In ASCII; an IPv6 address without brackets. */
  readonly host: string;
  readonly port: number;
}

/** What is said with a proxy while it opens the way; the rest of the stream is left alone. */
export interface ProxyTalk {
  send(bytes: Buffer | string): void;
  /** Exactly so many bytes, at least one. */
  take(bytes: number): Promise<Buffer>;
  /** Up to and with the mark; refused when it does not come within `bytesMax`. */
  takeUpTo(mark: string, bytesMax: number): Promise<Buffer>;
}

/** The proxy said no, or something that is not its protocol. */
export class ProxyRefusal extends Error {
  readonly fault: NetworkFault;

  constructor(fault: NetworkFault, detail: string) {
    super(detail);
    this.fault = fault;
  }
}
