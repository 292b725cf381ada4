/** What the relay notices when it looks at itself, and how it got on with telling somebody. */
export type AlertEvent =
  /** Said once, until `relay.moving` says that it is over. */
  | {
      readonly is: 'relay.stalled';
      /** Null: no account at all delivers. */
      readonly account: string | null;
      /** Recipients that wait and are due, or are being tried. */
      readonly recipients: number;
      readonly sinceMs: number;
      readonly detail: string;
      readonly hint: string;
    }
  | {
      readonly is: 'relay.moving';
      readonly account: string | null;
      readonly stalledMs: number;
    }
  /** Said once, until there is room again. */
  | {
      readonly is: 'quota.exhausted';
      readonly account: string;
      /** As in relay.yaml: `500/d`. */
      readonly rate: string;
      readonly used: number;
      readonly detail: string;
      readonly hint: string;
    }
  /** Said once, until `disk.enough` says that it is over. */
  | {
      readonly is: 'disk.low';
      readonly directory: string;
      readonly freeBytes: number;
      /** `limits.disk_free`: below it no mail is taken. */
      readonly neededBytes: number;
      readonly detail: string;
      readonly hint: string;
    }
  | { readonly is: 'disk.enough'; readonly directory: string; readonly freeBytes: number }
  | {
      readonly is: 'alert.sent';
      readonly destination: string;
      /** How many events the alert tells of. */
      readonly events: number;
      readonly tries: number;
      readonly tookMs: number;
    }
  | {
      readonly is: 'alert.failed';
      readonly destination: string;
      readonly events: number;
      readonly tries: number;
      readonly detail: string;
      /** Null: it is given up. */
      readonly nextAtMs: number | null;
    }
  /** What waits could not be written down, or not be read at start. */
  | { readonly is: 'alert.not-kept'; readonly destination: string; readonly detail: string }
  | { readonly is: 'heartbeat.sent'; readonly tookMs: number }
  | { readonly is: 'heartbeat.failed'; readonly detail: string }
  /** Said once, until the next one is sent. */
  | { readonly is: 'heartbeat.withheld'; readonly detail: string }
  | { readonly is: 'summary.failed'; readonly detail: string };
