import { FEEDBACK_KINDS, FEEDBACK_PROVIDERS, FEEDBACK_REFUSALS } from '../relay/feedback.ts';
import { NONE } from './metric-labels.ts';

/** Metrics of what providers say later. */
export const FEEDBACK_METRICS = {
  relayd_feedback_received_total: {
    type: 'counter',
    help: 'What providers said later of mail that an account delivered, by recipient.',
    labels: { account: 'accounts', kind: FEEDBACK_KINDS },
  },
  relayd_feedback_unknown_total: {
    type: 'counter',
    help: 'What providers said of messages that nobody here knows.',
    labels: { provider: FEEDBACK_PROVIDERS },
  },
  relayd_feedback_refused_total: {
    type: 'counter',
    help: 'Posts to the feedback listener that were refused; none: for no provider.',
    labels: { provider: [...FEEDBACK_PROVIDERS, NONE], why: FEEDBACK_REFUSALS },
  },
  relayd_suppressed_addresses: {
    type: 'gauge',
    help: 'Addresses on the suppression list, for one account or for all.',
  },
} as const;
