import { graph, quantiles, RATE, type Row, waiting } from './grafana-panel.ts';

const ACCOUNTS: Row = {
  title: 'Accounts',
  height: 8,
  panels: [
    {
      kind: 'table',
      width: 24,
      title: 'Accounts',
      queries: [
        { expr: `sum by (account) (relayd_queue_recipients{account,${waiting}})` },
        { expr: `max by (account) (relayd_queue_oldest_seconds{account,${waiting}})` },
        { expr: 'sum by (account) (increase(relayd_recipients_delivered_total{account}[24h]))' },
        {
          expr: 'time() - max by (account) (relayd_account_last_success_timestamp_seconds{account})',
        },
        {
          expr: 'min by (account) (relayd_upstream_certificate_not_after_timestamp_seconds{account}) - time()',
        },
        { expr: 'min by (account) (relayd_tls_exception_end_timestamp_seconds{account}) - time()' },
        { expr: 'max by (account) (relayd_credential_age_seconds{account})' },
        {
          expr: 'time() - max by (account) (relayd_credential_last_success_timestamp_seconds{account})',
        },
        { expr: 'max by (account) (relayd_held_senders{account})' },
      ],
      columns: {
        account: ['Account'],
        A: ['Waiting'],
        B: ['Oldest', 's'],
        C: ['Delivered in 24 h'],
        D: ['Last delivery, ago', 's'],
        E: ['Certificate, time left', 's'],
        F: ['Exception, time left', 's'],
        G: ['Credentials, age', 's'],
        H: ['Last login, ago', 's'],
        I: ['Senders held'],
      },
    },
    {
      kind: 'state-timeline',
      width: 12,
      title: 'State',
      words: { 0: ['open', 'green'], 1: ['paused', 'orange'], 2: ['held', 'red'] },
      queries: [
        {
          expr: 'max by (account) (relayd_account_state{account,state="paused"} + on (instance, account) 2 * relayd_account_state{account,state="held"})',
          legend: '{{account}}',
        },
      ],
    },
    graph(
      'Delivered by account',
      [
        {
          expr: `sum by (account) (rate(relayd_recipients_delivered_total{account}${RATE}))`,
          legend: '{{account}}',
        },
      ],
      { unit: 'ops', stacked: true, width: 12 },
    ),
    {
      kind: 'table',
      width: 12,
      title: 'Stand-ins',
      about: 'Accounts that send in place of one that does not work.',
      queries: [{ expr: 'relayd_failover_active{account}' }],
      columns: { account: ['Account'], to: ['Stands in'], instance: ['Relay'] },
    },
    graph(
      'Into held or paused',
      [
        {
          expr: `sum by (account, state) (increase(relayd_account_changes_total{account,state!="open"}${RATE}))`,
          legend: '{{account}} {{state}}',
        },
      ],
      { width: 12 },
    ),
  ],
};

const QUOTA: Row = {
  title: 'Quota',
  height: 8,
  panels: [
    {
      kind: 'bargauge',
      width: 8,
      title: 'Used of limits.rate',
      unit: 'percentunit',
      max: 1,
      limits: [0.8, 0.95],
      queries: [
        {
          expr: 'relayd_quota_used{account} / relayd_quota_limit{account}',
          legend: '{{account}} {{counts}}/{{window}}',
        },
      ],
    },
    graph('Left', [
      { expr: 'relayd_quota_left{account}', legend: '{{account}} {{counts}}/{{window}}' },
    ]),
    graph(
      'What waits is out in',
      [{ expr: 'relayd_quota_out_timestamp_seconds{account} - time()', legend: '{{account}}' }],
      { about: 'At the earliest, by limits.rate.', unit: 's' },
    ),
    graph('Pace', [{ expr: 'relayd_account_pace_per_second{account}', legend: '{{account}}' }], {
      about: 'Of accounts whose upstream said "too fast".',
      unit: 'msg/s',
      width: 12,
    }),
    graph(
      'Told to slow down',
      [
        {
          expr: `sum by (account) (increase(relayd_account_slowed_total{account}${RATE}))`,
          legend: '{{account}}',
        },
      ],
      { width: 12 },
    ),
  ],
};

const UPSTREAMS: Row = {
  title: 'Upstreams',
  height: 8,
  panels: [
    graph(
      'Length of a transaction',
      quantiles('relayd_attempt_duration_seconds{account}', [0.5, 0.95], 'account'),
      { unit: 's', width: 12 },
    ),
    graph(
      'Transactions that ended early, by phase',
      [
        {
          expr: `sum by (account, phase) (rate(relayd_attempts_stopped_total{account}${RATE}))`,
          legend: '{{account}} {{phase}}',
        },
      ],
      { unit: 'ops', width: 12 },
    ),
    graph('Connections open', [
      { expr: 'sum by (account) (relayd_upstream_connections{account})', legend: '{{account}}' },
    ]),
    graph(
      'Connections opened',
      [
        {
          expr: `sum by (account) (rate(relayd_upstream_connections_opened_total{account}${RATE}))`,
          legend: '{{account}}',
        },
      ],
      { about: 'Each is a login.', unit: 'ops' },
    ),
    graph('Certificates and keys', [
      {
        expr: 'sum by (account) (increase(relayd_upstream_key_changes_total{account}[1h]))',
        legend: '{{account}}: new key',
      },
      {
        expr: 'sum by (account) (increase(relayd_tls_exceptions_used_total{account}[1h]))',
        legend: '{{account}}: exception used',
      },
    ]),
  ],
};

export const ACCOUNT_ROWS = [ACCOUNTS, QUOTA, UPSTREAMS];
