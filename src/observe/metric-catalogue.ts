import { REFUSAL_REASONS } from '../relay/events.ts';
import { REASON_CLASSES } from '../relay/outcome.ts';
import { DAEMON_METRICS, SECONDS_OF_A_COMMAND } from './daemon-metrics.ts';
import { FEEDBACK_METRICS } from './feedback-metrics.ts';
import {
  ACCOUNT_STATES,
  type LabelValues,
  PHASES,
  QUOTA_COUNTS,
  QUOTA_WINDOWS,
  RECIPIENT_STATES,
  SESSION_REFUSALS,
} from './metric-labels.ts';

export interface MetricDeclaration {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels?: Readonly<Record<string, LabelValues>>;
  /** Upper bounds of a histogram, in the unit of its name. */
  readonly buckets?: readonly number[];
}

const ACCOUNT = { account: 'accounts' } as const;
const ACCOUNT_REASON = { account: 'accounts', reason: REASON_CLASSES } as const;
const ACCOUNT_WINDOW = {
  account: 'accounts',
  window: QUOTA_WINDOWS,
  counts: QUOTA_COUNTS,
} as const;
const ACCOUNT_STATE = { account: 'accounts', state: RECIPIENT_STATES } as const;
const SECONDS_OF_AN_ATTEMPT = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1200];
/** From at once to days: the steps of the retry schedule are the natural bounds. */
const SECONDS_OF_A_DELAY = [0.1, 0.5, 1, 5, 30, 60, 300, 900, 3600, 14_400, 86_400, 432_000];

/**
 * Every metric of /metrics, declared once: what is registered, documented and tested comes from
 * here.
 */
export const METRICS = {
  relayd_build_info: {
    type: 'gauge',
    help: 'Always 1; the versions of relayd and of Node are its labels.',
    labels: { version: 'text', node: 'text' },
  },
  relayd_messages_accepted_total: {
    type: 'counter',
    help: 'Messages that are durable in the queue and acknowledged with 250.',
    labels: { client: 'clients' },
  },
  relayd_accepted_bytes_total: {
    type: 'counter',
    help: 'Bytes of the accepted messages.',
    labels: { client: 'clients' },
  },
  relayd_accept_duration_seconds: {
    type: 'histogram',
    help: 'From the final dot of a client to the commit that made the message durable.',
    buckets: SECONDS_OF_A_COMMAND,
  },
  relayd_messages_refused_total: {
    type: 'counter',
    help: 'Messages or recipients refused in the dialogue with a client.',
    labels: { why: REFUSAL_REASONS },
  },
  relayd_sessions_refused_total: {
    type: 'counter',
    help: 'Client sessions refused or ended by a limit.',
    labels: { why: SESSION_REFUSALS },
  },
  relayd_logins_failed_total: {
    type: 'counter',
    help: 'Wrong credentials given by a client; unknown names are counted as other.',
    labels: { client: 'clients' },
  },
  relayd_recipients_delivered_total: {
    type: 'counter',
    help: 'Recipients accepted by the upstream.',
    labels: ACCOUNT,
  },
  relayd_recipients_deferred_total: {
    type: 'counter',
    help: 'Attempts for a recipient that will be repeated.',
    labels: ACCOUNT_REASON,
  },
  relayd_recipients_failed_total: {
    type: 'counter',
    help: 'Recipients given up: the upstream refused them for good or their lifetime is over.',
    labels: ACCOUNT_REASON,
  },
  relayd_recipients_in_doubt_total: {
    type: 'counter',
    help: 'Attempts whose connection died after the final dot: the upstream may have the message.',
    labels: ACCOUNT,
  },
  relayd_recipients_held_total: {
    type: 'counter',
    help: 'Recipients stopped until someone acts.',
    labels: ACCOUNT_REASON,
  },
  relayd_recipients_dropped_total: {
    type: 'counter',
    help: 'Recipients that left the queue undelivered by choice: a discard route or an operator.',
    labels: { how: ['discarded', 'removed'] },
  },
  relayd_delivery_delay_seconds: {
    type: 'histogram',
    help: 'From acceptance to delivery, by recipient.',
    labels: ACCOUNT,
    buckets: SECONDS_OF_A_DELAY,
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
  relayd_account_state: {
    type: 'gauge',
    help: '1 for the state the account is in, 0 for the others.',
    labels: { account: 'accounts', state: ACCOUNT_STATES },
  },
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
  relayd_account_changes_total: {
    type: 'counter',
    help: 'Changes of an account into a state.',
    labels: { account: 'accounts', state: ACCOUNT_STATES },
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
  relayd_account_last_success_timestamp_seconds: {
    type: 'gauge',
    help: 'When the account last delivered, in this run of the daemon; absent before the first time.',
    labels: ACCOUNT,
  },
  relayd_credential_switches_total: {
    type: 'counter',
    help: 'Changes of the password that the account logs in with, by the one it changed to.',
    labels: { account: 'accounts', slot: ['password', 'next_password'] },
  },
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
  relayd_accounts_misrouted_total: {
    type: 'counter',
    help: 'Sessions authenticated as somebody else than their account; nothing was sent on them.',
  },
  relayd_tls_exceptions_used_total: {
    type: 'counter',
    help: 'Certificate faults tolerated by a time-boxed exception.',
    labels: ACCOUNT,
  },
  relayd_upstream_certificate_not_after_seconds: {
    type: 'gauge',
    help: "When the upstream's certificate, as last seen, ends; absent before the first handshake.",
    labels: ACCOUNT,
  },
  relayd_upstream_key_changes_total: {
    type: 'counter',
    help: 'Times an upstream showed a key that was never seen there.',
    labels: ACCOUNT,
  },
  relayd_queue_recipients: {
    type: 'gauge',
    help: 'Recipients in the queue.',
    labels: ACCOUNT_STATE,
  },
  relayd_queue_oldest_seconds: {
    type: 'gauge',
    help: 'Age of the oldest message in the queue.',
    labels: ACCOUNT_STATE,
  },
  relayd_paused: { type: 'gauge', help: '1 while an operator has paused all delivery, else 0.' },
  relayd_hold_rules: { type: 'gauge', help: 'Hold rules for mail to come that are in force.' },
  relayd_queue_flushes_total: { type: 'counter', help: 'Flushes by an operator.' },
  relayd_queue_rows_quarantined_total: {
    type: 'counter',
    help: 'Stored rows that could not be read and were set aside.',
  },
  ...FEEDBACK_METRICS,
  ...DAEMON_METRICS,
} as const satisfies Record<string, MetricDeclaration>;

export type MetricName = keyof typeof METRICS;
