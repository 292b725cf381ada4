import type { IncomingMessage } from 'node:http';
import { FEEDBACK_PROVIDERS, type FeedbackProvider } from '../relay/feedback.ts';
import type { Clock } from '../relay/ports.ts';
import type { FeedbackSettings, Settings } from '../relay/settings.ts';
import { mayPostBrevo, readBrevo } from './brevo.ts';
import { readMailgun } from './mailgun.ts';
import { mayPostPostmark, readPostmark } from './postmark.ts';
import { readBody } from './read-body.ts';
import { oneLine, type Post, refused, type Said } from './said.ts';
import { readSendgrid } from './sendgrid.ts';
import { readSes } from './ses.ts';
import type { SnsServer } from './sns-server.ts';

export interface HearDeps {
  readonly settings: () => Settings;
  readonly clock: Clock;
  readonly sns: SnsServer;
  /** How long a body may take. */
  readonly bodyMsMax: number;
}

/** SendGrid gathers events up to three quarters of a megabyte; the others send less. */
const bodyBytesMax = 1024 * 1024;

/** What was heard, and whether it is certain who spoke. */
export interface Heard {
  readonly provider: FeedbackProvider | null;
  readonly said: Said;
  readonly known: boolean;
}

/** Who it is comes before what it says: a stranger learns nothing of how posts are looked at. */
export async function hear(deps: HearDeps, request: IncomingMessage): Promise<Heard> {
  const feedback = deps.settings().feedback;
  const provider = providerOf(request);
  if (provider === null || !feedback?.[provider]) {
    const asked = oneLine(request.method ?? '', request.url ?? '');
    return { provider, said: refused('path', asked), known: false };
  }
  const early = isKnown(provider, feedback, request);
  if (early === false) {
    const said = refused('credentials', 'the Authorization field is not the one of relay.yaml');
    return { provider, said, known: false };
  }
  const body = await readBody(request, { bytesMax: bodyBytesMax, msMax: deps.bodyMsMax });
  if (!Buffer.isBuffer(body)) {
    const detail = body === 'size' ? `more than ${bodyBytesMax} bytes` : 'its end did not come';
    return { provider, said: refused(body, detail), known: early === true };
  }
  const post = { headers: request.headers, body, nowMs: deps.clock() };
  const said = await read(deps, feedback, { provider, post });
  if (said.is === 'refused') return { provider, said, known: early === true };
  if (request.method !== 'POST') {
    return { provider, said: refused('malformed', 'it is no POST'), known: true };
  }
  if (isJson(provider, request)) return { provider, said, known: true };
  return { provider, said: refused('type', 'it is no application/json'), known: true };
}

function providerOf({ url = '' }: IncomingMessage): FeedbackProvider | null {
  const [, name] = /^\/feedback\/([a-z]+)(?:\?|$)/.exec(url) ?? [];
  return FEEDBACK_PROVIDERS.find((known) => known === name) ?? null;
}

/** Null: only the body shows it. */
function isKnown(
  provider: FeedbackProvider,
  { postmark, brevo }: FeedbackSettings,
  { headers }: IncomingMessage,
): boolean | null {
  if (provider === 'postmark') return postmark !== null && mayPostPostmark(headers, postmark);
  if (provider === 'brevo') return brevo !== null && mayPostBrevo(headers, brevo);
  return null;
}

async function read(
  { sns }: HearDeps,
  { ses, sendgrid, mailgun }: FeedbackSettings,
  { provider, post }: { readonly provider: FeedbackProvider; readonly post: Post },
): Promise<Said> {
  if (provider === 'ses' && ses !== null) return await readSes(post, ses, sns.keyAt);
  if (provider === 'sendgrid' && sendgrid !== null) return readSendgrid(post, sendgrid);
  if (provider === 'mailgun' && mailgun !== null) return readMailgun(post, mailgun);
  return provider === 'postmark' ? readPostmark(post) : readBrevo(post);
}

/** SNS calls its JSON text/plain. */
function isJson(provider: FeedbackProvider, { headers }: IncomingMessage): boolean {
  const type = (headers['content-type'] ?? '').toLowerCase();
  return /^application\/json\b/.test(type) || (provider === 'ses' && /^text\/plain\b/.test(type));
}
