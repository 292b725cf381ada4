import { randomBytes } from 'node:crypto';
import type { EventSink, RelayEvent } from '../relay/events.ts';
import type { AttemptTrace, TraceContext } from '../relay/trace-context.ts';

/** One step of a message's way, as tracing systems show it. */
export interface Span {
  readonly name: 'accept' | 'wait' | 'attempt';
  readonly traceId: string;
  readonly spanId: string;
  /** Null: the root of its trace. */
  readonly parentSpanId: string | null;
  readonly startMs: number;
  readonly endMs: number;
  /** Null: it went well. */
  readonly failure: string | null;
  /** By the names of OpenTelemetry's conventions, where there are some. */
  readonly attributes: Readonly<Record<string, string | number>>;
}

export interface SpanOptions {
  readonly onSpan: (span: Span) => void;
  /** Free text as the log would show it. */
  readonly redact: (text: string) => string;
  readonly nowMs: () => number;
}

/**
 * Spans of what happened to messages that belong to a sampled trace: `accept` from MAIL to the 250,
 * `wait` from there to the first attempt that counts, or to an end without one, and `attempt`, one
 * for each transaction. All of one message hang under the app's span, or under `accept` where the
 * trace begins with it: what is known of a message after a restart is enough for that.
 */
export function spanSink(options: SpanOptions): EventSink {
  // The parts of one message are told in a row, and so are recipients that end together.
  let accepted: TraceContext | null = null;
  let ended: TraceContext | null = null;
  return (event) => {
    switch (event.is) {
      case 'message.accepted':
        if (event.trace?.sampled !== true || event.trace === accepted) return;
        accepted = event.trace;
        return options.onSpan(acceptSpan(event, event.trace, options));
      case 'attempt.finished':
        if (event.trace?.sampled !== true) return;
        if (event.trace.attempt === 1) options.onSpan(waitSpan(event, event.trace));
        return options.onSpan(attemptSpan(event, event.trace, options));
      case 'recipient.settled': {
        const { trace, peer, outcome } = event;
        const isEnd = outcome === 'bounced' || outcome === 'removed' || outcome === 'discarded';
        if (trace?.sampled !== true || peer !== null || !isEnd || trace === ended) return;
        ended = trace;
        return options.onSpan(endSpan(event, trace, options));
      }
      default:
    }
  };
}

type Accepted = Extract<RelayEvent, { is: 'message.accepted' }>;
type Finished = Extract<RelayEvent, { is: 'attempt.finished' }>;
type Settled = Extract<RelayEvent, { is: 'recipient.settled' }>;

function acceptSpan(
  { id, client, bytes, recipients, tookMs }: Accepted,
  trace: NonNullable<Accepted['trace']>,
  { nowMs, redact }: SpanOptions,
): Span {
  const endMs = nowMs();
  return {
    ...(trace.begins
      ? { ...idsUnder(trace), spanId: trace.spanId, parentSpanId: null }
      : idsUnder(trace)),
    name: 'accept',
    startMs: endMs - tookMs,
    endMs,
    failure: null,
    attributes: {
      'messaging.message.id': id,
      'messaging.message.body.size': bytes,
      'network.protocol.name': 'smtp',
      'relayd.client': redact(client),
      'relayd.recipients': recipients,
    },
  };
}

function waitSpan({ id, account }: Finished, trace: AttemptTrace): Span {
  const { startedAtMs, waitedMs } = trace;
  return {
    ...idsUnder(trace),
    name: 'wait',
    startMs: startedAtMs - waitedMs,
    endMs: startedAtMs,
    failure: null,
    attributes: { 'messaging.message.id': id, 'relayd.account': account },
  };
}

function attemptSpan(
  { id, account, phase }: Finished,
  trace: AttemptTrace,
  { nowMs, redact }: SpanOptions,
): Span {
  const { startedAtMs, attempt, recipients, host, port, outcome, reason, text } = trace;
  const code = Number(/^\d{3}\b/.exec(text)?.[0]);
  const failed = outcome !== 'delivered';
  return {
    ...idsUnder(trace),
    name: 'attempt',
    startMs: startedAtMs,
    endMs: Math.max(startedAtMs, nowMs()),
    failure: failed ? redact(text) : null,
    attributes: {
      'messaging.message.id': id,
      'network.protocol.name': 'smtp',
      'server.address': host,
      'server.port': port,
      'relayd.account': account,
      'relayd.attempt': attempt,
      'relayd.recipients': recipients,
      'relayd.outcome': outcome,
      'relayd.reason': reason,
      ...(phase === null ? {} : { 'relayd.phase': phase }),
      ...(Number.isNaN(code) ? {} : { 'relayd.reply_code': code }),
      ...(failed ? { 'error.type': reason } : {}),
    },
  };
}

/** An end without an attempt: its lifetime was over, or somebody ended it. */
function endSpan(
  { id, account, outcome, reason, text, waitedMs }: Settled,
  trace: TraceContext,
  { nowMs, redact }: SpanOptions,
): Span {
  const endMs = nowMs();
  return {
    ...idsUnder(trace),
    name: 'wait',
    startMs: endMs - waitedMs,
    endMs,
    failure: outcome === 'bounced' ? redact(text) : null,
    attributes: {
      'messaging.message.id': id,
      ...(account === null ? {} : { 'relayd.account': account }),
      'relayd.outcome': outcome,
      'relayd.reason': reason,
    },
  };
}

function idsUnder({ traceId, spanId }: TraceContext) {
  return { traceId, spanId: randomBytes(8).toString('hex'), parentSpanId: spanId };
}
