/** A relay under test: accepts from 127.0.0.1 without AUTH and sends everything to the sink. */
export interface Peer {
  readonly name: string;
  readonly port: number;
  /** The root of its process tree. */
  readonly pid: number;
  close(): Promise<void>;
}

export interface PeerKind {
  readonly name: string;
  start(sinkPort: number): Promise<Peer>;
}
