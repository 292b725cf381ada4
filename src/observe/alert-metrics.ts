const DESTINATION = { destination: 'destinations' } as const;

/** How telling somebody goes, and what the relay notices of itself. */
export const ALERT_METRICS = {
  relayd_alerts_sent_total: {
    type: 'counter',
    help: 'Alerts that a webhook or a command took.',
    labels: DESTINATION,
  },
  relayd_alerts_failed_total: {
    type: 'counter',
    help: 'Tries to tell a webhook or a command that failed; given-up: there will be no other.',
    labels: { ...DESTINATION, result: ['retried', 'given-up'] },
  },
  relayd_alerts_waiting_events: {
    type: 'gauge',
    help: 'Events that a webhook or a command has not been told of yet.',
    labels: DESTINATION,
  },
  relayd_heartbeats_total: {
    type: 'counter',
    help: 'Signs of life that were given, and those whose address did not answer well.',
    labels: { result: ['sent', 'failed'] },
  },
  relayd_stalls_total: {
    type: 'counter',
    help: 'Times that mail was due and nothing was delivered; none: by no account at all.',
    labels: { account: 'accounts' },
  },
} as const;
