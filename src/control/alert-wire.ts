/** Requests about webhooks, commands, the heartbeat and the summary. */
export interface AlertRequests {
  readonly 'alert.list': { ask: Readonly<Record<string, never>>; answer: AlertsReport };
  /** Tells all destinations, or the one named, of an event that has not happened. */
  readonly 'alert.test': {
    ask: { readonly to: string | null };
    answer: { readonly results: readonly AlertTestReport[] };
  };
}

export interface AlertsReport {
  readonly destinations: readonly AlertDestinationReport[];
  /** Without what is secret of it; null: none. */
  readonly heartbeat: { readonly url: string; readonly everyMs: number } | null;
  readonly summary: {
    readonly to: string;
    /** Since midnight. */
    readonly atMs: number;
    readonly zone: string;
  } | null;
}

export interface AlertDestinationReport {
  /** `webhook1`, `command2`: by its place in the file. */
  readonly name: string;
  /** The URL without what is secret of it, or the program. */
  readonly address: string;
  /** As in relay.yaml. */
  readonly events: readonly string[];
  /** Events that it has not been told of yet. */
  readonly waiting: number;
  /** When it is told of them; null: nothing waits. */
  readonly nextAtMs: number | null;
  /** Events that were given up since it was last told. */
  readonly lost: number;
  /** The last try; null: none yet. */
  readonly last: { readonly atMs: number; readonly ok: boolean; readonly detail: string } | null;
}

export interface AlertTestReport {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}
