import { expect, test } from 'vitest';
import { type Span, spanSink } from '../../../src/observe/spans.ts';
import { SAMPLES } from './sample-events.ts';

const noon = Date.UTC(2026, 10, 21, 12);
const trace = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), sampled: true };

function open() {
  const spans: Span[] = [];
  const redact = (text: string) => text.replace(/\S+@/, '*@');
  const sink = spanSink({ onSpan: (span) => spans.push(span), redact, nowMs: () => noon });
  return { spans, sink };
}

test('the parts of one message were accepted once', () => {
  const { spans, sink } = open();
  const accepted = { ...SAMPLES['message.accepted'], trace: { ...trace, begins: true } };
  sink(accepted);
  sink({ ...accepted, id: accepted.id });
  expect(spans).toMatchObject([
    { name: 'accept', spanId: trace.spanId, parentSpanId: null, startMs: noon - 3, endMs: noon },
  ]);
});

test('an end without an attempt is a wait, one for all that ended together', () => {
  const { spans, sink } = open();
  const expired = {
    ...SAMPLES['recipient.settled'],
    outcome: 'bounced',
    reason: 'expired',
    text: 'no answer for <anna@example.net> in 5d',
    peer: null,
    trace,
  } as const;
  sink(expired);
  sink({ ...expired, recipient: 'b@example.net' });
  expect(spans).toMatchObject([
    { name: 'wait', parentSpanId: trace.spanId, startMs: noon - 1_500, endMs: noon },
  ]);
  expect(spans[0]?.failure).toContain('*@example.net');
});

test('a message waits for its first attempt that counts, and for no other', () => {
  const { spans, sink } = open();
  const facts = { startedAtMs: noon - 400, waitedMs: 600, recipients: 1, host: 'h', port: 25 };
  const deferred = { outcome: 'deferred', reason: 'network', text: 'connect: refused' } as const;
  const finished = { ...SAMPLES['attempt.finished'], phase: 'connect' } as const;
  sink({ ...finished, trace: { ...trace, ...facts, ...deferred, attempt: 1 } });
  sink({ ...finished, trace: { ...trace, ...facts, ...deferred, attempt: 2 } });
  expect(spans).toMatchObject([
    { name: 'wait', startMs: noon - 1_000, endMs: noon - 400, failure: null },
    { name: 'attempt', startMs: noon - 400, endMs: noon, failure: 'connect: refused' },
    { name: 'attempt' },
  ]);
  expect(spans[1]?.attributes).not.toHaveProperty('relayd.reply_code');
});

test('what is not sampled, or belongs to no trace, makes no span', () => {
  const { spans, sink } = open();
  sink({ ...SAMPLES['message.accepted'], trace: { ...trace, sampled: false, begins: false } });
  for (const event of Object.values(SAMPLES)) sink(event);
  expect(spans).toEqual([]);
});
