import { SCRAPE_PARTS, STORE_FAULTS } from './metric-labels.ts';

export const SECONDS_OF_A_COMMAND = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];

/** The queue's files and the disk they are on. */
export const STORE_METRICS = {
  relayd_store_commit_seconds: {
    type: 'histogram',
    help: 'Duration of group commits, fsync included.',
    buckets: [0.0005, ...SECONDS_OF_A_COMMAND],
  },
  relayd_store_commit_operations: {
    type: 'histogram',
    help: 'Operations that shared one group commit.',
    buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500],
  },
  relayd_store_failures_total: {
    type: 'counter',
    help: 'Commits that failed; the clients concerned got 4xx and nothing was lost.',
    labels: { fault: STORE_FAULTS },
  },
  relayd_store_bytes: { type: 'gauge', help: 'Size of the queue on disk.' },
  relayd_disk_free_bytes: {
    type: 'gauge',
    help: 'Free for relayd on the file system of queue.directory.',
  },
  relayd_disk_size_bytes: { type: 'gauge', help: 'Size of the file system of queue.directory.' },
  relayd_disk_free_limit_bytes: {
    type: 'gauge',
    help: 'With less than that free no mail is taken: limits.disk_free.',
  },
} as const;

/** What is not about mail: versions, configuration, control socket, log, clock. */
export const DAEMON_METRICS = {
  relayd_build_info: {
    type: 'gauge',
    help: 'Always 1; the versions of relayd and of Node are its labels.',
    labels: { version: 'text', node: 'text' },
  },
  relayd_config_reloads_total: {
    type: 'counter',
    help: 'Reloads asked for; a refused one left the running configuration in force.',
    labels: { result: ['reloaded', 'refused'] },
  },
  relayd_config_last_reload_successful: {
    type: 'gauge',
    help: '1 when the file on disk was accepted at the last start or reload, else 0.',
  },
  relayd_clock_jumps_total: { type: 'counter', help: 'Times the wall clock went back.' },
  relayd_control_requests_total: {
    type: 'counter',
    help: 'Requests of relayctl.',
    labels: { result: ['ok', 'failed'] },
  },
  relayd_log_lines_dropped_total: {
    type: 'counter',
    help: 'Log lines lost because their reader stalled or the destination failed.',
  },
  relayd_trace_spans_total: {
    type: 'counter',
    help: 'OpenTelemetry spans by what became of them; dropped: too many waited for the collector.',
    labels: { result: ['exported', 'failed', 'dropped'] },
  },
  relayd_event_loop_lag_seconds: {
    type: 'gauge',
    help: 'How late the event loop ran its timers since the previous scrape.',
    labels: { statistic: ['mean', 'p50', 'p99', 'max'] },
  },
  relayd_scrape_failures_total: {
    type: 'counter',
    help: 'Parts of a scrape that failed or took too long; their metrics are missing from it.',
    labels: { part: SCRAPE_PARTS },
  },
} as const;

/** Named as the client libraries of Prometheus name them. */
export const PROCESS_METRICS = {
  process_cpu_seconds_total: { type: 'counter', help: 'CPU time used, user and system.' },
  process_start_time_seconds: { type: 'gauge', help: 'When the process started, since 1970.' },
  process_resident_memory_bytes: { type: 'gauge', help: 'Memory of the process in RAM.' },
  process_open_fds: { type: 'gauge', help: 'Open file descriptors.' },
  process_max_fds: { type: 'gauge', help: 'Most file descriptors the process may open.' },
  nodejs_heap_used_bytes: { type: 'gauge', help: 'JavaScript heap in use, main thread.' },
  nodejs_external_memory_bytes: { type: 'gauge', help: 'Buffers outside the JavaScript heap.' },
} as const;
