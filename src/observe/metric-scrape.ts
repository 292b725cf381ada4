import { setAlertsWaiting } from './alert-folds.ts';
import {
  setAccountStates,
  setConnections,
  setCounts,
  setCredentials,
  setDisk,
  setInstants,
  setPaces,
  setQueue,
  setQuotas,
  setStandIns,
} from './metric-gauges.ts';
import type { Instruments } from './metric-instruments.ts';
import type { KnownNames, SCRAPE_PARTS } from './metric-labels.ts';
import type { MetricSources } from './metric-sources.ts';

/** A storage that hangs must not hang the scrape: its part is left out. */
export const scrapePartMsMax = 2_000;

type Part = Exclude<(typeof SCRAPE_PARTS)[number], 'process'>;

/**
 * Brings the gauges up to date: those of the queue and the accounts by asking, the process's by
 * looking.
 */
export async function refreshGauges(
  m: Instruments,
  sources: MetricSources,
  known: KnownNames,
  nowMs: number,
): Promise<void> {
  setConnections(m, sources.connections(), known);
  setStandIns(m, sources.standIns(), known);
  setInstants(m.relayd_account_last_success_timestamp_seconds, sources.lastDeliveredAtMs());
  setInstants(
    m.relayd_upstream_certificate_not_after_timestamp_seconds,
    sources.certificatesEndMs(),
  );
  setInstants(m.relayd_tls_exception_end_timestamp_seconds, sources.exceptionsEndMs());
  setCredentials(m, sources.credentials(), nowMs);
  setQuotas(m, sources.quotas());
  setCounts(m.relayd_held_senders, sources.heldSenders());
  setCounts(m.relayd_account_failures_in_a_row, sources.failuresInARow());
  setPaces(m, sources.slowed());
  setAlertsWaiting(m, sources.alertsWaiting());
  const { paused, holdRules } = sources.steering();
  m.relayd_paused.set(paused ? 1 : 0);
  m.relayd_hold_rules.set(holdRules);
  m.relayd_suppressed_addresses.set(sources.suppressed());
  await Promise.all([
    part(m, 'queue', sources.counts(), (counts) => {
      setQueue(m, counts, known, nowMs);
      setInstants(m.relayd_quota_out_timestamp_seconds, sources.outAtMs(counts));
    }),
    part(m, 'accounts', sources.accountStates(), (states) => setAccountStates(m, states, known)),
    part(m, 'store', sources.storeStats(), (stats) => m.relayd_store_bytes.set(stats.bytesOnDisk)),
    part(m, 'disk', sources.disk(), (disk) => setDisk(m, disk)),
  ]);
}

/** One part of a scrape. When it fails its old values go too: a stale number is worse than none. */
async function part<Answer>(
  m: Instruments,
  name: Part,
  asked: Promise<Answer>,
  set: (answer: Answer) => void,
): Promise<void> {
  const late = Promise.withResolvers<null>();
  const timer = setTimeout(() => late.resolve(null), scrapePartMsMax);
  const answer = await Promise.race([asked.catch(() => null), late.promise]);
  clearTimeout(timer);
  for (const gauge of gaugesOf(m, name)) gauge.reset();
  if (answer === null) m.relayd_scrape_failures_total.inc({ part: name });
  else set(answer);
}

function gaugesOf(m: Instruments, name: Part) {
  switch (name) {
    case 'queue':
      return [
        m.relayd_queue_recipients,
        m.relayd_queue_oldest_seconds,
        m.relayd_queue_overdue_seconds,
        m.relayd_quota_out_timestamp_seconds,
      ];
    case 'accounts':
      return [m.relayd_account_state];
    case 'store':
      return [m.relayd_store_bytes];
    case 'disk':
      return [m.relayd_disk_free_bytes, m.relayd_disk_size_bytes, m.relayd_disk_free_limit_bytes];
  }
}
