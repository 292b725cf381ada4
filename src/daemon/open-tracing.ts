import { packageVersion } from '../lib/version.ts';
import type { Tracing } from '../observe/otlp.ts';
import type { EventSink } from '../relay/events.ts';
import type { Settings } from '../relay/settings.ts';

/** Null: off. Then nothing of OpenTelemetry is loaded. */
export async function openTracingIfAsked(
  settings: () => Settings,
  emit: EventSink,
): Promise<Tracing | null> {
  const { observe, hostname } = settings();
  if (observe.tracing === null) return null;
  // The library would obey these as well, header fields among them: relay.yaml alone decides.
  for (const name of Object.keys(process.env)) {
    if (name.startsWith('OTEL_')) delete process.env[name];
  }
  const { openTracing } = await import('../observe/otlp.ts');
  return openTracing({
    settings: observe.tracing,
    addresses: () => settings().log.addresses,
    about: { version: packageVersion(), hostname },
    emit,
    nowMs: Date.now,
  });
}
