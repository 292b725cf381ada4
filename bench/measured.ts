/** Everything that a scenario may measure, with the words and the unit of its column. */
export const METRICS = {
  rate: { title: 'end to end', unit: '/s' },
  accepted: { title: 'accepted', unit: '/s' },
  drained: { title: 'drained', unit: '/s' },
  cpu: { title: 'CPU per 1,000', unit: 's' },
  pss: { title: 'peak PSS', unit: 'MiB' },
  rss: { title: 'RSS', unit: 'MiB' },
  peak: { title: 'peak RSS', unit: 'MiB' },
  growth: { title: 'RSS growth', unit: 'MiB' },
  p50: { title: 'p50', unit: 'ms' },
  p99: { title: 'p99', unit: 'ms' },
  slowest: { title: 'slowest', unit: 'ms' },
  start: { title: 'start-up', unit: 's' },
  roundTrips: { title: 'round trips per message', unit: '' },
} as const;

export type Metric = keyof typeof METRICS;

/** One round of one subject. */
export type Values = Readonly<Partial<Record<Metric, number>>>;

/** Of each subject (a peer, a state, a command) the rounds that came to an end. */
export type Measured = Readonly<Record<string, readonly Values[]>>;

export const mib = 1024 ** 2;
