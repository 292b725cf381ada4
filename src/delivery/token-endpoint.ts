import { Secret } from '../lib/secret.ts';
import type { NetworkFault } from '../relay/outcome.ts';
import { causeOfError } from './fault.ts';

/** What an OAuth 2.0 endpoint answered, or why it could not be asked. */
export type EndpointAnswer =
  | {
      readonly is: 'answer';
      readonly host: string;
      readonly status: number;
      readonly fields: Fields;
    }
  | { readonly is: 'unreachable'; readonly fault: NetworkFault; readonly detail: string };

export type Fields = Readonly<Record<string, unknown>>;

const requestMsMax = 20_000;
const answerBytesMax = 64 * 1024;

/** One form to one endpoint. Never rejects; an abort is `unreachable`. */
export async function askEndpoint(
  url: string,
  form: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<EndpointAnswer> {
  const { host } = new URL(url);
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { accept: 'application/json' },
      body: new URLSearchParams(form),
      // Secrets go to the configured address and to no other.
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(requestMsMax)]),
    });
    const fields = fieldsOf(await bounded(response));
    return { is: 'answer', host, status: response.status, fields };
  } catch (error) {
    return unreachable(host, error);
  }
}

/** `invalid_grant: Token has been revoked.`; null: the answer names no error. */
export function errorIn({ error, error_description: description }: Fields): string | null {
  if (typeof error !== 'string') return null;
  const words = [error, description].filter((text) => typeof text === 'string').join(': ');
  return words.replace(/[\x00-\x1f\x7f-\x9f]+/g, ' ').slice(0, 400);
}

export function asSecret(value: unknown): Secret | null {
  return typeof value === 'string' && value !== '' ? new Secret(value) : null;
}

/** The body; one that is larger than any answer with a token counts as none. */
async function bounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > answerBytesMax) return '';
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function fieldsOf(body: string): Fields {
  try {
    const json: unknown = JSON.parse(body);
    return typeof json === 'object' && json !== null ? (json as Fields) : {};
  } catch {
    // An error page of something on the way: the status is all there is to tell.
    return {};
  }
}

function unreachable(host: string, error: unknown): EndpointAnswer {
  const outer = error instanceof Error ? error : new Error(String(error));
  if (outer.name === 'TimeoutError') {
    const detail = `${host} gave no token within ${requestMsMax / 1000} s`;
    return { is: 'unreachable', fault: 'timeout', detail };
  }
  // fetch wraps what really happened.
  const cause = causeOfError(outer.cause instanceof Error ? outer.cause : outer, 'auth');
  const fault = cause.from === 'network' ? cause.fault : 'other';
  const detail = cause.from === 'network' ? cause.detail : outer.message;
  return { is: 'unreachable', fault, detail: `no token from ${host}: ${detail}` };
}
