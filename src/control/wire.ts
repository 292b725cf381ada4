import type { RecordedMessage } from '../policy/recorded-way.ts';
import type { StatsKey } from '../policy/sending-stats.ts';
import type { AccountState } from '../relay/account.ts';
import type { DeviceCode, DeviceProgress, DeviceRefusal } from '../relay/device-login.ts';
import type { MessageId } from '../relay/message.ts';
import type { ProbeReport } from '../relay/probe-report.ts';
import type { Flushed } from '../relay/queue.ts';
import type { RelayPause } from '../relay/steering.ts';
import type { AlertRequests } from './alert-wire.ts';
import type { FeedbackRequests } from './feedback-wire.ts';
import type { ImportedEnvelope, Taken } from './import-wire.ts';
import type { QueueRequests } from './queue-wire.ts';
import type {
  AccountDetail,
  AccountReport,
  RouteReport,
  StatsReport,
  StatusReport,
} from './reports.ts';
import type { SteeringRequests } from './steering-wire.ts';

/**
 * The language between relayctl and relayd: one JSON value a line over a unix socket.
 *
 *     relayctl  {"hello":"relayctl 0.1.0","version":1}
 *     relayd    {"hello":"relayd 0.1.0","version":1}
 *     relayctl  {"id":1,"request":"queue.show","ask":{"id":"1n8f3k2x0q4"}}
 *     relayd    {"id":1,"answer":{...}}   or
 * {"id":1,"error":{"code":"not-found","message":"..."}}
 *
 * What is too long for a line comes in any number of parts before the answer:
 *     relayd    {"id":1,"part":{...}}
 *
 * After the hellos any number of requests follow, answered one by one in their order. Raise the
 * version with every change that an older side would misread: another version is told so and sent
 * away.
 */
export const CONTROL_VERSION = 1;

/** Longest line the daemon reads: a piece of an imported message, or its recipients. */
export const requestBytesMax = 1024 * 1024;
/** Octets of one piece of an imported message; base64 makes a third more of them. */
export const importPieceBytes = 512 * 1024;
/** Longest line relayctl reads: a page of 1000 messages with many recipients each. */
export const answerBytesMax = 32 * 1024 * 1024;
/** Longest page of queue.list. */
export const queuePageMax = 1000;

/** Longest page of log.search: its messages come with all that happened to them. */
export const logPageMax = 200;

/** Every request by noun and verb: what is asked and what is answered. */
export interface ControlRequests
  extends QueueRequests,
    SteeringRequests,
    AlertRequests,
    FeedbackRequests {
  readonly status: { ask: Nothing; answer: StatusReport };
  readonly 'account.list': {
    ask: Nothing;
    answer: {
      readonly accounts: readonly AccountReport[];
      /** All delivery is paused; absent or null: it is not. */
      readonly pause?: RelayPause | null;
    };
  };
  readonly 'account.show': { ask: { readonly name: string }; answer: AccountDetail };
  readonly 'account.hold': {
    ask: { readonly name: string; readonly reason: string };
    answer: { readonly was: AccountState; readonly now: AccountState };
  };
  /**
   * Opens the account, ends the holds of its senders and flushes its mail. With a sender: ends only
   * the hold of that one; not-found when it is not held.
   */
  readonly 'account.resume': {
    ask: { readonly name: string; readonly sender?: string };
    answer: {
      readonly was: AccountState;
      readonly flushed: Flushed;
      /** Those that are no longer held. */
      readonly senders: readonly string[];
    };
  };
  /** `send`: one message through that account, whatever the routes say; null: to and from itself. */
  readonly 'account.test': {
    ask: {
      readonly name: string;
      readonly send?: { readonly from: string | null; readonly to: string | null } | undefined;
    };
    answer: ProbeReport;
  };
  /** Begins a login by device code (RFC 8628); refused when the account has none. */
  readonly 'account.login': { ask: { readonly name: string }; answer: DeviceCode };
  /** How far it is; refused when it cannot succeed any more. Ask again after `waitMs`. */
  readonly 'account.login-progress': {
    ask: { readonly name: string };
    answer: Exclude<DeviceProgress, DeviceRefusal>;
  };
  /** By the configuration in force, with the states of the accounts. */
  readonly 'route.test': { ask: RouteQuestion; answer: RouteReport };
  /** The configuration in force, as describeSettings of config gives it. */
  readonly 'config.show': {
    ask: Nothing;
    answer: {
      readonly file: string;
      readonly settings: Readonly<Record<string, unknown>>;
      /** Where each value came from, by its path: `relay.yaml:12`, `preset gmail`, `default`. */
      readonly origins: Readonly<Record<string, string>>;
    };
  };
  /** Counts of mail accepted at or after `sinceMs`, as far back as the history reaches. */
  readonly stats: {
    ask: { readonly by: readonly StatsKey[]; readonly sinceMs: number };
    answer: StatsReport;
  };
  /**
   * What is recorded of settled mail accepted at or after `sinceMs`, the newest first, or of waiting
   * mail; `after`: the `next` of the page before.
   */
  readonly 'message.recorded': {
    ask: {
      readonly part: 'queue' | 'history';
      readonly sinceMs: number;
      readonly after: MessageId | null;
      readonly limit: number;
    };
    answer: { readonly messages: readonly RecordedMessage[]; readonly next: MessageId | null };
  };
  /** Accepts a short message of our own as if a client had submitted it. */
  readonly 'message.send-test': {
    ask: { readonly from: string; readonly to: string };
    answer: { readonly id: MessageId; readonly account: string | null };
  };
  /** The next octets of a message that another program had queued; one message at a time. */
  readonly 'import.piece': {
    ask: { readonly key: string; readonly offset: number; readonly base64: string };
    answer: { readonly bytes: number };
  };
  /**
   * Takes over the message whose pieces came before. Its id follows from key and time, so that it is
   * taken once only, however often it is handed over. Refused when no route takes it.
   */
  readonly 'import.message': { ask: ImportedEnvelope; answer: Taken };
}

/** A request without arguments: `{}`. */
export type Nothing = Readonly<Record<string, never>>;

/** A message as far as routing looks at it. */
export interface RouteQuestion {
  /** The reverse-path, '' for the null one. */
  readonly from: string;
  readonly to: string;
  /** A name under `clients:`; null: any client, and its senders are not checked. */
  readonly client: string | null;
  /** Header fields that `routes[].header` conditions look at, names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

export type RequestName = keyof ControlRequests;
export type Ask<Name extends RequestName> = ControlRequests[Name]['ask'];
export type Answer<Name extends RequestName> = ControlRequests[Name]['answer'];
/** What comes before the answer; never where nothing does. */
export type Part<Name extends RequestName> = ControlRequests[Name] extends { part: infer P }
  ? P
  : never;

/** What the daemon does for relayctl. A handler throws ControlError to refuse. */
export type ControlHandlers = {
  readonly [Name in RequestName]: [Part<Name>] extends [never]
    ? (ask: Ask<Name>) => Promise<Answer<Name>>
    : (ask: Ask<Name>, outlet: Outlet<Part<Name>>) => Promise<Answer<Name>>;
};

/** Where the parts of an answer go. */
export interface Outlet<P> {
  /** Resolves when there is room for more; rejects when the client has gone. */
  send(part: P): Promise<void>;
  /** For what cannot wait. False: too much is unread already, and this was not sent. */
  offer(part: P): boolean;
  /** Aborted when the client has gone, or the daemon stops: the answer is due now. */
  over(): AbortSignal;
}

/** A first line, from both sides: who speaks, and which version of this language. */
export interface Hello {
  readonly hello: string;
  readonly version: number;
}

export type ControlErrorCode =
  | 'version' // the other side speaks another CONTROL_VERSION
  | 'protocol' // not a request, or one that is too long or unknown
  | 'invalid' // a request with wrong arguments
  | 'not-found' // no such message, account or client
  | 'refused' // understood, but it cannot be done in the present state
  | 'storage' // the queue's storage could not do it; nothing was changed
  | 'stopping' // the daemon is going down
  | 'internal'; // a bug

export type ReplyLine =
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly part: unknown }
  | {
      readonly id: number | null;
      readonly error: { readonly code: ControlErrorCode; readonly message: string };
    };

/** A handler's refusal; the message is shown to the operator. */
export class ControlError extends Error {
  override name = 'ControlError';
  readonly code: ControlErrorCode;

  constructor(code: ControlErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
