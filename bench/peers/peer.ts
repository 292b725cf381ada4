/** AUTH over STARTTLS, demanded of every client; files that every peer's own user can read. */
export interface Secure {
  readonly directory: string;
  readonly certificateFile: string;
  readonly keyFile: string;
  /** Who signed the certificates of the peers and of the sink. */
  readonly caFile: string;
  readonly username: string;
  readonly password: string;
  /** TLS towards the sink as well, its certificate checked. */
  readonly upstream: boolean;
}

/** What a peer is started with: it sends everything to the sink. */
export interface PeerOptions {
  readonly sinkPort: number;
  /** Default: in clear, and everybody from 127.0.0.1 may send. */
  readonly secure?: Secure;
}

/** A relay under test, which says 250 only after what it took is on disk. */
export interface Peer {
  readonly port: number;
  /** The root of its process tree. */
  readonly pid: number;
  close(): Promise<void>;
}

export type StartPeer = (options: PeerOptions) => Promise<Peer>;
