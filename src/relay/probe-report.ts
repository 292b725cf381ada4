import type { Phase } from './outcome.ts';

/**
 * A connection to an account's upstream up to and including AUTH, everything seen on the way, and
 * one message when it was asked for.
 */
export interface ProbeReport {
  readonly account: string;
  readonly ok: boolean;
  /** `smtp.example.net:587 (192.0.2.7)` */
  readonly peer: string;
  /** In the order they happened; the last one failed when `ok` is false. */
  readonly steps: readonly ProbeStep[];
  readonly tls: ProbeTls | null;
  /** EHLO keywords offered after TLS. */
  readonly extensions: readonly string[];
  readonly authenticatedAs: string | null;
  /** The message that was to go; absent: nothing was to be sent, or it did not come to that. */
  readonly sent?: { readonly from: string; readonly to: string };
  /** What an operator can do about a failure; null when there is nothing to say. */
  readonly hint: string | null;
}

export interface ProbeTls {
  /** `TLSv1.3 TLS_AES_256_GCM_SHA384` */
  readonly protocol: string;
  readonly subject: string;
  readonly issuer: string;
  readonly names: readonly string[];
  readonly validFromMs: number;
  readonly validToMs: number;
  /** In the notation of `tls.pin`: `sha256//...`. */
  readonly pin: string;
}

export interface ProbeStep {
  readonly phase: Phase | 'tls';
  readonly ok: boolean;
  /** The reply, or what went wrong. */
  readonly detail: string;
  readonly tookMs: number;
}
