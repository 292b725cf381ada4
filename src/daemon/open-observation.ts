import type { ControlHandlers } from '../control/wire.ts';
import { type Dashboard, openDashboard } from '../dashboard/dashboard.ts';
import { packageVersion } from '../lib/version.ts';
import { type Observe, openObserve } from '../observe/http.ts';
import { openMetrics } from '../observe/metrics.ts';
import type { Tracing } from '../observe/otlp.ts';
import type { EventSink } from '../relay/events.ts';
import { knownNames } from './known-names.ts';
import { metricSources } from './metric-sources.ts';
import type { Relay } from './relay.ts';

export interface Observed {
  readonly relay: Relay;
  readonly tracing: Tracing | null;
  readonly handlers: ControlHandlers;
  readonly logLinesDropped: () => number;
  readonly listen: (sink: EventSink) => void;
  /** File descriptor of a socket that systemd passed under this name. */
  readonly inherited: (name: string) => number | null;
}

/** Metrics, rates and the pages at observe.listen. */
export async function openObservation(observed: Observed): Promise<Observe | null> {
  const { relay, tracing, logLinesDropped, inherited } = observed;
  const { settings, store, state, throughput, flushes } = relay;
  const { observe, hostname } = settings();
  const { listen, token } = observe;
  const metrics = openMetrics({
    version: packageVersion(),
    known: knownNames(settings),
    sources: metricSources(relay, {
      logLinesDropped,
      spans: () => tracing?.counts() ?? null,
    }),
    nowMs: Date.now,
  });
  const dashboard = listen === null || !observe.dashboard ? null : dashboardOf(observed);
  for (const each of [metrics, throughput, flushes, dashboard]) {
    if (each !== null) observed.listen(each.sink);
  }
  if (listen === null) return null;
  return openObserve({
    listen,
    token,
    hostname,
    metrics,
    site: dashboard?.site ?? null,
    // The listeners are open once this is asked, so the storage's answer is what is left.
    notReady: async () => {
      await store.stats();
      if (state() === 'stopping') return ['stopping'];
      return relay.drain.current === null ? [] : ['draining'];
    },
    inherited,
  });
}

function dashboardOf({ relay: { settings, emit }, handlers }: Observed): Dashboard {
  const known = knownNames(settings);
  return openDashboard({
    handlers,
    token: settings().observe.token,
    hostname: () => settings().hostname,
    clients: () => known().clients,
    emit,
    nowMs: Date.now,
  });
}
