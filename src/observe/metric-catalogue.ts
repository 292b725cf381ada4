import { ACCOUNT_METRICS, CREDENTIAL_METRICS, QUOTA_METRICS } from './account-metrics.ts';
import { ALERT_METRICS } from './alert-metrics.ts';
import { DAEMON_METRICS, PROCESS_METRICS, STORE_METRICS } from './daemon-metrics.ts';
import { FEEDBACK_METRICS } from './feedback-metrics.ts';
import { QUEUE_METRICS, RECIPIENT_METRICS, SUBMISSION_METRICS } from './mail-metrics.ts';
import type { LabelValues } from './metric-labels.ts';

export interface MetricDeclaration {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels?: Readonly<Record<string, LabelValues>>;
  /** Upper bounds of a histogram, in the unit of its name. */
  readonly buckets?: readonly number[];
}

/**
 * Every metric of /metrics, declared once: what is registered, documented and tested comes from
 * here. The unit is the end of the name, as Prometheus wants it.
 */
export const METRICS = {
  ...SUBMISSION_METRICS,
  ...RECIPIENT_METRICS,
  ...ACCOUNT_METRICS,
  ...QUOTA_METRICS,
  ...CREDENTIAL_METRICS,
  ...QUEUE_METRICS,
  ...STORE_METRICS,
  ...ALERT_METRICS,
  ...FEEDBACK_METRICS,
  ...DAEMON_METRICS,
  ...PROCESS_METRICS,
} as const satisfies Record<string, MetricDeclaration>;

export type MetricName = keyof typeof METRICS;
