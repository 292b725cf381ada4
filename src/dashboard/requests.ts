import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { type Html, render } from './html.ts';

/** What the dashboard answers. */
export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A form of ours has a token or a reason in it. */
const formBytesMax = 16 * 1024;

/** Nothing from elsewhere, nothing inline, nobody's frame. */
const GUARDS: Readonly<Record<string, string>> = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  // With no-referrer a browser would hide the origin of our own forms, too.
  'Referrer-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

export function htmlAnswer(status: number, page: Html): Answer {
  return { status, type: 'text/html; charset=utf-8', body: render(page) };
}

export function textAnswer(status: number, text: string): Answer {
  return { status, type: 'text/plain; charset=utf-8', body: `${text}\n` };
}

export function jsonAnswer(value: unknown): Answer {
  return { status: 200, type: 'application/json', body: JSON.stringify(value) };
}

export function redirect(to: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return { ...textAnswer(303, `see ${to}`), headers: { Location: to, ...headers } };
}

export function send(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  response.writeHead(answer.status, {
    'Content-Type': answer.type,
    'Content-Length': Buffer.byteLength(answer.body),
    'Cache-Control': 'no-store',
    ...GUARDS,
    // No body of whoever is refused is read.
    ...(answer.status >= 400 && { Connection: 'close' }),
    ...answer.headers,
  });
  response.end(request.method === 'HEAD' ? undefined : answer.body);
}

/** Begins an answer that does not end. */
export function beginEvents(response: ServerResponse): void {
  response.writeHead(200, {
    'Content-Type': 'text/event-stream',
    'Cache-Control': 'no-store',
    // nginx would keep events back.
    'X-Accel-Buffering': 'no',
    ...GUARDS,
  });
}

/**
 * Whether a form was submitted by a page of ours. Browsers say where a POST comes from in Origin;
 * newer ones in Sec-Fetch-Site, too, which no page can forge. A program that says neither is no
 * browser and has no cookie of one.
 */
export function isSameOrigin(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin') return false;
  const { origin, host } = headers;
  if (origin === undefined || host === undefined) return false;
  return URL.canParse(origin) && URL.canParse(`http://${host}`)
    ? withPort(new URL(origin)) === withPort(new URL(`${new URL(origin).protocol}//${host}`))
    : false;
}

const withPort = ({ protocol, hostname, port }: URL): string => `${protocol}//${hostname}:${port}`;

/** The fields of a form; a status when there is none that can be read. */
export async function readForm(request: IncomingMessage): Promise<URLSearchParams | 413 | 415> {
  const type = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if (type !== 'application/x-www-form-urlencoded') return 415;
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > formBytesMax) return 413;
    chunks.push(chunk);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}
