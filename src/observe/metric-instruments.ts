import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { METRICS, type MetricDeclaration, type MetricName } from './metric-catalogue.ts';

type Instrument<Type> = Type extends 'counter' ? Counter : Type extends 'gauge' ? Gauge : Histogram;

/** One instrument of prom-client for each declaration, under its name. */
export type Instruments = {
  readonly [Name in MetricName]: Instrument<(typeof METRICS)[Name]['type']>;
};

/** Registers the whole catalogue. */
export function openInstruments(): { instruments: Instruments; registry: Registry } {
  const registry = new Registry();
  const entries = Object.entries(METRICS).map(
    ([name, declaration]) => [name, instrument(name, declaration, registry)] as const,
  );
  return { instruments: Object.fromEntries(entries) as unknown as Instruments, registry };
}

function instrument(
  name: string,
  declaration: MetricDeclaration,
  registry: Registry,
): Counter | Gauge | Histogram {
  const common = {
    name,
    help: declaration.help,
    labelNames: Object.keys(declaration.labels ?? {}),
    registers: [registry],
  };
  switch (declaration.type) {
    case 'counter':
      return new Counter(common);
    case 'gauge':
      return new Gauge(common);
    case 'histogram':
      return new Histogram({ ...common, buckets: [...(declaration.buckets ?? [])] });
  }
}
