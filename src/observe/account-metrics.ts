import { REASON_CLASSES } from '../relay/outcome.ts';
import { ACCOUNT_STATES, PHASES, QUOTA_COUNTS, QUOTA_WINDOWS } from './metric-labels.ts';

export const ACCOUNT = { account: 'accounts' } as const;
export const ACCOUNT_REASON = { account: 'accounts', reason: REASON_CLASSES } as const;
const ACCOUNT_WINDOW = {
  account: 'accounts',
  window: QUOTA_WINDOWS,
  counts: QUOTA_COUNTS,
} as const;
const SECONDS_OF_AN_ATTEMPT = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1200];

/** Accounts and their upstreams. */
export const ACCOUNT_METRICS = {
  relayd_account_state: {
    type: 'gauge',
    help: '1 for the state the account is in, 0 for the others.',
    labels: { account: 'accounts', state: ACCOUNT_STATES },
  },
  relayd_account_changes_total: {
    type: 'counter',
    help: 'Changes of an account into a state.',
    labels: { account: 'accounts', state: ACCOUNT_STATES },
  },
  relayd_account_last_success_timestamp_seconds: {
    type: 'gauge',
    help: 'When the account last delivered; absent when it did not in the last 500 messages and since the start.',
    labels: ACCOUNT,
  },
  relayd_attempt_duration_seconds: {
    type: 'histogram',
    help: 'Length of transactions with an upstream, whatever their outcome.',
    labels: ACCOUNT,
    buckets: SECONDS_OF_AN_ATTEMPT,
  },
  relayd_attempts_stopped_total: {
    type: 'counter',
    help: 'Transactions with an upstream that ended early, by the phase they ended in.',
    labels: { account: 'accounts', phase: PHASES },
  },
  relayd_upstream_connections: {
    type: 'gauge',
    help: 'Connections to the upstream that are open now.',
    labels: ACCOUNT,
  },
  relayd_upstream_connections_opened_total: {
    type: 'counter',
    help: 'Connections to the upstream that became ready and authenticated.',
    labels: ACCOUNT,
  },
  relayd_account_failures_in_a_row: {
    type: 'gauge',
    help: 'Fresh messages in a row that were tried and not delivered; 0 after a delivery.',
    labels: ACCOUNT,
  },
  relayd_held_senders: {
    type: 'gauge',
    help: 'Senders that the account may not send as, whose mail is held.',
    labels: ACCOUNT,
  },
  relayd_failovers_total: {
    type: 'counter',
    help: 'Times that another account of the route (to) took over.',
    labels: { account: 'accounts', to: 'accounts' },
  },
  relayd_failover_active: {
    type: 'gauge',
    help: 'Always 1: another account of the route (to) stands in; absent while none has to.',
    labels: { account: 'accounts', to: 'accounts' },
  },
} as const;

/** How much an account may send, by limits.rate and by what its upstream bears. */
export const QUOTA_METRICS = {
  relayd_quota_used: {
    type: 'gauge',
    help: 'What the account has used of limits.rate in its window.',
    labels: ACCOUNT_WINDOW,
  },
  relayd_quota_limit: {
    type: 'gauge',
    help: 'What limits.rate allows the account in the window.',
    labels: ACCOUNT_WINDOW,
  },
  relayd_quota_left: {
    type: 'gauge',
    help: 'What limits.rate still allows the account in the window.',
    labels: ACCOUNT_WINDOW,
  },
  relayd_quota_out_timestamp_seconds: {
    type: 'gauge',
    help: 'When the last of what waits now can be out under limits.rate; absent when nothing waits.',
    labels: ACCOUNT,
  },
  relayd_account_pace_per_second: {
    type: 'gauge',
    help: 'What an account keeps to since its upstream said "too fast"; absent while it goes as fast as it can.',
    labels: ACCOUNT,
  },
  relayd_account_slowed_total: {
    type: 'counter',
    help: 'How often an upstream said "too fast" or "too many connections" and its account sent less.',
    labels: ACCOUNT,
  },
} as const;

/** What accounts log in with, and what upstreams show of themselves. */
export const CREDENTIAL_METRICS = {
  relayd_credential_age_seconds: {
    type: 'gauge',
    help: 'How long the credentials in use have been the ones of relay.yaml, or since their login.',
    labels: ACCOUNT,
  },
  relayd_credential_last_success_timestamp_seconds: {
    type: 'gauge',
    help: 'When the upstream last accepted the credentials in use; absent before the first time.',
    labels: ACCOUNT,
  },
  relayd_credential_switches_total: {
    type: 'counter',
    help: 'Changes of the password that the account logs in with, by the one it changed to.',
    labels: { account: 'accounts', slot: ['password', 'next_password'] },
  },
  relayd_tls_exceptions_used_total: {
    type: 'counter',
    help: 'Certificate faults tolerated by a time-boxed exception.',
    labels: ACCOUNT,
  },
  relayd_tls_exception_end_timestamp_seconds: {
    type: 'gauge',
    help: 'When tls.exception of the account ends; absent without one.',
    labels: ACCOUNT,
  },
  relayd_upstream_certificate_not_after_timestamp_seconds: {
    type: 'gauge',
    help: "When the upstream's certificate, as last seen, ends; absent before the first handshake.",
    labels: ACCOUNT,
  },
  relayd_upstream_key_changes_total: {
    type: 'counter',
    help: 'Times an upstream showed a key that was never seen there.',
    labels: ACCOUNT,
  },
} as const;
