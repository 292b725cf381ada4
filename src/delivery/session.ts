import type { TLSSocket } from 'node:tls';
import type { Options } from 'nodemailer/lib/smtp-connection';
import { formatDuration } from '../lib/duration.ts';
import type { Cause, Phase } from '../relay/outcome.ts';
import { causeOfError, interrupted, networkCause } from './fault.ts';
import { LibrarySession, type Recording } from './library.ts';

/**
 * Timers of the library are moved out of the way: every phase has our own deadline. Largest a timer
 * can hold.
 */
const never = 2 ** 31 - 1;

/**
 * RFC 5321 section 4.5.3.1.5 asks for 512 octets a line; a reply above this is an attack or a bug.
 */
const replyBytesMax = 64 * 1024;

/** Phases can follow one another slowly; all of them together get this long. */
const attemptMsMax = 20 * 60_000;

export interface SessionOptions extends Recording {
  readonly library: Options;
  /** Our own deadline for what follows a command or the greeting. Milliseconds. */
  readonly timeouts: {
    readonly greetingMs: number;
    readonly commandMs: number;
    readonly connectMs: number;
  };
  /**
   * Judges the peer of a fresh STARTTLS upgrade before another byte is sent; a cause refuses it.
   */
  readonly inspect: (socket: TLSSocket) => Cause | null;
}

/** How a login was answered. */
export interface SaslAnswer {
  /** The reply that ended it, as received. */
  readonly last: string;
  /** What the upstream asked in between, in base64; null: nothing. */
  readonly challenge: string | null;
}

/**
 * One SMTP session with an upstream. It knows its phase and what ended it, and holds a deadline
 * over every wait. `broken` is set exactly once; nothing is sent or received afterwards.
 */
export class UpstreamSession extends LibrarySession {
  broken: Cause | null = null;
  /** Told once when the session ends, for whatever reason. */
  onBroken: (cause: Cause) => void = () => {};
  /** Told what was answered in a phase that is over, for whoever watches the opening. */
  onPhaseOver: ((phase: Phase, answer: string) => void) | null = null;

  #phase: Phase = 'greeting';
  #phaseSinceMs = performance.now();
  readonly #timeouts: SessionOptions['timeouts'];
  readonly #inspect: SessionOptions['inspect'];
  /** Most waits end long before their deadline: one timer serves many, and looks when it is due. */
  #timer: NodeJS.Timeout | null = null;
  /** On the monotonic clock. */
  #timerAtMs = 0;
  /** When the wait that runs has to be over; infinite: nothing is waited for. */
  #deadlineMs = Number.POSITIVE_INFINITY;
  #waitMs = 0;
  /** The wait that runs is cut short by the cap. */
  #capped = false;
  /**
   * On the monotonic clock: the opening, or the transaction that runs, ends here whatever its
   * phase.
   */
  #limitMs = 0;

  constructor({ library, timeouts, inspect, ...recording }: SessionOptions) {
    const waits = { connectionTimeout: never, greetingTimeout: never, socketTimeout: never };
    const bounds = { socketCloseTimeout: 0, maxResponseSize: replyBytesMax };
    super({ ...library, ...waits, ...bounds }, recording);
    this.#timeouts = timeouts;
    this.#inspect = inspect;
    this.limit();
    this.enter('greeting', timeouts.greetingMs);
    // The code of a reply must be read here: the library closes right after and forgets it.
    this.on('error', (error: Error) => this.#end(causeOfError(error, this.phase)));
    this.on('end', () => this.#end(networkCause(this.phase, 'reset', 'connection closed')));
  }

  get phase(): Phase {
    return this.#phase;
  }

  set phase(next: Phase) {
    this.#turnTo(next, performance.now());
  }

  #turnTo(next: Phase, nowMs: number): void {
    if (next !== this.#phase) this.#phaseSinceMs = nowMs;
    this.#phase = next;
  }

  /** Since when it is in its phase, on `performance`'s clock. */
  get phaseSinceMs(): number {
    return this.#phaseSinceMs;
  }

  /** What EHLO offered, one keyword with its parameters each, without the greeting line. */
  get extensionLines(): readonly string[] {
    return this._ehloLines ?? [];
  }

  /** Something begins that must not take longer than the cap in all. */
  limit(): void {
    this.#limitMs = performance.now() + attemptMsMax;
  }

  /** The next wait belongs to `phase` and may take `phaseMs`, or what is left of the cap. */
  enter(phase: Phase, phaseMs: number): void {
    if (phase !== this.phase) this.onPhaseOver?.(this.phase, this.lastServerResponse || '');
    const nowMs = performance.now();
    this.#turnTo(phase, nowMs);
    if (this.broken !== null) return;
    const leftMs = Math.max(0, this.#limitMs - nowMs);
    this.#capped = leftMs < phaseMs;
    this.#waitMs = Math.min(phaseMs, leftMs);
    this.#deadlineMs = nowMs + this.#waitMs;
    if (this.#timer === null || this.#timerAtMs > this.#deadlineMs) this.#watch(nowMs);
  }

  #watch(nowMs: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timerAtMs = this.#deadlineMs;
    this.#timer = setTimeout(() => this.#look(), Math.ceil(this.#deadlineMs - nowMs));
  }

  #look(): void {
    this.#timer = null;
    const nowMs = performance.now();
    if (this.#deadlineMs > nowMs) {
      if (Number.isFinite(this.#deadlineMs)) this.#watch(nowMs);
      return;
    }
    const detail = this.#capped
      ? `not done within ${formatDuration(attemptMsMax)}`
      : `no answer within ${formatDuration(this.#waitMs)}`;
    this.fail(networkCause(this.phase, 'timeout', detail));
  }

  /** Nothing is waited for: no deadline runs. */
  rest(): void {
    this.#deadlineMs = Number.POSITIVE_INFINITY;
  }

  /** The upstream has said something that was not asked for yet: the dialogue is out of step. */
  get aheadOfUs(): boolean {
    return this._responseQueue.length > 0 || this._remainder !== '';
  }

  /** `take` gets the next reply that no earlier call has claimed. */
  expect(take: (raw: string) => void): void {
    this._responseActions.push(take);
  }

  /**
   * One step of the opening: ends with its own error, with the end of the session, or with the
   * signal. Null: it went well.
   */
  step(
    signal: AbortSignal,
    begin: (done: (error: Error | null) => void) => void,
  ): Promise<Cause | null> {
    return new Promise((resolve) => {
      const end = (cause: Cause | null): void => {
        signal.removeEventListener('abort', onAbort);
        resolve(cause);
      };
      const onAbort = (): void => this.fail(interrupted);
      if (this.broken !== null) return resolve(this.broken);
      signal.addEventListener('abort', onAbort);
      this.onBroken = end;
      if (signal.aborted) return onAbort();
      begin((error) => {
        if (error === null) return end(this.broken);
        const cause = this.broken ?? causeOfError(error, this.phase);
        this.fail(cause);
        end(cause);
      });
    });
  }

  /**
   * RFC 4954 section 4 with an initial response (base64). A mechanism that has nothing to say to a
   * challenge answers it with an empty line, as XOAUTH2 wants it after a refusal.
   */
  authenticate(mechanism: string, response: string, take: (answer: SaslAnswer) => void): void {
    this.expect((first) => {
      if (!first.startsWith('334')) return take({ last: first, challenge: null });
      this.expect((last) => take({ last, challenge: first.slice(4).trim() }));
      this._sendCommand('');
    });
    this._sendCommand(`AUTH ${mechanism} ${response}`, `AUTH ${mechanism} [secret]`);
  }

  /** Ends the session for a reason of ours; the socket is destroyed. */
  fail(cause: Cause): void {
    this.#end(cause);
    this.close();
  }

  /** RFC 5321 section 4.1.1.10: says goodbye, waits shortly for the answer and closes. */
  leave(graceMs: number): void {
    if (this.broken !== null) return;
    this.enter('quit', graceMs);
    this.expect(() => this.close());
    this._sendCommand('QUIT');
  }

  override _sendCommand(command: string, logged?: string): void {
    const phase = PHASE_OF_VERB[command.slice(0, 4)];
    if (phase !== undefined) this.enter(phase, this.#timeouts.commandMs);
    super._sendCommand(command, logged);
  }

  override _upgradeConnection(done: (error: Error | null, secured?: boolean) => void): void {
    this.enter('starttls', this.#timeouts.connectMs);
    super._upgradeConnection((error, secured) => {
      if (error !== null) return done(error);
      const refused = this.#inspect(this.socket as TLSSocket);
      if (refused === null) done(null, secured);
      else this.fail(refused);
    });
  }

  #end(cause: Cause): void {
    if (this.broken !== null) return;
    this.rest();
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.broken = cause;
    this.onBroken(cause);
  }
}

/** Commands that the library sends while it opens the session. */
const PHASE_OF_VERB: Readonly<Record<string, Phase>> = {
  EHLO: 'ehlo',
  HELO: 'ehlo',
  STAR: 'starttls',
  AUTH: 'auth',
};
