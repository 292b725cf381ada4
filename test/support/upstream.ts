import { once } from 'node:events';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { createSecureContext, createServer as createTlsServer, type SecureVersion } from 'node:tls';
import { type Ca, makeCa, makeCertificate, type Pair } from './certificates.ts';
import { type Action, makeScript, type Rule, type Situation } from './upstream-rules.ts';
import { type Host, type ReceivedMessage, serve } from './upstream-session.ts';

export interface UpstreamOptions {
  readonly name?: string;
  readonly port?: number;
  /** Default 127.0.0.1. */
  readonly address?: string;
  readonly tls?: 'none' | 'starttls' | 'implicit';
  /** Default: a certificate for localhost and 127.0.0.1 by a new CA. */
  readonly pair?: Pair;
  readonly maxVersion?: SecureVersion;
  /** Username to password, or to its access token with XOAUTH2; default none: no AUTH. */
  readonly accounts?: Readonly<Record<string, string>>;
  readonly mechanisms?: readonly string[];
  /** EHLO keywords besides STARTTLS and AUTH; default: all that relayd can make use of. */
  readonly extensions?: readonly string[];
  readonly rules?: readonly Rule[];
  /** Default true. False where many messages come and only their hashes matter. */
  readonly keepBodies?: boolean;
  /** Keeps what it has received in `messages`; default true. */
  readonly keepMessages?: boolean;
  readonly onMessage?: (message: ReceivedMessage) => void;
  /** What it does of itself where no rule says otherwise; null: the usual. */
  readonly behave?: (situation: Situation) => Action | null;
  readonly onSessionEnd?: (session: number) => void;
}

/** An SMTP server that keeps what it gets and misbehaves as it is told. */
export interface Upstream {
  readonly port: number;
  /** PEM of the CA that signed its certificate; null when the pair was given. */
  readonly ca: string | null;
  readonly pair: Pair;
  /** Every message whose final dot was seen, also those refused or never answered. */
  readonly messages: readonly ReceivedMessage[];
  /** Connections ever made, and those open now. */
  readonly sessions: { readonly total: number; readonly open: number };
  script(rules: readonly Rule[]): void;
  /** From the next login on. */
  setPassword(username: string, password: string): void;
  /** Sessions that a rule keeps waiting now. */
  readonly stalled: () => number;
  /** Lets all stalled sessions go on. */
  release(): void;
  /** Resolves when so many messages were answered with 2xx; rejects after `withinMs` (default 15 s). */
  taken(count: number, withinMs?: number): Promise<readonly ReceivedMessage[]>;
  close(): Promise<void>;
}

const allExtensions = [
  'PIPELINING',
  'SIZE 52428800',
  '8BITMIME',
  'SMTPUTF8',
  'ENHANCEDSTATUSCODES',
  'DSN',
];

export async function startUpstream(options: UpstreamOptions = {}): Promise<Upstream> {
  const tls = options.tls ?? 'starttls';
  const ca = options.pair === undefined && tls !== 'none' ? await makeCa() : null;
  const pair = options.pair ?? (await ownPair(ca));
  const script = makeScript(options.rules ?? []);
  const messages: ReceivedMessage[] = [];
  const stalled = makeGate();
  const arrivals = makeGate();
  const tlsOptions = {
    ...(pair.certificate === '' ? {} : { cert: pair.certificate, key: pair.key }),
    ...(options.maxVersion === undefined ? {} : { maxVersion: options.maxVersion }),
  };
  const host: Host = {
    name: options.name ?? 'upstream.test',
    tls,
    context: createSecureContext(tlsOptions),
    accounts: new Map(Object.entries(options.accounts ?? {})),
    mechanisms: options.mechanisms ?? ['PLAIN', 'LOGIN'],
    extensions: options.extensions ?? allExtensions,
    keepBodies: options.keepBodies ?? true,
    script,
    behave: options.behave ?? (() => null),
    released: () => stalled.wait(),
    received(message) {
      if (options.keepMessages ?? true) messages.push(message);
      options.onMessage?.(message);
      arrivals.open();
    },
  };
  const { port = 0, address = '127.0.0.1', onSessionEnd = () => {} } = options;
  const server = await listen(host, { port, address, tlsOptions, onSessionEnd });

  return {
    port: server.port,
    ca: ca?.certificate ?? null,
    pair,
    messages,
    sessions: server.sessions,
    script: script.set,
    setPassword: (username, password) => void host.accounts.set(username, password),
    stalled: () => stalled.size,
    release: stalled.open,
    close: server.close,
    async taken(count, withinMs = 15_000) {
      const signal = AbortSignal.timeout(withinMs);
      for (;;) {
        const taken = messages.filter(({ reply }) => reply?.startsWith('2') === true);
        if (taken.length >= count) return taken;
        if (signal.aborted) throw new Error(`only ${taken.length} of ${count} messages arrived`);
        await arrivals.wait(signal);
      }
    },
  };
}

async function ownPair(ca: Ca | null): Promise<Pair> {
  if (ca === null) return { certificate: '', key: '' };
  return makeCertificate(ca, { names: ['localhost', '127.0.0.1', '::1'] });
}

async function listen(
  host: Host,
  options: {
    port: number;
    address: string;
    tlsOptions: object;
    onSessionEnd: (session: number) => void;
  },
) {
  const sockets = new Set<Socket>();
  const sessions = { total: 0, open: 0 };
  const onSocket = (socket: Socket): void => {
    const session = ++sessions.total;
    sessions.open++;
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy()); // clients that vanish are part of the tests
    socket.once('close', () => {
      sessions.open--;
      sockets.delete(socket);
      options.onSessionEnd(session);
    });
    serve(socket, host, session);
  };
  const server =
    host.tls === 'implicit'
      ? createTlsServer(options.tlsOptions, onSocket)
      : createTcpServer(onSocket);
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  server.listen(options.port, options.address);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    sessions,
    async close(): Promise<void> {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Something many can wait for, opened again and again; each opening lets go those who wait then. */
function makeGate() {
  let waiting: (() => void)[] = [];
  return {
    get size(): number {
      return waiting.length;
    },
    open(): void {
      for (const resolve of waiting.splice(0)) resolve();
    },
    wait(signal?: AbortSignal): Promise<void> {
      return new Promise((resolve) => {
        const leave = () => {
          signal?.removeEventListener('abort', leave);
          waiting = waiting.filter((waiter) => waiter !== leave);
          resolve();
        };
        waiting.push(leave);
        signal?.addEventListener('abort', leave);
      });
    },
  };
}
