import type { QueueFilter } from '../relay/queue.ts';
import type { HoldRule, HoldScope, RelayDrain, RelayPause } from '../relay/steering.ts';
import type {
  FlushPlan,
  FlushProgress,
  HoldRuleEndReport,
  LogLevelReport,
  TopReport,
  TraceEndReport,
  TraceLineReport,
} from './steering-reports.ts';

/** Levels that the log can have; `default` is that of the configuration. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'default'] as const;

/** Longest time that one trace runs. */
export const traceMsMax = 3_600_000;
/** Lines after which a trace ends. */
export const traceLinesMax = 100_000;

type Nothing = Readonly<Record<string, never>>;

/** Requests that steer the whole relay, or look on. */
export interface SteeringRequests {
  /** Stops all delivery; takes the place of a pause in force. `forMs` null: until it is resumed. */
  readonly 'relay.pause': {
    ask: { readonly reason: string; readonly forMs: number | null };
    answer: { readonly was: RelayPause | null; readonly now: RelayPause };
  };
  readonly 'relay.resume': { ask: Nothing; answer: { readonly was: RelayPause | null } };
  /** No mail is taken from now on; takes the place of a drain in force. */
  readonly 'relay.drain': {
    ask: { readonly reason: string; readonly forMs: number | null };
    answer: { readonly now: RelayDrain };
  };
  readonly 'relay.undrain': { ask: Nothing; answer: { readonly was: RelayDrain | null } };
  /** refused when the scope is empty; not-found for an account or client that does not exist. */
  readonly 'hold.add': {
    ask: HoldScope & {
      readonly reason: string;
      readonly forMs: number | null;
      readonly keep: boolean;
    };
    answer: { readonly rule: HoldRule };
  };
  readonly 'hold.list': { ask: Nothing; answer: { readonly rules: readonly HoldRule[] } };
  /** Ends a rule and releases what it held, unless `keep`. */
  readonly 'hold.remove': {
    ask: { readonly id: number; readonly keep: boolean };
    answer: HoldRuleEndReport;
  };
  /** `level` null: only asks. `forMs` null: until the next start. */
  readonly 'log.level': {
    ask: { readonly level: (typeof LOG_LEVELS)[number] | null; readonly forMs: number | null };
    answer: LogLevelReport;
  };
  readonly top: { ask: Nothing; answer: TopReport };
  /** What queue.flush of the same mail would do; changes nothing. */
  readonly 'queue.flush-plan': {
    ask: { readonly filter: QueueFilter; readonly includeHeld: boolean };
    answer: FlushPlan;
  };
  /** not-found when nobody has asked for it for a while. */
  readonly 'queue.flush-progress': { ask: { readonly flush: number }; answer: FlushProgress };
  /** Dialogues with upstreams as they happen, of one account or with null of all. */
  readonly trace: {
    ask: { readonly account: string | null; readonly forMs: number };
    part: TraceLineReport;
    answer: TraceEndReport;
  };
}
