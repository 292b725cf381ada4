import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { getCACertificates } from 'node:tls';
import type { Secret } from '../lib/secret.ts';

interface Request {
  readonly url: Secret;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  readonly timeoutMs: number;
  /** Ends it at once. */
  readonly cut: AbortSignal;
}

export type Answer =
  | {
      readonly is: 'answer';
      readonly status: number;
      /** The field Retry-After as it came; null: there is none. */
      readonly retryAfter: string | null;
      readonly detail: string;
    }
  | { readonly is: 'unreachable'; readonly detail: string };

/**
 * One request, on a connection of its own. Only status and Retry-After count: the body is not read, and a
 * redirection is not followed. Never rejects; `detail` names the host and nothing else of the URL.
 */
export function send(request: Request): Promise<Answer> {
  const url = new URL(request.url.reveal());
  const { host } = url;
  return new Promise((resolve) => {
    const signal = AbortSignal.any([request.cut, AbortSignal.timeout(request.timeoutMs)]);
    let outgoing: ClientRequest;
    const done = (answer: Answer): void => {
      outgoing.destroy();
      resolve(answer);
    };
    const onAnswer = ({ statusCode: status = 0, headers: fields }: IncomingMessage): void => {
      const retryAfter = fields['retry-after'] ?? null;
      done({ is: 'answer', status, retryAfter, detail: `${host} answered ${status}` });
    };
    const { method, headers, body } = request;
    const options = { method, headers, signal, agent: false };
    outgoing =
      url.protocol === 'https:'
        ? httpsRequest(url, { ...options, ca: anchors() }, onAnswer)
        : httpRequest(url, options, onAnswer);
    outgoing.on('error', (error) => {
      const late = signal.aborted && !request.cut.aborted;
      const why = late ? `no answer within ${request.timeoutMs / 1000} s` : error.message;
      done({ is: 'unreachable', detail: `${host}: ${why}` });
    });
    outgoing.end(body ?? undefined);
  });
}

let known: string[] | null = null;

/** Node's own list, and what the machine's administrator added to the system's. */
function anchors(): string[] {
  known ??= [...new Set([...getCACertificates('default'), ...getCACertificates('system')])];
  return known;
}
