import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { classify, classifyFault, reasonOf } from '../policy/classify.ts';
import type { Account } from '../relay/account.ts';
import type { EventSink } from '../relay/events.ts';
import type { Cause, Verdict } from '../relay/outcome.ts';
import type { Clock } from '../relay/ports.ts';
import { authOffered, capabilitiesOf, tlsName } from './capabilities.ts';
import { Connection } from './connection.ts';
import { chooseLogin, type Login } from './credentials.ts';
import { dial, handshake } from './dial.ts';
import { causeOfError, interrupted, networkCause } from './fault.ts';
import { type OnCertificate, type OpenWitness, PeerGuard } from './peer-guard.ts';
import { UpstreamSession } from './session.ts';
import { tlsOptions } from './tls.ts';
import { handshakeAdvice } from './tls-advice.ts';

export interface OpenOptions {
  readonly account: Account;
  /** Our name in EHLO. */
  readonly hostname: string;
  readonly clock: Clock;
  readonly emit: EventSink;
  readonly onCertificate: OnCertificate;
  /** Ends the opening early. */
  readonly signal: AbortSignal;
  /** Told what was seen on the way, for `relayctl account test`. */
  readonly witness?: OpenWitness;
}

/** Why there is no connection, and what it means for the account. */
export interface Refusal {
  readonly cause: Cause;
  readonly verdict: Verdict;
}

export type Opened = { readonly connection: Connection } | { readonly refusal: Refusal };

/**
 * Connects, secures, judges and logs in; in this order, and a password is not sent before the peer
 * was judged. Never rejects: whatever goes wrong is a refusal with its cause.
 */
export async function openConnection(options: OpenOptions): Promise<Opened> {
  const unusable = unusableTls(options.account);
  return unusable === null ? await openOnce(options, true) : refused(options.account, unusable);
}

async function openOnce(options: OpenOptions, useTls: boolean): Promise<Opened> {
  const { account, clock, signal, witness } = options;
  const openedAtMs = clock();
  const dialled = await dial(account, signal);
  if ('cause' in dialled) return refused(account, dialled.cause);
  witness?.connected(dialled.socket);
  const guard = new PeerGuard(options);
  let socket: Socket = dialled.socket;
  if (account.tls.mode === 'implicit') {
    const secured = await handshake(account, socket, signal);
    if ('cause' in secured) return refused(account, secured.cause);
    socket = secured.socket;
    const cause = guard.inspect(secured.socket);
    if (cause !== null) {
      socket.destroy();
      return refused(account, cause, guard.hint);
    }
  }
  const session = startSession(options, { socket, guard, useTls });
  witness?.session(session);
  const failure = await ready(session, signal);
  if (failure !== null) {
    // RFC 7435: encryption is taken when it can be had, and a handshake that fails means that it
    // cannot. A peer that was judged and refused is another matter: it stays refused.
    const unencrypted = account.tls.mode === 'opportunistic' && useTls && !guard.judged;
    if (unencrypted && isHandshakeFailure(failure)) return await openOnce(options, false);
    return refused(account, failure, guard.hint);
  }
  const login = chooseLogin(account, authOffered(session), {
    encrypted: session.secure,
    verified: guard.trusted,
    loopback: isLoopback(socket.remoteAddress),
  });
  if (login.is === 'refused') {
    session.leave(0);
    const { hint } = login;
    const cause = networkCause('auth', 'protocol', login.detail);
    const verdict = { scope: 'account', action: 'hold', reason: 'credentials', hint } as const;
    return { refusal: { cause, verdict } };
  }
  const notLoggedIn = await logIn(session, login, signal);
  if (notLoggedIn !== null) return refused(account, notLoggedIn);
  return established(options, session, { login, openedAtMs });
}

function startSession(
  { account, hostname }: OpenOptions,
  way: { socket: Socket; guard: PeerGuard; useTls: boolean },
): UpstreamSession {
  const { host, tls, timeouts } = account;
  const mode = way.useTls ? tls.mode : 'none';
  const session = new UpstreamSession({
    library: {
      connection: way.socket,
      host,
      name: hostname,
      tls: tlsOptions(tls),
      ...(mode === 'implicit' ? { secure: true, secured: true } : { secure: false }),
      ...(mode === 'none' ? { ignoreTLS: true } : {}),
      ...(mode === 'starttls' ? { requireTLS: true } : {}),
      ...(mode === 'opportunistic' ? { opportunisticTLS: true } : {}),
    },
    timeouts,
    inspect: (socket) => way.guard.inspect(socket),
  });
  return session;
}

/** Greeting, EHLO and STARTTLS, up to where AUTH may begin. Null: the session is ready. */
function ready(session: UpstreamSession, signal: AbortSignal): Promise<Cause | null> {
  return stepOf(session, signal, (done) => {
    session.connect((error) => done(error ?? null));
  });
}

function logIn(
  session: UpstreamSession,
  login: Login & { is: 'none' | 'password' },
  signal: AbortSignal,
): Promise<Cause | null> {
  if (login.is === 'none') return Promise.resolve(null);
  const { username: user, password: pass, mechanism: method } = login;
  return stepOf(session, signal, (done) => session.login({ user, pass, method }, done));
}

/**
 * One step of the opening: ends with its own error, with the end of the session, or with the
 * signal.
 */
function stepOf(
  session: UpstreamSession,
  signal: AbortSignal,
  begin: (done: (error: Error | null) => void) => void,
): Promise<Cause | null> {
  return new Promise((resolve) => {
    const end = (cause: Cause | null): void => {
      signal.removeEventListener('abort', onAbort);
      resolve(cause);
    };
    const onAbort = (): void => session.fail(interrupted);
    signal.addEventListener('abort', onAbort);
    session.onBroken = end;
    if (signal.aborted) return onAbort();
    begin((error) => {
      if (error === null) return end(session.broken);
      const cause = session.broken ?? causeOfError(error, session.phase);
      session.fail(cause);
      end(cause);
    });
  });
}

function established(
  { account, clock, emit }: OpenOptions,
  session: UpstreamSession,
  facts: { login: Login; openedAtMs: number },
): Opened {
  const { socket } = session;
  const { login, openedAtMs } = facts;
  const peer = `${account.host}[${socket.remoteAddress ?? '?'}]:${account.port}`;
  const connection = new Connection(
    {
      account,
      session,
      authenticatedAs: login.is === 'password' ? login.username : null,
      peer,
      tls: session.secure ? tlsName(socket as TLSSocket) : null,
      capabilities: capabilitiesOf(session, account),
      openedAtMs,
    },
    emit,
  );
  const tookMs = clock() - openedAtMs;
  emit({ is: 'connection.opened', account: account.name, peer, tls: connection.tls, tookMs });
  return { connection };
}

function isHandshakeFailure(cause: Cause): boolean {
  return cause.from === 'network' && cause.phase === 'starttls' && cause.fault === 'tls';
}

/**
 * A certificate, key or CA that OpenSSL cannot read shows itself here, before anything is
 * connected.
 */
function unusableTls({ tls }: Account): Cause | null {
  if (tls.mode === 'none') return null;
  try {
    tlsOptions(tls);
    return null;
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return networkCause('connect', 'tls', `tls.ca, certificate or key cannot be used: ${detail}`);
  }
}

function isLoopback(address: string | undefined): boolean {
  return /^(?:::1$|(?:::ffff:)?127\.)/.test(address ?? '');
}

function refused(account: Account, cause: Cause, hint: string | null = null): Opened {
  const verdict = verdictOn(cause);
  const advice = hint ?? handshakeAdvice(account, cause);
  if (advice === null || verdict.scope !== 'account') return { refusal: { cause, verdict } };
  return { refusal: { cause, verdict: { ...verdict, hint: advice } } };
}

function verdictOn(cause: Cause): Verdict {
  switch (cause.from) {
    case 'peer': {
      const { phase, reply } = cause;
      return classify({ phase, reply, recipients: 0, acceptedRecipients: 0 });
    }
    case 'network':
      return classifyFault(cause.fault, cause.phase);
    case 'us':
      return { scope: 'message', action: 'retry', reason: reasonOf(cause) };
  }
}
