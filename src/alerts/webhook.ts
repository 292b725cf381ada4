import { createHmac } from 'node:crypto';
import type { Secret } from '../lib/secret.ts';
import { packageVersion } from '../lib/version.ts';
import { retryAfterMs, signedText, verdictOn } from '../policy/alert-payload.ts';
import type { AlertDestination, AlertOutcome } from '../relay/alert.ts';
import { send } from './request.ts';

export interface Telling {
  readonly id: string;
  /** The alert as JSON. */
  readonly body: string;
  readonly nowMs: number;
  /** The relay stops: no more waiting. */
  readonly cut: AbortSignal;
}

const timeoutMs = 10_000;

/** Posts an alert. Never rejects. */
export async function postWebhook(
  { url, secret }: AlertDestination & { is: 'webhook' },
  { id, body, nowMs, cut }: Telling,
): Promise<AlertOutcome> {
  const headers = {
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    'user-agent': `relayd/${packageVersion()}`,
    'x-relayd-alert': id,
    ...(secret === null ? {} : { 'x-relayd-signature': signature(secret, body, nowMs) }),
  };
  const answer = await send({ url, method: 'POST', headers, body, timeoutMs, cut });
  const { detail } = answer;
  if (answer.is === 'unreachable') return { is: 'retry', detail };
  const is = verdictOn(answer.status);
  if (is !== 'retry') return { is, detail };
  return { is, detail, notBeforeMs: retryAfterMs(answer.retryAfter, nowMs) };
}

/** `t=1795000000,v1=...`: the time is signed too, so that an old request cannot be sent again. */
function signature(secret: Secret, body: string, nowMs: number): string {
  const seconds = Math.floor(nowMs / 1000);
  const text = signedText(seconds, body);
  const mac = createHmac('sha256', secret.reveal()).update(text).digest('hex');
  return `t=${seconds},v1=${mac}`;
}
