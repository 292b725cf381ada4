import { graph, type Query, quantiles, RATE, type Row, waiting } from './grafana-panel.ts';

export const QUEUE: Row = {
  title: 'Queue',
  height: 8,
  panels: [
    graph(
      'Recipients by state',
      [{ expr: 'sum by (state) (relayd_queue_recipients{account})', legend: '{{state}}' }],
      {
        stacked: true,
        colours: {
          waiting: 'blue',
          leased: 'green',
          'in-doubt': 'yellow',
          held: 'purple',
          quarantined: 'red',
        },
      },
    ),
    graph(
      'Waiting by account',
      [
        {
          expr: `sum by (account) (relayd_queue_recipients{account,${waiting}})`,
          legend: '{{account}}',
        },
      ],
      { stacked: true },
    ),
    graph(
      'Oldest by account',
      [
        {
          expr: `max by (account) (relayd_queue_oldest_seconds{account,${waiting}})`,
          legend: '{{account}}',
        },
      ],
      { unit: 's' },
    ),
    graph(
      'Overdue by account',
      [{ expr: 'max by (account) (relayd_queue_overdue_seconds{account})', legend: '{{account}}' }],
      { about: 'How long mail has been due without being tried.', unit: 's' },
    ),
    graph('Commits', quantiles('relayd_store_commit_seconds{instance}', [0.5, 0.99]), {
      about: 'Every 250 waits for one.',
      unit: 's',
    }),
    graph(
      'On disk',
      [
        { expr: 'relayd_store_bytes{instance}', legend: 'queue of {{instance}}' },
        { expr: 'relayd_disk_free_bytes{instance}', legend: 'free at {{instance}}' },
        { expr: 'relayd_disk_free_limit_bytes{instance}', legend: 'limit at {{instance}}' },
      ],
      { unit: 'bytes' },
    ),
  ],
};

const perRelay = (metric: string): Query => ({
  expr: `${metric}{job="relayd",instance=~"$instance"}`,
  legend: '{{instance}}',
});

export const PROCESS: Row = {
  title: 'Process',
  height: 7,
  panels: [
    graph(
      'Event-loop lag',
      [
        {
          expr: 'max by (statistic) (relayd_event_loop_lag_seconds{instance})',
          legend: '{{statistic}}',
        },
      ],
      { unit: 's' },
    ),
    graph(
      'CPU',
      [
        {
          expr: `rate(process_cpu_seconds_total{job="relayd",instance=~"$instance"}${RATE})`,
          legend: '{{instance}}',
        },
      ],
      { about: 'Seconds per second: 1 is one core.', unit: 'percentunit' },
    ),
    graph('Memory', [perRelay('process_resident_memory_bytes')], { unit: 'bytes' }),
    graph('File descriptors', [perRelay('process_open_fds')]),
    graph(
      'Starts',
      [
        {
          expr: 'changes(process_start_time_seconds{job="relayd",instance=~"$instance"}[1h])',
          legend: '{{instance}}',
        },
      ],
      { about: 'Restarts within an hour.' },
    ),
    graph('Faults', [
      {
        expr: `sum by (fault) (increase(relayd_store_failures_total{instance}${RATE}))`,
        legend: 'commit: {{fault}}',
      },
      {
        expr: `sum by (part) (increase(relayd_scrape_failures_total{instance}${RATE}))`,
        legend: 'scrape: {{part}}',
      },
      {
        expr: `sum(increase(relayd_log_lines_dropped_total{instance}${RATE}))`,
        legend: 'log lines lost',
      },
      {
        expr: `sum(increase(relayd_queue_rows_quarantined_total{instance}${RATE}))`,
        legend: 'rows set aside',
      },
      { expr: `sum(increase(relayd_clock_jumps_total{instance}${RATE}))`, legend: 'clock jumps' },
    ]),
  ],
};
