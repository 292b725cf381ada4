import { REFUSAL_REASONS } from '../relay/events.ts';
import { ACCOUNT, ACCOUNT_REASON } from './account-metrics.ts';
import { SECONDS_OF_A_COMMAND } from './daemon-metrics.ts';
import { RECIPIENT_STATES, SESSION_REFUSALS } from './metric-labels.ts';

const ACCOUNT_STATE = { account: 'accounts', state: RECIPIENT_STATES } as const;
/** From at once to days: the steps of the retry schedule are the natural bounds. */
const SECONDS_OF_A_DELAY = [0.1, 0.5, 1, 5, 30, 60, 300, 900, 3600, 14_400, 86_400, 432_000];

/** What clients bring. */
export const SUBMISSION_METRICS = {
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
} as const;

/** What becomes of it. */
export const RECIPIENT_METRICS = {
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
} as const;

/** What waits, and what stops all of it. */
export const QUEUE_METRICS = {
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
  relayd_queue_overdue_seconds: {
    type: 'gauge',
    help: 'How long mail has been due without being tried; 0 when none is.',
    labels: ACCOUNT,
  },
  relayd_paused: { type: 'gauge', help: '1 while an operator has paused all delivery, else 0.' },
  relayd_hold_rules: { type: 'gauge', help: 'Hold rules for mail to come that are in force.' },
  relayd_queue_flushes_total: { type: 'counter', help: 'Flushes by an operator.' },
  relayd_queue_rows_quarantined_total: {
    type: 'counter',
    help: 'Stored rows that could not be read and were set aside.',
  },
} as const;
