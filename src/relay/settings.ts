import type { Secret } from '../lib/secret.ts';
import type { Account } from './account.ts';
import type { AlertSettings } from './alert.ts';
import type { Client } from './client.ts';
import type { Route } from './route.ts';

/**
 * The whole configuration in force: validated, defaults filled in, secrets resolved. Durations in
 * ms, sizes in bytes.
 */
export interface Settings {
  readonly file: string;
  readonly hostname: string;
  readonly listeners: readonly ListenerSettings[];
  readonly limits: SubmissionLimits;
  readonly clients: ReadonlyMap<string, Client>;
  readonly accounts: ReadonlyMap<string, Account>;
  readonly routes: readonly Route[];
  /** How long an account has not worked when the next of its route takes over. */
  readonly failover: { readonly afterMs: number };
  readonly queue: QueueSettings;
  readonly notifications: {
    readonly dsn: { readonly mode: 'account' | 'off'; readonly from: string | null };
    readonly alerts: AlertSettings;
  };
  /** Null: nothing listens. */
  readonly feedback: FeedbackSettings | null;
  readonly suppression: SuppressionSettings;
  readonly observe: ObserveSettings;
  readonly control: { readonly socket: string };
  readonly log: LogSettings;
  /**
   * Where each value came from, by its path in relay.yaml: `relay.yaml:12`, `preset gmail`,
   * `default`; absent: it was not read from a file.
   */
  readonly origins?: Readonly<Record<string, string>>;
}

export interface ObserveSettings {
  readonly listen: ListenAddress | null;
  readonly token: Secret | null;
  readonly dashboard: boolean;
  /** Null: off. */
  readonly tracing: TracingSettings | null;
}

export interface TracingSettings {
  /** Where spans are posted (OTLP over HTTP), path and all. */
  readonly endpoint: string;
  /** Of each request; by their names. */
  readonly headers: ReadonlyMap<string, Secret>;
  /** The share of traces begun here that are exported, from 0 to 1. */
  readonly sample: number;
}

export type ListenAddress =
  | { readonly is: 'tcp'; readonly host: string; readonly port: number }
  | { readonly is: 'unix'; readonly path: string }
  | { readonly is: 'systemd'; readonly name: string };

export interface ListenerSettings {
  readonly listen: ListenAddress;
  readonly tls: 'none' | 'starttls' | 'implicit';
  /** File names: read at start, on reload and when they change. */
  readonly certificate: string | null;
  readonly key: string | null;
  /** Of the file of a Unix socket. */
  readonly mode: number;
  /** Null: the daemon's own. */
  readonly group: string | null;
  readonly auth: 'required' | 'optional';
  readonly accountLogin: boolean;
  readonly proxyProtocol: readonly string[];
  readonly xclient: readonly string[];
}

export interface SubmissionLimits {
  readonly messageBytes: number;
  readonly recipients: number;
  readonly connections: number;
  readonly connectionsReserved: number;
  readonly connectionsPerClient: number;
  /** 0: no limit. */
  readonly connectionsPerAddress: number;
  readonly authFailures: { readonly count: number; readonly windowMs: number };
  readonly timeouts: {
    readonly authenticateMs: number;
    readonly commandMs: number;
    readonly dataMs: number;
  };
  readonly memoryBytes: number;
  readonly diskFreeBytes: number;
  readonly bareNewlines: 'normalize' | 'reject';
  readonly hops: number;
}

export interface QueueSettings {
  readonly directory: string;
  readonly retryMs: readonly number[];
  readonly lifetimeMs: number;
  /** Null: no warning. */
  readonly delayWarningMs: number | null;
  readonly inDoubt: 'retry' | 'hold' | 'fail';
  readonly historyMs: number;
}

/** Providers whose posts are taken; null: none of it. */
export interface FeedbackSettings {
  readonly listen: ListenAddress;
  readonly ses: { readonly topics: readonly string[] } | null;
  /** PEM. */
  readonly sendgrid: { readonly publicKey: string } | null;
  readonly mailgun: { readonly signingKey: Secret } | null;
  readonly postmark: { readonly username: string; readonly password: Secret } | null;
  readonly brevo: { readonly token: Secret } | null;
}

/** How long an address stays on the list; milliseconds. */
type Lasting = number | 'forever' | 'off';

export interface SuppressionSettings {
  readonly action: 'refuse' | 'drop';
  /** For whom feedback suppresses an address. */
  readonly scope: 'account' | 'global';
  readonly bounceMs: Lasting;
  readonly complaintMs: Lasting;
}

export interface LogSettings {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error';
  readonly format: 'json' | 'pretty' | 'exim';
  readonly addresses: 'full' | 'hashed' | 'domain';
}
