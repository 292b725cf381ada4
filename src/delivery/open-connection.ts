import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { assert } from '../lib/assert.ts';
import { type Account, proxyName } from '../relay/account.ts';
import type { EventSink } from '../relay/events.ts';
import type { Cause } from '../relay/outcome.ts';
import type { Clock } from '../relay/ports.ts';
import { authOffered, capabilitiesOf, tlsName } from './capabilities.ts';
import { Connection } from './connection.ts';
import { chooseLogin, type Login } from './credentials.ts';
import { dial, handshake } from './dial.ts';
import { interrupted, networkCause } from './fault.ts';
import type { LoginTurns } from './login-turns.ts';
import { type OnCertificate, type OpenWitness, PeerGuard } from './peer-guard.ts';
import { type Refusal, refusalOf } from './refusal.ts';
import { UpstreamSession } from './session.ts';
import { tlsOptions } from './tls.ts';
import { logInWithToken } from './token-login.ts';
import type { Tokens } from './tokens.ts';
import { noTap, type Tap } from './traces.ts';

export interface OpenOptions {
  readonly account: Account;
  /** Our name in EHLO. */
  readonly hostname: string;
  readonly clock: Clock;
  readonly emit: EventSink;
  readonly onCertificate?: OnCertificate;
  /** Ends the opening early. */
  readonly signal: AbortSignal;
  /** Told what was seen on the way, for `relayctl account test`. */
  readonly witness?: OpenWitness;
  /** Told what goes over the connection; absent: nobody can watch. */
  readonly tap?: Tap;
  readonly tokens: Pick<Tokens, 'of'>;
  /** Whose turn it is to log in; absent: nobody else does. */
  readonly logins?: Pick<LoginTurns, 'turn'>;
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
  const { account, clock, signal, witness, tap = noTap } = options;
  const openedAtMs = clock();
  if (tap.live) tap.tell('note', `connecting to ${account.host}:${account.port}`);
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
    return heard(session, refusalOf(account, failure, guard.hint));
  }
  const login = chooseLogin(account, authOffered(session), {
    encrypted: session.secure,
    verified: guard.trusted,
    // Behind a proxy on this machine the upstream is somewhere else.
    loopback: account.proxy === null && isLoopback(socket.remoteAddress),
  });
  if (login.is === 'refused') {
    session.leave(0);
    const { hint } = login;
    const cause = networkCause('auth', 'protocol', login.detail);
    const verdict = { scope: 'account', action: 'hold', reason: 'credentials', hint } as const;
    return heard(session, { cause, verdict });
  }
  const refusal = await logInInTurn(session, login, options);
  if (refusal !== null) return heard(session, refusal);
  return established(options, session, { login, openedAtMs });
}

function startSession(
  { account, hostname, tap }: OpenOptions,
  way: { socket: Socket; guard: PeerGuard; useTls: boolean },
): UpstreamSession {
  const { host, tls, timeouts, password } = account;
  const mode = way.useTls ? tls.mode : 'none';
  return new UpstreamSession({
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
    secrets: password === null ? [] : [password.reveal()],
    ...(tap === undefined ? {} : { tap }),
  });
}

/** Greeting, EHLO and STARTTLS, up to where AUTH may begin. Null: the session is ready. */
function ready(session: UpstreamSession, signal: AbortSignal): Promise<Cause | null> {
  return session.step(signal, (done) => {
    session.connect((error) => done(error ?? null));
  });
}

async function logInInTurn(
  session: UpstreamSession,
  login: Exclude<Login, { is: 'refused' }>,
  options: OpenOptions,
): Promise<Refusal | null> {
  const { account, logins } = options;
  if (login.is === 'none') return null;
  // The answer to another login is waited for as long as that takes.
  session.rest();
  const end = await logins?.turn(account);
  if (end === null) {
    session.fail(interrupted);
    return refusalOf(account, interrupted);
  }
  const refusal = await logIn(session, login, options);
  return end === undefined ? refusal : end(refusal);
}

async function logIn(
  session: UpstreamSession,
  login: Exclude<Login, { is: 'refused' | 'none' }>,
  { account, tokens, signal }: OpenOptions,
): Promise<Refusal | null> {
  const { username } = login;
  if (login.is === 'token') {
    const source = tokens.of(account);
    assert(source !== null, `account ${account.name} logs in with tokens and has no source`);
    return logInWithToken(session, { account, username, tokens: source, signal });
  }
  const { password: pass, mechanism: method } = login;
  const cause = await session.step(signal, (done) =>
    session.login({ user: username, pass, method }, done),
  );
  return cause === null ? null : refusalOf(account, cause);
}

function established(
  { account, clock, emit }: OpenOptions,
  session: UpstreamSession,
  facts: { login: Login; openedAtMs: number },
): Opened {
  const { socket } = session;
  const { login, openedAtMs } = facts;
  const way = account.proxy === null ? socket.remoteAddress : `via ${proxyName(account.proxy)}`;
  const peer = `${account.host}[${way ?? '?'}]:${account.port}`;
  const connection = new Connection(
    {
      account,
      session,
      authenticatedAs: 'username' in login ? login.username : null,
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

/** A refusal with what led to it. */
function heard({ dialogue }: UpstreamSession, refusal: Refusal): Opened {
  return { refusal: { ...refusal, dialogue: dialogue.lines() } };
}

function refused(account: Account, cause: Cause, hint: string | null = null): Opened {
  return { refusal: refusalOf(account, cause, hint) };
}
