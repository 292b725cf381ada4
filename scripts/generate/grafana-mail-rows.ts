import { graph, type Query, quantiles, RATE, type Row, stat, waiting } from './grafana-panel.ts';

const outcome = (name: string): Query => ({
  expr: `sum(rate(relayd_recipients_${name}_total{account}${RATE}))`,
  legend: name.replace('_', ' '),
});

export const HEALTH: Row = {
  title: 'Health',
  height: 4,
  panels: [
    stat('Relays up', 'sum(up{job="relayd",instance=~"$instance"})', { limits: [1, 0.5] }),
    stat('Accounts held', 'sum(relayd_account_state{account,state="held"})', {
      about: 'They need somebody: relayctl account list.',
      limits: [null, 1],
    }),
    stat('Accounts paused', 'sum(relayd_account_state{account,state="paused"})', {
      about: 'They are tried again by themselves.',
      limits: [1, 1000],
    }),
    stat('Waiting', `sum(relayd_queue_recipients{account,${waiting}})`, {
      about: 'Recipients that are still to be tried, or tried again.',
    }),
    stat('Oldest', `max(relayd_queue_oldest_seconds{account,${waiting}})`, {
      unit: 's',
      limits: [3600, 14_400],
    }),
    stat('Overdue', 'max(relayd_queue_overdue_seconds{account})', {
      about: 'How long mail has been due without being tried.',
      unit: 's',
      limits: [300, 1800],
    }),
    stat('Delivered in an hour', 'sum(increase(relayd_recipients_delivered_total{account}[1h]))', {
      decimals: 0,
    }),
    stat(
      'Failed in an hour',
      'sum(increase(relayd_recipients_failed_total{account}[1h])) or vector(0)',
      {
        decimals: 0,
        limits: [1, 20],
      },
    ),
    {
      kind: 'table',
      width: 12,
      title: 'Alerts',
      about: 'Of config/alerts.rules.yaml; each has a section in docs/runbooks.md.',
      queries: [{ expr: 'ALERTS{instance,alertname=~"Relayd.+",alertstate="firing"}' }],
      columns: {
        alertname: ['Alert'],
        severity: ['Severity'],
        account: ['Account'],
        instance: ['Relay'],
      },
    },
    stat('Delivery', 'max(relayd_paused{instance})', {
      words: { 0: ['runs', 'green'], 1: ['paused', 'red'] },
    }),
    stat('relay.yaml', 'min(relayd_config_last_reload_successful{instance})', {
      words: { 0: ['has errors', 'red'], 1: ['in force', 'green'] },
    }),
    stat('Disk free', 'min(relayd_disk_free_bytes{instance} / relayd_disk_size_bytes{instance})', {
      unit: 'percentunit',
      limits: [0.15, 0.05],
    }),
    {
      ...stat('Version', 'relayd_build_info{instance}', { named: true }),
      queries: [{ expr: 'relayd_build_info{instance}', legend: '{{version}}' }],
    },
  ],
};

export const FLOW: Row = {
  title: 'Flow',
  height: 8,
  panels: [
    graph(
      'Accepted by client',
      [
        {
          expr: `sum by (client) (rate(relayd_messages_accepted_total{instance}${RATE}))`,
          legend: '{{client}}',
        },
      ],
      { unit: 'msg/s', stacked: true },
    ),
    graph(
      'What became of recipients',
      ['delivered', 'deferred', 'failed', 'in_doubt', 'held'].map(outcome),
      {
        unit: 'ops',
        colours: {
          delivered: 'green',
          deferred: 'orange',
          failed: 'red',
          'in doubt': 'yellow',
          held: 'purple',
        },
      },
    ),
    graph(
      'From acceptance to delivery',
      quantiles('relayd_delivery_delay_seconds{account}', [0.5, 0.95, 0.99]),
      { unit: 's' },
    ),
    graph(
      'From the final dot to 250',
      quantiles('relayd_accept_duration_seconds{instance}', [0.5, 0.99]),
      { about: 'What an app waits for: the commit that makes its message durable.', unit: 's' },
    ),
    graph(
      'Bytes accepted',
      [
        {
          expr: `sum by (client) (rate(relayd_accepted_bytes_total{instance}${RATE}))`,
          legend: '{{client}}',
        },
      ],
      { unit: 'Bps', stacked: true },
    ),
    graph(
      'Refused to clients',
      [
        {
          expr: `sum by (why) (rate(relayd_messages_refused_total{instance}${RATE}))`,
          legend: 'message: {{why}}',
        },
        {
          expr: `sum by (why) (rate(relayd_sessions_refused_total{instance}${RATE}))`,
          legend: 'session: {{why}}',
        },
        {
          expr: `sum by (client) (rate(relayd_logins_failed_total{instance}${RATE}))`,
          legend: 'login: {{client}}',
        },
      ],
      { unit: 'ops' },
    ),
  ],
};

/** How often a counter went up, by some of its labels. */
const counted = (metric: string, by: string): Query[] => [
  {
    expr: `sum by (${by}) (rate(${metric}{account}${RATE}))`,
    legend: by
      .split(', ')
      .map((label) => `{{${label}}}`)
      .join(' '),
  },
];

export const FAILURES: Row = {
  title: 'Failures by reason',
  height: 8,
  panels: [
    graph('Failed, by reason', counted('relayd_recipients_failed_total', 'reason'), {
      about: 'Given up: the sender was told.',
      unit: 'ops',
      stacked: true,
    }),
    graph('Deferred, by reason', counted('relayd_recipients_deferred_total', 'reason'), {
      about: 'To be tried again.',
      unit: 'ops',
      stacked: true,
    }),
    graph('Held, by reason', counted('relayd_recipients_held_total', 'reason'), {
      about: 'Stopped until somebody acts.',
      unit: 'ops',
      stacked: true,
    }),
    {
      kind: 'table',
      width: 12,
      title: 'In the time shown',
      queries: [
        {
          expr: 'sum by (account, reason) (increase(relayd_recipients_failed_total{account}[$__range]))',
        },
        {
          expr: 'sum by (account, reason) (increase(relayd_recipients_deferred_total{account}[$__range]))',
        },
        {
          expr: 'sum by (account, reason) (increase(relayd_recipients_held_total{account}[$__range]))',
        },
      ],
      columns: {
        account: ['Account'],
        reason: ['Reason'],
        A: ['Failed'],
        B: ['Deferred'],
        C: ['Held'],
      },
    },
    graph(
      'Share that fails',
      [
        {
          expr: 'sum by (account) (increase(relayd_recipients_failed_total{account}[1h])) / (sum by (account) (increase(relayd_recipients_failed_total{account}[1h])) + sum by (account) (increase(relayd_recipients_delivered_total{account}[1h])))',
          legend: '{{account}}',
        },
      ],
      {
        about: 'Of what was delivered or given up within an hour.',
        unit: 'percentunit',
        width: 12,
      },
    ),
  ],
};
