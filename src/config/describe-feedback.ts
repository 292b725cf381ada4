import { formatDuration } from '../lib/duration.ts';
import type { FeedbackSettings, SuppressionSettings } from '../relay/settings.ts';
import { formatListenAddress } from './listen-address.ts';

type Shown = Readonly<Record<string, unknown>>;

const SECRET = '[secret]';

/** `feedback:` in the words of relay.yaml, secrets hidden. */
export function describeFeedback(feedback: FeedbackSettings): Shown {
  const { listen, ses, sendgrid, mailgun, postmark, brevo } = feedback;
  return {
    listen: formatListenAddress(listen),
    ...(ses === null ? {} : { ses }),
    ...(sendgrid === null ? {} : { sendgrid: { public_key: sendgrid.publicKey } }),
    ...(mailgun === null ? {} : { mailgun: { signing_key: SECRET } }),
    ...(postmark === null ? {} : { postmark: { username: postmark.username, password: SECRET } }),
    ...(brevo === null ? {} : { brevo: { token: SECRET } }),
  };
}

export function describeSuppression(suppression: SuppressionSettings): Shown {
  const { action, scope, bounceMs, complaintMs } = suppression;
  const lasting = (value: typeof bounceMs) =>
    typeof value === 'number' ? formatDuration(value) : value;
  return { action, scope, bounce: lasting(bounceMs), complaint: lasting(complaintMs) };
}
