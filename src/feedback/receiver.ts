import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { formatListenAddress } from '../config/listen-address.ts';
import type { FeedbackRefusal } from '../relay/feedback.ts';
import { StoreError } from '../relay/ports.ts';
import type { ListenAddress } from '../relay/settings.ts';
import { type HearDeps, type Heard, hear } from './hear.ts';
import { type IntakeDeps, take } from './intake.ts';
import { postRate } from './rate.ts';
import { refused, type Said } from './said.ts';
import type { SnsServer } from './sns-server.ts';

const bodyMsMax = 10_000;
const headerBytesMax = 16 * 1024;
const connectionsMax = 32;
const lingerMs = 1_000;
const posts = { burst: 200, perSecond: 50 };
/** How often it is told that there are more posts than that. */
const told = { burst: 1, perSecond: 0.1 };

export interface ReceiverDeps extends IntakeDeps {
  readonly sns: SnsServer;
  /** Binds the server. Gives the address with its real port. */
  readonly bind: (server: Server, listen: ListenAddress) => Promise<ListenAddress>;
  /** How long a body may take; default: 10 s. */
  readonly bodyMsMax?: number;
  /** How many posts are heard at once, and then; default: 200, and 50 a second. */
  readonly posts?: { readonly burst: number; readonly perSecond: number };
}

export interface Receiver {
  readonly listen: string;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** What a provider reads that is who it says it is. */
const STATUS: Readonly<Record<FeedbackRefusal, number>> = {
  path: 403,
  credentials: 403,
  signature: 403,
  // SNS repeats a post only after 5xx: it must not be lost because its key cannot be had now.
  unproven: 503,
  stale: 403,
  replay: 409,
  malformed: 400,
  type: 415,
  size: 413,
  slow: 408,
  rate: 429,
};

/**
 * Takes the posts of providers under /feedback/NAME. Whoever cannot show to be that provider reads
 * 403, whatever else may be wrong; 503 where the proof cannot be looked at now.
 */
export async function openReceiver(listen: ListenAddress, given: ReceiverDeps): Promise<Receiver> {
  const deps = { bodyMsMax, posts, ...given };
  const mayPost = postRate(deps.posts, deps.clock);
  const mayTell = postRate(told, deps.clock);
  const server = createServer(
    { maxHeaderSize: headerBytesMax, headersTimeout: bodyMsMax, requestTimeout: 2 * bodyMsMax },
    (request, response) => {
      const remote = request.socket.remoteAddress ?? 'local';
      const answer = mayPost() ? answerTo(deps, request) : tooMany(deps, remote, mayTell());
      void answer.then((one) => send(request, response, one));
    },
  );
  server.maxConnections = connectionsMax;
  const bound = await deps.bind(server, listen);
  return { listen: formatListenAddress(bound), close: () => closeServer(server) };
}

type Deps = ReceiverDeps & HearDeps;
type Told = Pick<Required<ReceiverDeps>, 'emit' | 'posts'>;

async function answerTo(deps: Deps, request: IncomingMessage): Promise<Answer> {
  const remote = request.socket.remoteAddress ?? 'local';
  try {
    const heard = await hear(deps, request);
    const { provider, said } = heard;
    if (said.is === 'refused' || provider === null) return refuse(deps, heard, remote);
    if (said.is === 'subscription') return await confirm(deps, said);
    if (await take(deps, { provider, ...said })) return { status: 200, text: 'taken' };
    return refuse(deps, { ...heard, said: refused('replay', 'it came before') }, remote);
  } catch (error) {
    if (error instanceof StoreError) return { status: 503, text: 'try again later' };
    // Providers repeat a post: one that we stumble over must not end the relay again and again.
    const detail = `a fault of relayd: ${String(error)}`;
    deps.emit({ is: 'feedback.refused', provider: null, reason: 'malformed', remote, detail });
    return { status: 500, text: 'fault' };
  }
}

function refuse({ emit }: Deps, { provider, said, known }: Heard, remote: string): Answer {
  if (said.is !== 'refused') return { status: 403, text: 'forbidden' };
  const { why, detail } = said;
  emit({ is: 'feedback.refused', provider, reason: why, remote, detail });
  if (known || why === 'unproven') return { status: STATUS[why], text: why };
  return { status: 403, text: 'forbidden' };
}

async function tooMany(
  { emit, posts: { perSecond } }: Told,
  remote: string,
  tell: boolean,
): Promise<Answer> {
  const detail = `more than ${perSecond} posts a second`;
  if (tell) emit({ is: 'feedback.refused', provider: null, reason: 'rate', remote, detail });
  return { status: STATUS.rate, text: 'later' };
}

async function confirm(
  { sns, emit }: Deps,
  { topic, url }: Extract<Said, { is: 'subscription' }>,
): Promise<Answer> {
  const confirmed = await sns.confirm(url);
  emit({ is: 'feedback.subscription', topic, confirmed });
  return confirmed ? { status: 200, text: 'confirmed' } : { status: 502, text: 'not confirmed' };
}

/**
 * Who still sends is let talk for a moment, so that he reads the answer; then the connection ends,
 * whatever else was to come.
 */
function send(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  const { status, text } = answer;
  if (!request.complete) {
    const linger = setTimeout(() => request.destroy(), lingerMs);
    request.once('close', () => clearTimeout(linger)).resume();
  }

  response.writeHead(status, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Cache-Control': 'no-store',
    // Closed at once, a connection that still carries the post would take the answer along.
    ...(status >= 400 && request.complete && { Connection: 'close' }),
  });
  response.end(`${text}\n`);
}

async function closeServer(server: Server): Promise<void> {
  const closed = Promise.withResolvers<void>();
  server.close(() => closed.resolve());
  server.closeAllConnections();
  await closed.promise;
}
