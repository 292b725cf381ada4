import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { type Account, proxyName } from '../relay/account.ts';
import type { Clock } from '../relay/ports.ts';
import type { ProbeReport, ProbeStep, ProbeTls } from '../relay/probe-report.ts';
import { tlsName } from './capabilities.ts';
import type { CertificateFacts } from './certificate.ts';
import type { Connection } from './connection.ts';
import { type OpenOptions, openConnection } from './open-connection.ts';
import { causeText, firstLine } from './outcome-text.ts';
import type { OpenWitness } from './peer-guard.ts';
import type { ProbeSent } from './probe-send.ts';
import type { UpstreamSession } from './session.ts';

type ProbeOptions = Pick<
  OpenOptions,
  'hostname' | 'clock' | 'signal' | 'tokens' | 'onCertificate'
> & {
  /** What follows the login; absent: nothing, no mail is sent. */
  readonly send?: (connection: Connection) => Promise<ProbeSent>;
};

/** Connects, secures and logs in as an attempt would, on a connection of its own. */
export async function probeAccount(
  account: Account,
  { send, ...options }: ProbeOptions,
): Promise<ProbeReport> {
  const { clock } = options;
  const witness = new ProbeWitness(clock, account);
  const opened = await openConnection({ account, ...options, emit: () => {}, witness });
  const base = { account: account.name, tls: witness.tls };
  if ('refusal' in opened) {
    const { cause, verdict } = opened.refusal;
    const phase = cause.from === 'us' ? 'connect' : cause.phase;
    const aboutTls = cause.from === 'network' && cause.fault === 'tls';
    witness.step(aboutTls ? 'tls' : phase, false, causeText(cause));
    return {
      ...base,
      ok: false,
      peer: `${account.host}:${account.port}${witness.address}`,
      steps: witness.steps,
      extensions: witness.extensions,
      authenticatedAs: null,
      hint: 'hint' in verdict && verdict.hint !== '' ? verdict.hint : null,
    };
  }
  const { connection } = opened;
  witness.finish();
  const sent = (await send?.(connection)) ?? null;
  if (sent !== null) witness.step(sent.step.phase, sent.step.ok, sent.step.detail);
  connection.close('tested');
  return {
    ...base,
    ok: sent?.step.ok ?? true,
    peer: `${account.host}:${account.port}${witness.address}`,
    steps: witness.steps,
    extensions: witness.extensions,
    authenticatedAs: connection.authenticatedAs,
    ...(sent === null ? {} : { sent: sent.about }),
    hint: sent?.hint ?? null,
  };
}

class ProbeWitness implements OpenWitness {
  readonly steps: ProbeStep[] = [];
  tls: ProbeTls | null = null;
  address = '';
  readonly #clock: Clock;
  readonly #account: Account;
  #sinceMs: number;
  #session: UpstreamSession | null = null;

  constructor(clock: Clock, account: Account) {
    this.#clock = clock;
    this.#account = account;
    this.#sinceMs = clock();
  }

  connected(socket: Socket): void {
    const { proxy, host, port } = this.#account;
    if (proxy !== null) {
      this.address = ` (through ${proxyName(proxy)})`;
      this.step('connect', true, `${host}:${port} through ${proxyName(proxy)}`);
      return;
    }
    this.address = ` (${socket.remoteAddress ?? '?'})`;
    this.step('connect', true, `${socket.remoteAddress}:${socket.remotePort}`);
  }

  secured(socket: TLSSocket, facts: CertificateFacts | null): void {
    // The answer to STARTTLS came before the handshake, although its phase ends with the next EHLO.
    if (this.#session !== null) {
      this.step('starttls', true, firstLine(this.#session.lastServerResponse || ''));
    }
    const protocol = tlsName(socket);
    if (facts !== null) {
      const { subject, issuer, names, validFromMs, validToMs, pin } = facts;
      const dates = { validFromMs, validToMs };
      this.tls = { protocol, subject, issuer, names, ...dates, pin: `sha256//${pin}` };
    }
    this.step('tls', true, protocol);
  }

  session(session: UpstreamSession): void {
    this.#session = session;
    session.onPhaseOver = (phase, answer) => {
      if (phase !== 'starttls') this.step(phase, true, firstLine(answer));
    };
  }

  /** The last phase has no next one to end it. */
  finish(): void {
    const session = this.#session;
    if (session === null) return;
    session.onPhaseOver = null;
    this.step(session.phase, true, firstLine(session.lastServerResponse || ''));
  }

  get extensions(): readonly string[] {
    return this.#session?.extensionLines ?? [];
  }

  step(phase: ProbeStep['phase'], ok: boolean, detail: string): void {
    if (!ok && this.#session !== null) this.#session.onPhaseOver = null;
    const nowMs = this.#clock();
    this.steps.push({ phase, ok, detail, tookMs: Math.max(0, nowMs - this.#sinceMs) });
    this.#sinceMs = nowMs;
  }
}
