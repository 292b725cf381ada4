import type { Account, TlsMode } from '../relay/account.ts';
import type { Cause } from '../relay/outcome.ts';
import type { Clock } from '../relay/ports.ts';
import { authOffered, tlsName } from './capabilities.ts';
import type { CertificateFacts } from './certificate.ts';
import { openConnection } from './open-connection.ts';
import { causeText, firstLine } from './outcome-text.ts';
import type { UpstreamSession } from './session.ts';

/** Where to look, and which name and authority the certificates are held against. */
export interface SurveyTarget {
  readonly host: string;
  readonly servername: string;
  /** PEM of extra trust anchors, null for the system's alone. */
  readonly ca: string | null;
  readonly sourceAddress: string | null;
  readonly proxy: Account['proxy'];
}

export interface SurveyOptions {
  /** Our name in EHLO. */
  readonly hostname: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** For the connection and for the handshake; answers get three times as long. Milliseconds. */
  readonly timeoutMs: number;
}

/**
 * `filtered`: nothing came back, as behind a firewall that drops. `failed`: something answered, but
 * no SMTP session came about.
 */
export type PortState = 'open' | 'refused' | 'filtered' | 'unreachable' | 'unresolved' | 'failed';

/** What one port of a host says to a stranger. */
export interface PortSurvey {
  readonly port: number;
  readonly state: PortState;
  /** Why it is not open; '' for an open one. */
  readonly detail: string;
  /** The address that answered; null behind a proxy. */
  readonly address: string | null;
  /** First line of the greeting. */
  readonly banner: string | null;
  /** How TLS begins there; `none` when it does not, null for a port that is not open. */
  readonly mode: Exclude<TlsMode, 'opportunistic'> | null;
  /** STARTTLS is offered, but its handshake fails. */
  readonly starttlsBroken: boolean;
  /** `TLSv1.3 TLS_AES_256_GCM_SHA384` */
  readonly protocol: string | null;
  readonly certificate: CertificateFacts | null;
  /** Mechanisms offered, after TLS when there is any. */
  readonly auth: readonly string[];
  readonly tookMs: number;
}

/**
 * Looks at one port without credentials. Whatever the certificate is worth, the dialogue goes on,
 * since no secret and no mail is ever sent; what was met is reported. Never rejects.
 */
export async function surveyPort(
  target: SurveyTarget,
  port: number,
  options: SurveyOptions,
): Promise<PortSurvey> {
  const startedMs = options.clock();
  // RFC 8314 section 3.3: 465 speaks TLS from the start; 2465 is its twin.
  const implicitFirst = port === 465 || port === 2465;
  const first = await look(
    target,
    { port, mode: implicitFirst ? 'implicit' : 'opportunistic' },
    options,
  );
  const second = speaksTheOther(first)
    ? await look(target, { port, mode: implicitFirst ? 'opportunistic' : 'implicit' }, options)
    : first;
  const seen = second.cause === null ? second : first;
  const { cause, address, banner } = seen;
  return {
    port,
    ...(cause === null
      ? { state: 'open', detail: '' }
      : { state: stateOf(seen), detail: causeText(cause) }),
    address,
    banner,
    mode: cause === null ? seen.mode : null,
    starttlsBroken: seen.starttlsBroken,
    protocol: seen.protocol,
    certificate: seen.certificate,
    auth: cause === null ? seen.auth : [],
    tookMs: Math.max(0, options.clock() - startedMs),
  };
}

interface Look {
  connected: boolean;
  cause: Cause | null;
  address: string | null;
  banner: string | null;
  mode: Exclude<TlsMode, 'opportunistic'>;
  starttlsBroken: boolean;
  protocol: string | null;
  certificate: CertificateFacts | null;
  auth: string[];
}

async function look(
  target: SurveyTarget,
  way: { readonly port: number; readonly mode: 'implicit' | 'opportunistic' },
  options: SurveyOptions,
): Promise<Look> {
  let session: UpstreamSession | null = null;
  const seen: Look = {
    connected: false,
    cause: null,
    address: null,
    banner: null,
    mode: way.mode === 'implicit' ? 'implicit' : 'none',
    starttlsBroken: false,
    protocol: null,
    certificate: null,
    auth: [],
  };
  const { hostname, clock, signal } = options;
  const opened = await openConnection({
    account: stranger(target, way, options.timeoutMs),
    hostname,
    clock,
    signal,
    // A stranger has nothing to log in with.
    tokens: { of: () => null },
    emit: () => {},
    witness: {
      connected: (socket) => {
        seen.connected = true;
        // Through a proxy it is the proxy's.
        if (target.proxy === null) seen.address = socket.remoteAddress ?? null;
      },
      secured: (socket, facts) => {
        seen.protocol = tlsName(socket);
        seen.certificate = facts;
        if (way.mode !== 'implicit') seen.mode = 'starttls';
      },
      session: (started) => {
        session = started;
        started.onPhaseOver = (phase, answer) => {
          if (phase === 'greeting') seen.banner = firstLine(answer);
        };
      },
    },
  });
  if ('refusal' in opened) return { ...seen, cause: opened.refusal.cause };
  // Assigned by the witness, which the compiler cannot see.
  const ended = session as UpstreamSession | null;
  if (ended !== null) {
    seen.auth = authOffered(ended);
    seen.starttlsBroken =
      seen.mode === 'none' && ended.extensionLines.some((line) => /^STARTTLS\b/i.test(line));
  }
  opened.connection.close('probed');
  return seen;
}

/** The port answered, but as one does that begins TLS the other way. */
function speaksTheOther({ cause, connected, mode }: Look): boolean {
  if (cause?.from !== 'network' || !connected) return false;
  const { phase, fault } = cause;
  if (mode === 'implicit') return fault === 'tls' || fault === 'reset';
  return phase === 'greeting' && fault !== 'resolve';
}

function stateOf({ cause, connected }: Look): PortState {
  if (cause?.from !== 'network' || connected) return 'failed';
  switch (cause.fault) {
    case 'resolve':
      return 'unresolved';
    case 'refused':
      return 'refused';
    case 'timeout':
      return 'filtered';
    default:
      return 'unreachable';
  }
}

/** Somebody without a name or a password who takes every certificate, so as to report it. */
function stranger(
  { host, servername, ca, sourceAddress, proxy }: SurveyTarget,
  { port, mode }: { readonly port: number; readonly mode: TlsMode },
  timeoutMs: number,
): Account {
  const answerMs = 3 * timeoutMs;
  return {
    name: 'probe',
    provider: null,
    host,
    port,
    auth: 'none',
    username: null,
    password: null,
    oauth2: null,
    credentialVersion: '',
    next: null,
    tls: {
      mode,
      verify: 'off',
      ca,
      pins: [],
      servername,
      minimum: 'TLSv1',
      exception: null,
      certificate: null,
      key: null,
    },
    identities: [],
    limits: {
      rate: [],
      connections: 1,
      messagesPerConnection: 1,
      idleMs: 0,
      recipients: 1,
      messageBytes: null,
    },
    timeouts: {
      connectMs: timeoutMs,
      greetingMs: answerMs,
      commandMs: answerMs,
      dataMs: answerMs,
      endOfDataMs: answerMs,
    },
    headers: {},
    sourceAddress,
    replyRules: [],
    proxy,
    at: { file: '', line: 0, column: 0 },
  };
}
