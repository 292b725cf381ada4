import type { EventSink } from '../relay/events.ts';
import { FEEDBACK_PROVIDERS } from '../relay/feedback.ts';
import { openLagMeter } from './lag-meter.ts';
import { metricsSink } from './metric-folds.ts';
import { type Instruments, openInstruments } from './metric-instruments.ts';
import { type KnownNames, OTHER, SCRAPE_PARTS, STORE_FAULTS } from './metric-labels.ts';
import { refreshProcessGauges, setCounter } from './metric-process.ts';
import { refreshGauges } from './metric-scrape.ts';
import type { MetricSources } from './metric-sources.ts';

export interface Metrics {
  readonly sink: EventSink;
  /** The text of /metrics. Scrapes that come while one runs share its answer. */
  render(): Promise<string>;
  readonly contentType: string;
}

/**
 * Counters from events, gauges asked for at a scrape. `known` gives the names of the configuration
 * in force: nothing else becomes a label value.
 */
export function openMetrics(options: {
  version: string;
  known: () => KnownNames;
  sources: MetricSources;
  nowMs: () => number;
}): Metrics {
  const { instruments, registry } = openInstruments();
  const lag = openLagMeter();
  const count = metricsSink(instruments, options.known);
  describeProcess(instruments, options);

  const render = async (): Promise<string> => {
    lag.touch();
    for (const [statistic, seconds] of Object.entries(lag.read())) {
      instruments.relayd_event_loop_lag_seconds.set({ statistic }, seconds);
    }
    refreshProcessGauges(instruments);
    startAtZero(instruments, options.known());
    setCounter(instruments.relayd_log_lines_dropped_total, options.sources.logLinesDropped());
    instruments.relayd_trace_spans_total.reset();
    for (const [result, spans] of Object.entries(options.sources.spans() ?? {})) {
      instruments.relayd_trace_spans_total.inc({ result }, spans);
    }
    await refreshGauges(instruments, options.sources, options.known(), options.nowMs());
    return registry.metrics();
  };
  let running: Promise<string> | null = null;
  return {
    sink: (event) => {
      lag.touch();
      count(event);
    },
    render: () => {
      running ??= render().finally(() => {
        running = null;
      });
      return running;
    },
    contentType: registry.contentType,
  };
}

function describeProcess(m: Instruments, options: { version: string; nowMs: () => number }): void {
  m.relayd_build_info.set({ version: options.version, node: process.version }, 1);
  m.process_start_time_seconds.set(options.nowMs() / 1000 - process.uptime());
  m.relayd_config_last_reload_successful.set(1);
}

/**
 * A counter that appears at 1 has no increase to alert on: those that alerts ask for start at 0,
 * those of accounts that a reload brings, too.
 */
function startAtZero(m: Instruments, known: KnownNames): void {
  for (const client of known.clients) {
    m.relayd_messages_accepted_total.inc({ client }, 0);
    m.relayd_logins_failed_total.inc({ client }, 0);
  }
  m.relayd_logins_failed_total.inc({ client: OTHER }, 0);
  for (const provider of FEEDBACK_PROVIDERS) {
    for (const why of ['signature', 'credentials']) {
      m.relayd_feedback_refused_total.inc({ provider, why }, 0);
    }
  }
  for (const fault of STORE_FAULTS) m.relayd_store_failures_total.inc({ fault }, 0);
  for (const part of SCRAPE_PARTS) m.relayd_scrape_failures_total.inc({ part }, 0);
  for (const account of known.accounts) {
    m.relayd_recipients_delivered_total.inc({ account }, 0);
    m.relayd_recipients_in_doubt_total.inc({ account }, 0);
    m.relayd_tls_exceptions_used_total.inc({ account }, 0);
    m.relayd_upstream_key_changes_total.inc({ account }, 0);
    m.relayd_feedback_received_total.inc({ account, kind: 'complained' }, 0);
    for (const state of ['held', 'paused']) {
      m.relayd_account_changes_total.inc({ account, state }, 0);
    }
  }
}
