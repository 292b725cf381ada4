import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { formatListenAddress } from '../config/listen-address.ts';
import type { Secret } from '../lib/secret.ts';
import type { ListenAddress } from '../relay/settings.ts';
import { hostCheck, tokenCheck } from './http-guard.ts';
import { listenOn } from './http-listen.ts';

/** A scraper sends a few hundred bytes; whoever sends more is somebody else. */
const headerBytesMax = 8 * 1024;
const headersMsMax = 5_000;
const requestMsMax = 10_000;
/** Longer than the usual scrape interval, so that a scraper keeps its connection. */
const keepAliveMs = 75_000;
const connectionsMax = 64;
/** A part of the relay that does not answer for this long is not ready. */
const readyMsMax = 2_000;

export interface ObserveOptions {
  readonly listen: ListenAddress;
  readonly token: Secret | null;
  /** `hostname:` of relay.yaml, a name the Host field may carry besides the loopback's. */
  readonly hostname: string;
  readonly metrics: { readonly contentType: string; render(): Promise<string> };
  /** What is not ready, in words; empty: mail is taken. A rejection is one more thing not ready. */
  readonly notReady: () => Promise<readonly string[]>;
  /** Answers whatever the three paths do not; it does its own login. Null: there is nothing else. */
  readonly site?: Site | null;
  /** File descriptor of a socket that systemd passed under this name. */
  readonly inherited?: (name: string) => number | null;
}

/** What people see, under the same address. Never rejects, and answers every request. */
export interface Site {
  answer(request: IncomingMessage, response: ServerResponse): Promise<void>;
  close(): void;
}

export interface Observe {
  /** Where it listens; the port is the real one when 0 was asked for. */
  readonly listen: string;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly type?: string;
  readonly text: string;
  readonly headers?: Readonly<Record<string, string>>;
}

type Page = () => Promise<Answer>;

/**
 * /metrics, /healthz and /readyz over plain HTTP, and beside them a site for people. Says nothing in
 * the log: a probe comes every few seconds. Rejects with ObserveError when the address cannot be had.
 */
export async function openObserve(options: ObserveOptions): Promise<Observe> {
  const pages = pagesOf(options);
  const allowedHost = hostCheck(options.listen, options.hostname);
  const allowedToken = tokenCheck(options.token);
  const server = createServer(
    {
      maxHeaderSize: headerBytesMax,
      headersTimeout: headersMsMax,
      requestTimeout: requestMsMax,
      keepAliveTimeout: keepAliveMs,
    },
    (request, response) => void serve(request, response),
  );
  server.maxConnections = connectionsMax;

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (!allowedHost(request.headers.host)) {
      const answer = refuse(403, 'the Host field names something else than this relay');
      return send(request, response, answer);
    }
    const { site = null } = options;
    if (site !== null && !pages.has(pathOf(request))) return site.answer(request, response);
    send(request, response, await answerFor(request));
  };
  const answerFor = async (request: IncomingMessage): Promise<Answer> => {
    if (!allowedToken(request.headers.authorization)) {
      const headers = { 'WWW-Authenticate': 'Bearer realm="relayd"' };
      return { ...refuse(401, 'a bearer token is needed (observe.token)'), headers };
    }
    const page = pages.get(pathOf(request));
    if (page === undefined) return refuse(404, `there is: ${[...pages.keys()].join(' ')}`);
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return { ...refuse(405, 'only GET and HEAD'), headers: { Allow: 'GET, HEAD' } };
    }
    return page();
  };

  const close = async (): Promise<void> => {
    options.site?.close();
    await closeServer(server);
  };

  const listen = await listenOn(server, options.listen, options.inherited ?? (() => null));
  return { listen: formatListenAddress(listen), close };
}

function pagesOf(options: ObserveOptions): ReadonlyMap<string, Page> {
  return new Map<string, Page>([
    [
      '/metrics',
      async () => ({
        status: 200,
        type: options.metrics.contentType,
        text: await options.metrics.render(),
      }),
    ],
    // That there is an answer is the whole proof: the event loop turns.
    ['/healthz', async () => ({ status: 200, text: 'alive\n' })],
    [
      '/readyz',
      async () => {
        const missing = await notReadyWithin(options.notReady);
        if (missing.length === 0) return { status: 200, text: 'ready\n' };
        return { status: 503, text: missing.map((what) => `not ready: ${what}\n`).join('') };
      },
    ],
  ]);
}

async function notReadyWithin(ask: () => Promise<readonly string[]>): Promise<readonly string[]> {
  const late = Promise.withResolvers<readonly string[]>();
  const timer = setTimeout(late.resolve, readyMsMax, [`no answer within ${readyMsMax} ms`]);
  const asked = ask().catch((error: unknown) => [String(error)]);
  const missing = await Promise.race([asked, late.promise]);
  clearTimeout(timer);
  return missing;
}

function pathOf({ url = '/' }: IncomingMessage): string {
  return url.split('?', 1)[0] ?? '/';
}

function refuse(status: number, text: string): Answer {
  return { status, text: `${text}\n` };
}

function send(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  response.writeHead(answer.status, {
    'Content-Type': answer.type ?? 'text/plain; charset=utf-8',
    'Content-Length': Buffer.byteLength(answer.text),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    // Whoever was refused gets no second request on the same connection, and no body of his is
    // read.
    ...(answer.status >= 400 && answer.status < 500 && { Connection: 'close' }),
    ...answer.headers,
  });
  response.end(request.method === 'HEAD' ? undefined : answer.text);
}

async function closeServer(server: Server): Promise<void> {
  const closed = Promise.withResolvers<void>();
  server.close(() => closed.resolve());
  server.closeAllConnections();
  await closed.promise;
}
