import type { Secret } from '../lib/secret.ts';
import type { EventLevel } from './event-catalogue.ts';

/** Who is told of what happens, beside the log; durations in milliseconds. */
export interface AlertSettings {
  /** Webhooks, then commands, each in the order of the file. */
  readonly destinations: readonly AlertDestination[];
  /** Between two alerts to one destination. */
  readonly digestMs: number;
  /** How long nothing may be delivered while mail is due. */
  readonly stalledAfterMs: number;
  /** Null: none. */
  readonly heartbeat: { readonly url: Secret; readonly everyMs: number } | null;
  readonly summary: SummarySettings | null;
}

export type AlertDestination = {
  /** `webhook1`, `command2`: by its place in the file. */
  readonly name: string;
  /** Names and classes of events, as in relay.yaml. */
  readonly events: readonly string[];
} & (
  | {
      readonly is: 'webhook';
      /** Often a secret in itself. */
      readonly url: Secret;
      /** Null: not signed. */
      readonly secret: Secret | null;
    }
  | { readonly is: 'command'; readonly run: readonly string[]; readonly timeoutMs: number }
);

export interface SummarySettings {
  readonly to: string;
  /** Null: the address it goes to. */
  readonly from: string | null;
  /** Since midnight, as clocks in the zone show it. */
  readonly atMs: number;
  /** `UTC`, `+02:00` or `Europe/Paris`. */
  readonly zone: string;
}

/** An event as an alert shows it. */
export interface AlertEntry {
  /** By its name in the log. */
  readonly event: string;
  readonly level: EventLevel;
  readonly atMs: number;
  readonly [field: string]: unknown;
}

/** How often one thing happened. */
export interface AlertCount {
  readonly event: string;
  readonly account: string | null;
  readonly reason: string | null;
  readonly count: number;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
}

/** What gathers between two alerts: every event is counted, some of them are kept. */
export interface AlertDigest {
  readonly events: readonly AlertEntry[];
  readonly counts: readonly AlertCount[];
}

/** An alert that waits to be told. */
export interface WaitingAlert extends AlertDigest {
  /** The same at every try. */
  readonly id: string;
  readonly atMs: number;
  readonly tries: number;
  readonly nextAtMs: number;
}

/** All that is known of one destination; kept over restarts. */
export interface AlertBox {
  readonly waiting: WaitingAlert | null;
  readonly gathering: AlertDigest;
  /** When the last alert was made; null: never. */
  readonly madeAtMs: number | null;
  /** Events of alerts that were given up, and that no alert that arrived has told of. */
  readonly lost: number;
  /** The last try; null: none yet. */
  readonly last: { readonly atMs: number; readonly ok: boolean; readonly detail: string } | null;
}

/** What became of one try. */
export type AlertOutcome =
  | { readonly is: 'told'; readonly detail: string }
  /** `notBeforeMs`: so long it asked to be left alone; absent: it said nothing. */
  | { readonly is: 'retry'; readonly detail: string; readonly notBeforeMs?: number }
  /** It would be the same again. */
  | { readonly is: 'refused'; readonly detail: string };
