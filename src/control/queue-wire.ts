import type { QueueVerb } from '../policy/queue-verbs.ts';
import type { LogPage, LogQuery } from '../relay/log-search.ts';
import type { MessageId } from '../relay/message.ts';
import type { Flushed, QueueFilter, QueuePage } from '../relay/queue.ts';
import type {
  QueueCount,
  QueueGroup,
  QueueGroupKey,
  QueueSort,
  RedirectReport,
} from '../relay/queue-views.ts';
import type { RelayPause } from '../relay/steering.ts';
import type { EvidenceReport } from './evidence-report.ts';
import type { MessagePart, MessageRead, MessageReport, Touched } from './reports.ts';

/** What is asked of mail in the queue, and of what became of it; part of ControlRequests. */
export interface QueueRequests {
  readonly 'queue.list': {
    ask: {
      readonly filter: QueueFilter;
      /** Default: by age. */
      readonly sort?: QueueSort | undefined;
      readonly after: MessageId | null;
      readonly limit: number;
    };
    /** not-found when the message `after` has left the queue and the order is not by age. */
    answer: QueuePage;
  };
  /** What a verb would touch; nothing is changed. */
  readonly 'queue.count': {
    ask: {
      readonly filter: QueueFilter;
      readonly verb: QueueVerb;
      readonly includeHeld: boolean;
    };
    answer: QueueCount;
  };
  /** What is in the queue by group and age; see QUEUE_AGES_MS. */
  readonly 'queue.stats': {
    ask: { readonly filter: QueueFilter; readonly by: readonly QueueGroupKey[] };
    answer: { readonly groups: readonly QueueGroup[]; readonly merged: boolean };
  };
  /** The bytes of a message in the queue: as its account would send them now, or as stored. */
  readonly 'message.read': {
    ask: { readonly id: MessageId; readonly what: MessagePart; readonly stored: boolean };
    part: { readonly base64: string };
    answer: MessageRead;
  };
  /** not-found when neither the queue nor the history knows the id. */
  readonly 'queue.show': { ask: { readonly id: MessageId }; answer: MessageReport };
  /**
   * Clears back-off, and pauses (holds with includeHeld). `flush` is for queue.flush-progress; absent:
   * nothing is to be waited for. `pause`: that of the whole relay, which it leaves.
   */
  readonly 'queue.flush': {
    ask: { readonly filter: QueueFilter; readonly includeHeld: boolean };
    answer: Flushed & { readonly flush?: number; readonly pause?: RelayPause };
  };
  readonly 'queue.hold': {
    ask: { readonly filter: QueueFilter; readonly reason: string };
    answer: Touched;
  };
  readonly 'queue.release': { ask: { readonly filter: QueueFilter }; answer: Touched };
  /** Deletes without telling the sender. */
  readonly 'queue.remove': { ask: { readonly filter: QueueFilter }; answer: Touched };
  /** Fails with a DSN to the reverse-path. */
  readonly 'queue.bounce': {
    ask: { readonly filter: QueueFilter; readonly reason: string };
    answer: Touched;
  };
  /** Messages of the queue and the history, newest first; a page may be short before its end. */
  readonly 'log.search': {
    ask: { readonly query: LogQuery; readonly before: MessageId | null; readonly limit: number };
    answer: LogPage;
  };
  /** Everything a provider may want to see of one message; not-found as queue.show. */
  readonly evidence: { ask: { readonly id: MessageId }; answer: EvidenceReport };
  /** By the routes in force, or to one account whatever they say. */
  readonly 'queue.reroute': {
    ask: {
      readonly filter: QueueFilter;
      readonly to: string | null;
      /** Also what is in doubt, which may then arrive twice. */
      readonly force: boolean;
      /** Only say what would be done. */
      readonly dryRun: boolean;
    };
    answer: RedirectReport;
  };
}
