import { type HrTime, SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, type ReadableSpan, type SpanExporter } from '@opentelemetry/sdk-trace';
import type { EventSink } from '../relay/events.ts';
import type { LogSettings, TracingSettings } from '../relay/settings.ts';
import { redactionInForce } from './redact.ts';
import { type Span, spanSink } from './spans.ts';

export interface Tracing {
  readonly sink: EventSink;
  /** Spans since the start, by what became of them. */
  counts(): SpanCounts;
  /** Sends what is pending, for a second at most. */
  close(): Promise<void>;
}

export type SpanCounts = Readonly<Record<'exported' | 'failed' | 'dropped', number>>;

export interface TracingOptions {
  readonly settings: TracingSettings;
  readonly addresses: () => LogSettings['addresses'];
  readonly about: { readonly version: string; readonly hostname: string };
  readonly emit: EventSink;
  readonly nowMs: () => number;
}

/** Spans that wait to be sent; a collector that is away costs no more memory than that. */
const pendingMax = 2_048;
const batchMax = 512;
const batchWaitMs = 1_000;
const requestMsMax = 5_000;
const closeMsMax = 1_000;
const sayAgainMs = 600_000;

/**
 * Sends spans to an OpenTelemetry collector (OTLP over HTTP, JSON). Nothing ever waits for it. This
 * module loads the OpenTelemetry packages: it is imported when tracing is on.
 */
export function openTracing(options: TracingOptions): Tracing {
  const { about, nowMs } = options;
  const counts = { exported: 0, failed: 0, dropped: 0 };
  let pending = 0;
  const exporter = countingExporter(options, (became, spans) => {
    counts[became] += spans;
    pending -= spans;
  });
  const batches = new BatchSpanProcessor({
    exporter,
    maxQueueSize: pendingMax,
    maxExportBatchSize: batchMax,
    scheduledDelayMillis: batchWaitMs,
    exportTimeoutMillis: 2 * requestMsMax,
  });
  const redaction = redactionInForce(options.addresses);
  const resource = resourceFromAttributes({
    'service.name': 'relayd',
    'service.version': about.version,
    'host.name': about.hostname,
  });
  return {
    sink: spanSink({
      onSpan: (span) => {
        if (pending >= pendingMax) {
          counts.dropped++;
          return;
        }
        pending++;
        batches.onEnd(readable(span, { resource, version: about.version }));
      },
      redact: (text) => redaction()?.text(text) ?? text,
      nowMs,
    }),
    counts: () => ({ ...counts }),
    close: () => within(batches.shutdown(), closeMsMax),
  };
}

/** Counts what became of spans, and says now and then when they are lost. */
function countingExporter(
  { settings: { endpoint, headers }, emit, nowMs }: TracingOptions,
  count: (became: 'exported' | 'failed', spans: number) => void,
): SpanExporter {
  const inner = new OTLPTraceExporter({
    url: endpoint,
    headers: Object.fromEntries([...headers].map(([name, value]) => [name, value.reveal()])),
    timeoutMillis: requestMsMax,
    concurrencyLimit: Math.ceil(pendingMax / batchMax),
    httpAgentOptions: { keepAlive: true },
  });
  const { origin, pathname } = new URL(endpoint);
  const place = `${origin}${pathname}`;
  let lost = 0;
  let saidAtMs = Number.NEGATIVE_INFINITY;
  return {
    export: (spans, done) =>
      inner.export(spans, ({ code, error }) => {
        count(code === 0 ? 'exported' : 'failed', spans.length);
        if (code !== 0) {
          lost += spans.length;
          if (nowMs() - saidAtMs >= sayAgainMs) {
            saidAtMs = nowMs();
            emit({ is: 'tracing.failed', endpoint: place, detail: describe(error), spans: lost });
          }
        }
        // It has been told: the processor would tell the console.
        done({ code: 0 });
      }),
    shutdown: () => inner.shutdown(),
  };
}

function describe(error: Error | undefined): string {
  const code = error !== undefined && 'code' in error ? `${error.code} ` : '';
  return `${code}${error?.message ?? 'not taken'}`.trim();
}

const KINDS = {
  accept: SpanKind.SERVER,
  wait: SpanKind.INTERNAL,
  attempt: SpanKind.CLIENT,
} as const;

function readable(
  span: Span,
  { resource, version }: { resource: ReadableSpan['resource']; version: string },
): ReadableSpan {
  const { traceId, spanId, parentSpanId, failure } = span;
  const within = { traceId, traceFlags: TraceFlags.SAMPLED };
  return {
    name: span.name,
    kind: KINDS[span.name],
    spanContext: () => ({ ...within, spanId }),
    ...(parentSpanId === null
      ? {}
      : { parentSpanContext: { ...within, spanId: parentSpanId, isRemote: true } }),
    startTime: time(span.startMs),
    endTime: time(span.endMs),
    duration: time(span.endMs - span.startMs),
    status:
      failure === null
        ? { code: SpanStatusCode.UNSET }
        : { code: SpanStatusCode.ERROR, message: failure },
    attributes: { ...span.attributes },
    links: [],
    events: [],
    ended: true,
    resource,
    instrumentationScope: { name: 'relayd', version },
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

function time(ms: number): HrTime {
  const seconds = Math.floor(ms / 1_000);
  return [seconds, Math.round((ms - seconds * 1_000) * 1e6)];
}

async function within(promise: Promise<void>, ms: number): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, ms);
  await Promise.race([promise, late.promise]);
  clearTimeout(timer);
}
