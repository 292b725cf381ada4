import { createPublicKey } from 'node:crypto';
import type {
  FeedbackSettings,
  ListenAddress,
  ListenerSettings,
  Settings,
} from '../../relay/settings.ts';
import { formatListenAddress, isLocalListener, overlap } from '../listen-address.ts';
import type { RelayConfig } from '../schema/relay.ts';
import { absolute, type BuildContext, secretOrNull } from './context.ts';
import { checkSocketPath } from './operate.ts';

/** `feedback:`; null: nothing listens. */
export async function buildFeedback(
  { feedback }: RelayConfig,
  listeners: readonly ListenerSettings[],
  context: BuildContext,
): Promise<FeedbackSettings | null> {
  const { ses, sendgrid, mailgun, postmark, brevo } = feedback;
  const secretAt = (keys: readonly string[], reference: Parameters<typeof secretOrNull>[0]) =>
    secretOrNull(reference, ['feedback', ...keys], context);
  const signingKey = await secretAt(['mailgun', 'signing_key'], mailgun?.signing_key);
  const password = await secretAt(['postmark', 'password'], postmark?.password);
  const token = await secretAt(['brevo', 'token'], brevo?.token);
  const publicKey = sendgrid === undefined ? null : readPublicKey(sendgrid.public_key, context);
  const providers = [ses, sendgrid, mailgun, postmark, brevo].filter((one) => one !== undefined);
  const given = feedback.listen;
  if (given === null) {
    if (providers.length > 0) {
      context.report.warn(['feedback'], 'names providers, but feedback.listen is off', 'key');
    }
    return null;
  }
  if (providers.length === 0) {
    context.report.error(['feedback', 'listen'], 'without a provider there is nothing to take');
  }
  const listen = given.is === 'unix' ? { ...given, path: absolute(given.path, context) } : given;
  checkListen(listen, listeners, context);
  return {
    listen,
    ses: ses ?? null,
    sendgrid: publicKey === null ? null : { publicKey },
    mailgun: signingKey === null ? null : { signingKey },
    postmark: postmark && password ? { username: postmark.username, password } : null,
    brevo: token === null ? null : { token },
  };
}

function checkListen(
  listen: ListenAddress,
  listeners: readonly ListenerSettings[],
  { report }: BuildContext,
): void {
  const path = ['feedback', 'listen'];
  if (listen.is === 'unix') checkSocketPath(listen.path, path, { report });
  if (!isLocalListener(listen)) {
    const text = 'posts reach this address without TLS; listen on 127.0.0.1 behind a web server';
    report.warn(path, text);
  }
  const taken = listeners.find((one) => overlap(one.listen, listen));
  if (taken === undefined) return;
  report.error(path, `the same address as the listener on ${formatListenAddress(taken.listen)}`);
}

/** DER in base64 as SendGrid shows it, or PEM; null after a report. */
function readPublicKey(text: string, { report }: BuildContext): string | null {
  const path = ['feedback', 'sendgrid', 'public_key'];
  const pem = text.includes('-----BEGIN')
    ? text
    : `-----BEGIN PUBLIC KEY-----\n${text.replace(/\s/g, '')}\n-----END PUBLIC KEY-----\n`;
  try {
    const { asymmetricKeyType, asymmetricKeyDetails } = createPublicKey(pem);
    const curve = asymmetricKeyDetails?.namedCurve;
    if (asymmetricKeyType === 'ec' && curve === 'prime256v1') return pem;
  } catch {
    // Whatever is wrong with it, it is none.
  }
  report.error(path, 'is no public key of SendGrid (ECDSA on P-256, in base64)');
  return null;
}

/** `suppression:` */
export function buildSuppression({ suppression }: RelayConfig): Settings['suppression'] {
  const { action, scope, bounce, complaint } = suppression;
  return { action, scope, bounceMs: bounce, complaintMs: complaint };
}
