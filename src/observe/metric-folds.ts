import type { EventSink, RelayEvent } from '../relay/events.ts';
import { alertFolds } from './alert-folds.ts';
import type { Instruments } from './metric-instruments.ts';
import {
  accountLabel,
  clientLabel,
  type KnownNames,
  NONE,
  OTHER,
  STORE_FAULTS,
} from './metric-labels.ts';

type Fold<Kind extends RelayEvent['is']> = (event: Extract<RelayEvent, { is: Kind }>) => void;
/** Every event has an entry: what it counts, or null when it is not counted. */
export type Folds = { readonly [Kind in RelayEvent['is']]: Fold<Kind> | null };

/** Label children are resolved once and kept: resolving costs more than counting. */
function each<Child>(resolve: (value: string) => Child): (value: string) => Child {
  const children = new Map<string, Child>();
  return (value) => {
    let child = children.get(value);
    if (child === undefined) {
      child = resolve(value);
      children.set(value, child);
    }
    return child;
  };
}

function eachPair<Child>(
  resolve: (first: string, second: string) => Child,
): (first: string, second: string) => Child {
  const rows = each((first) => each((second) => resolve(first, second)));
  return (first, second) => rows(first)(second);
}

/** The sink that counts. `known` is asked at every event, so a reload takes effect at once. */
export function metricsSink(instruments: Instruments, known: () => KnownNames): EventSink {
  const folds = metricFolds(instruments, known);
  return (event) => (folds[event.is] as ((event: RelayEvent) => void) | null)?.(event);
}

type Name = (name: string) => string;
type AccountName = (name: string | null) => string;

export function metricFolds(m: Instruments, known: () => KnownNames): Folds {
  const client: Name = (name) => clientLabel(known(), name);
  const account: AccountName = (name) => accountLabel(known(), name);
  return {
    ...lifeFolds(m),
    ...submissionFolds(m, client),
    ...recipientFolds(m, account),
    ...upstreamFolds(m, account),
    ...storeFolds(m),
    ...alertFolds(m, account),
    ...feedbackFolds(m, account),
  };
}

function lifeFolds(m: Instruments) {
  const reload = (result: 'reloaded' | 'refused') => () => {
    m.relayd_config_reloads_total.inc({ result });
    m.relayd_config_last_reload_successful.set(result === 'reloaded' ? 1 : 0);
  };
  return {
    // Said once in a life: build_info and process_start_time_seconds tell them to a scraper.
    'daemon.started': null,
    'daemon.stopping': null,
    'daemon.stopped': null,
    'daemon.failed': null,
    'log.not-reopened': null,
    // relayd_trace_spans_total is read from the exporter, which counts.
    'tracing.failed': null,
    'listener.opened': null,
    'supervisor.unreachable': null,
    'config.reloaded': reload('reloaded'),
    'config.refused': reload('refused'),
    'config.warning': null,
    // relayd_paused and relayd_hold_rules tell them at any time.
    'relay.paused': null,
    'relay.resumed': null,
    'relay.draining': null,
    'relay.undrained': null,
    'hold.added': null,
    'hold.ended': null,
    'log.level-changed': null,
    'clock.jumped': () => m.relayd_clock_jumps_total.inc(),
    'control.called': (event) =>
      m.relayd_control_requests_total.inc({ result: event.failed ? 'failed' : 'ok' }),
  } satisfies Partial<Folds>;
}

function submissionFolds(m: Instruments, client: Name) {
  const accepted = each((name) => m.relayd_messages_accepted_total.labels(name));
  const bytes = each((name) => m.relayd_accepted_bytes_total.labels(name));
  const refused = each((why) => m.relayd_messages_refused_total.labels(why));
  const sessions = each((why) => m.relayd_sessions_refused_total.labels(why));
  const logins = each((name) => m.relayd_logins_failed_total.labels(name));
  return {
    'session.refused': (event) => sessions(event.reason).inc(),
    'login.failed': (event) => logins(client(event.client)).inc(),
    'message.refused': (event) => refused(event.reason).inc(),
    'message.accepted': (event) => {
      const name = client(event.client);
      accepted(name).inc();
      bytes(name).inc(event.bytes);
      m.relayd_accept_duration_seconds.observe(event.tookMs / 1000);
    },
  } satisfies Partial<Folds>;
}

function recipientFolds(m: Instruments, account: AccountName) {
  const delivered = each((name) => m.relayd_recipients_delivered_total.labels(name));
  const delay = each((name) => m.relayd_delivery_delay_seconds.labels(name));
  const deferred = eachPair((name, why) => m.relayd_recipients_deferred_total.labels(name, why));
  const failed = eachPair((name, why) => m.relayd_recipients_failed_total.labels(name, why));
  const held = eachPair((name, why) => m.relayd_recipients_held_total.labels(name, why));
  const inDoubt = each((name) => m.relayd_recipients_in_doubt_total.labels(name));
  const dropped = each((how) => m.relayd_recipients_dropped_total.labels(how));
  return {
    'recipient.settled': (event) => {
      const name = account(event.account);
      switch (event.outcome) {
        case 'delivered':
          delivered(name).inc();
          delay(name).observe(event.waitedMs / 1000);
          return;
        case 'deferred':
          return deferred(name, event.reason).inc();
        case 'bounced':
          return failed(name, event.reason).inc();
        case 'in-doubt':
          return inDoubt(name).inc();
        case 'held':
          return held(name, event.reason).inc();
        default:
          return dropped(event.outcome).inc();
      }
    },
    // Counted recipient by recipient: a message may leave in several parts.
    'message.completed': null,
  } satisfies Partial<Folds>;
}

function upstreamFolds(m: Instruments, account: AccountName) {
  const duration = each((name) => m.relayd_attempt_duration_seconds.labels(name));
  const stopped = eachPair((name, phase) => m.relayd_attempts_stopped_total.labels(name, phase));
  const opened = each((name) => m.relayd_upstream_connections_opened_total.labels(name));
  const changes = eachPair((name, to) => m.relayd_account_changes_total.labels(name, to));
  const switches = eachPair((name, to) => m.relayd_credential_switches_total.labels(name, to));
  const failovers = eachPair((from, to) => m.relayd_failovers_total.labels(from, to));
  const keys = each((name) => m.relayd_upstream_key_changes_total.labels(name));
  const exceptions = each((name) => m.relayd_tls_exceptions_used_total.labels(name));
  return {
    'attempt.finished': (event) => {
      const name = account(event.account);
      duration(name).observe(event.tookMs / 1000);
      if (event.phase !== null) stopped(name, event.phase).inc();
    },
    'connection.opened': (event) => opened(account(event.account)).inc(),
    // relayd_upstream_connections is read from the pool, which knows.
    'connection.closed': null,
    'account.held': (event) => changes(account(event.account), 'held').inc(),
    'account.slowed': (event) =>
      m.relayd_account_slowed_total.inc({ account: account(event.account) }),
    'account.paused': (event) => changes(account(event.account), 'paused').inc(),
    'account.resumed': (event) => changes(account(event.account), 'open').inc(),
    // relayd_held_senders tells it at any time.
    'sender.held': null,
    'sender.released': null,
    'account.logged-in': null,
    'credential.switched': (event) => switches(account(event.account), event.to).inc(),
    'credential.fell-back': (event) => switches(account(event.account), event.to).inc(),
    'credential.refused': null,
    'failover.used': (event) => failovers(account(event.account), account(event.to)).inc(),
    // relayd_failover_active tells it at any time.
    'failover.ended': null,
    // It ends the process before anybody could scrape a number.
    'account.misrouted': null,
    'tls.exception-used': (event) => exceptions(account(event.account)).inc(),
    // relayd_tls_exception_end_timestamp_seconds tells it at any time.
    'tls.exception-ending': null,
    // relayd_upstream_certificate_not_after_timestamp_seconds tells it at any time.
    'certificate.expiring': null,
    'certificate.changed': (event) => keys(account(event.account)).inc(),
  } satisfies Partial<Folds>;
}

function feedbackFolds(m: Instruments, account: AccountName) {
  return {
    'feedback.received': (event) => {
      const { provider, kind } = event;
      if (event.id === null) m.relayd_feedback_unknown_total.inc({ provider });
      else m.relayd_feedback_received_total.inc({ account: account(event.account), kind });
    },
    'feedback.refused': ({ provider, reason }) =>
      m.relayd_feedback_refused_total.inc({ provider: provider ?? NONE, why: reason }),
    'feedback.subscription': null,
    'suppression.changed': null,
  } satisfies Partial<Folds>;
}

function storeFolds(m: Instruments) {
  return {
    'store.committed': (event) => {
      m.relayd_store_commit_seconds.observe(event.tookMs / 1000);
      m.relayd_store_commit_operations.observe(event.operations);
    },
    'store.failed': (event) => {
      const fault = STORE_FAULTS.find((known) => known === event.fault) ?? OTHER;
      m.relayd_store_failures_total.inc({ fault });
    },
    // At start; what it found is in relayd_queue_recipients.
    'queue.recovered': null,
    'queue.flushed': () => m.relayd_queue_flushes_total.inc(),
    // Where the mail is now is in relayd_queue_recipients.
    'queue.rerouted': null,
    'queue.row-quarantined': () => m.relayd_queue_rows_quarantined_total.inc(),
  } satisfies Partial<Folds>;
}
