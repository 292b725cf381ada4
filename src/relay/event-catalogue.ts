import type { RelayEvent } from './events.ts';

export type EventLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error';

/** Level and meaning of every event; a new event without a line here does not compile. */
export const EVENTS = {
  'daemon.started': { level: 'info', help: 'The daemon listens and the queue is open.' },
  'daemon.stopping': {
    level: 'info',
    help: 'A signal came; sessions and attempts are being drained.',
  },
  'daemon.stopped': {
    level: 'info',
    help: 'Everything is closed; aborted counts attempts cut off, which stay queued.',
  },
  'daemon.failed': {
    level: 'error',
    help: 'A part of the daemon died; the process exits and the queue stays.',
  },
  'supervisor.unreachable': {
    level: 'warn',
    help: 'systemd could not be told how the daemon is; it may restart a daemon that works.',
  },
  'config.reloaded': { level: 'info', help: 'A new configuration is in force.' },
  'config.refused': {
    level: 'error',
    help: 'A reload found errors; the running configuration stays in force.',
  },
  'config.warning': {
    level: 'warn',
    help: 'The configuration is usable but something in it deserves a look.',
  },
  'listener.opened': { level: 'info', help: 'A submission listener accepts connections.' },
  'session.refused': { level: 'warn', help: 'A client session was refused or ended by a limit.' },
  'login.failed': { level: 'warn', help: 'A client gave wrong credentials.' },
  'message.refused': {
    level: 'warn',
    help: 'A message was refused in the SMTP dialogue; the client was told.',
  },
  'message.accepted': {
    level: 'info',
    help: 'A message is durable in the queue and the client has its 250.',
  },
  'recipient.settled': {
    level: 'info',
    help: 'An attempt, or an operator, decided something for one recipient.',
  },
  'message.completed': { level: 'info', help: 'No recipient of the message is left in the queue.' },
  'attempt.finished': {
    level: 'debug',
    help: 'One transaction with an upstream ended; phase is where it stopped, null at success.',
  },
  'account.held': {
    level: 'error',
    help: 'An account is stopped until someone acts; its mail waits.',
  },
  'account.paused': {
    level: 'warn',
    help: 'An account is stopped until a time; its mail waits and uses up no attempt.',
  },
  'account.slowed': {
    level: 'info',
    help: 'An upstream said "too fast": its account sends less and finds out what is allowed.',
  },
  'account.resumed': { level: 'info', help: 'An account works again.' },
  'sender.held': {
    level: 'error',
    help: 'An account may not send as a sender; that mail is held until someone acts.',
  },
  'sender.released': {
    level: 'info',
    help: 'A sender that was held for an account is tried again.',
  },
  'failover.used': {
    level: 'warn',
    help: 'An account has not worked for failover.after; the next of the route takes its mail.',
  },
  'failover.ended': { level: 'info', help: 'An account takes its mail again.' },
  'account.misrouted': {
    level: 'error',
    help: 'A session was authenticated as somebody else than its account; nothing was sent on it.',
  },
  'account.logged-in': {
    level: 'info',
    help: 'An operator logged an account in with relayctl account login.',
  },
  'credential.switched': {
    level: 'info',
    help: 'An upstream accepted next_password; the account logs in with it from now on.',
  },
  'credential.fell-back': {
    level: 'warn',
    help: 'The password in use was refused; the account goes on with its other one.',
  },
  'credential.refused': {
    level: 'warn',
    help: 'An upstream refused next_password; said once. The account works as before.',
  },
  'connection.opened': {
    level: 'debug',
    help: 'A connection to an upstream is ready and authenticated.',
  },
  'connection.closed': { level: 'debug', help: 'A connection to an upstream ended.' },
  'tls.exception-used': {
    level: 'warn',
    help: 'A certificate fault was tolerated because of a time-boxed exception.',
  },
  'tls.exception-ending': {
    level: 'warn',
    help: 'A certificate exception ends in 14, 7 or 1 days, or has ended (daysLeft 0).',
  },
  'certificate.expiring': {
    level: 'warn',
    help: "An upstream's certificate, as last seen, ends in 21, 7 or 1 days; said once each.",
  },
  'certificate.changed': {
    level: 'warn',
    help: 'An upstream showed a key that was never seen there; pins of it have to be changed.',
  },
  'queue.recovered': { level: 'info', help: 'Leases of earlier runs were ended at start.' },
  'queue.flushed': { level: 'info', help: 'An operator flushed the queue.' },
  'queue.rerouted': { level: 'info', help: 'An operator sent queued mail another way.' },
  'feedback.received': {
    level: 'info',
    help: 'A provider said later what became of a message; without an id nobody here knows it.',
  },
  'feedback.refused': {
    level: 'warn',
    help: 'A post to the feedback listener was refused: not from the provider, or not for now.',
  },
  'feedback.subscription': {
    level: 'warn',
    help: 'Amazon SNS asked whether a listed topic may post here; confirmed says whether it worked.',
  },
  'suppression.changed': { level: 'info', help: 'An operator changed the suppression list.' },
  'relay.paused': {
    level: 'warn',
    help: 'An operator paused all delivery, or it still is at start; mail is taken and waits.',
  },
  'relay.resumed': { level: 'warn', help: 'Delivery goes on after a pause of the whole relay.' },
  'relay.draining': {
    level: 'warn',
    help: 'An operator has the relay take no more mail; what is in the queue still goes.',
  },
  'relay.undrained': { level: 'warn', help: 'Mail is taken again after a drain.' },
  'hold.added': { level: 'info', help: 'An operator made a hold rule for mail to come.' },
  'hold.ended': { level: 'info', help: 'A hold rule ended; recipients counts those released.' },
  'log.level-changed': {
    level: 'warn',
    help: 'relayctl loglevel changed the level of the log, or its time was over.',
  },
  'queue.row-quarantined': {
    level: 'error',
    help: 'A stored row could not be read and was set aside.',
  },
  'store.committed': { level: 'trace', help: 'One group commit.' },
  'store.failed': {
    level: 'error',
    help: 'The storage could not commit; clients got 4xx, nothing was lost.',
  },
  'tracing.failed': {
    level: 'warn',
    help: 'Spans did not reach observe.tracing.endpoint and are lost; said every 10 minutes at most.',
  },
  'log.not-reopened': {
    level: 'error',
    help: "The log's file could not be opened anew; lines still go to the old one.",
  },
  'clock.jumped': { level: 'warn', help: 'The wall clock went back; due times were brought near.' },
  'relay.stalled': {
    level: 'error',
    help: 'Mail is due and nothing was delivered for notifications.stalled_after; said once.',
  },
  'relay.moving': { level: 'info', help: 'What was stalled is no longer.' },
  'quota.exhausted': {
    level: 'warn',
    help: 'An hour, a day or longer of limits.rate is used up; its mail waits. Said once.',
  },
  'disk.low': {
    level: 'error',
    help: 'Less than twice limits.disk_free is left where the queue is; said once.',
  },
  'disk.enough': { level: 'info', help: 'There is room again where the queue is.' },
  'alert.sent': { level: 'info', help: 'A webhook or a command was told of events.' },
  'alert.failed': {
    level: 'warn',
    help: 'A webhook or a command could not be told; nextAtMs null: it is given up.',
  },
  'alert.not-kept': {
    level: 'error',
    help: 'Alerts that wait could not be written down or read; a restart may lose them.',
  },
  'heartbeat.sent': { level: 'debug', help: 'A sign of life was given.' },
  'heartbeat.failed': { level: 'warn', help: 'The address of the heartbeat did not answer well.' },
  'heartbeat.withheld': {
    level: 'warn',
    help: 'No sign of life is given: mail waits and none is delivered. Said once.',
  },
  'summary.failed': { level: 'warn', help: 'The daily summary could not be put into the queue.' },
  'control.called': { level: 'debug', help: 'A relayctl request was answered.' },
} as const satisfies Record<RelayEvent['is'], { level: EventLevel; help: string }>;
