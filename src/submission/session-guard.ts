import type { SessionRefusal } from '../relay/events.ts';
import type { ListenerSettings, Settings } from '../relay/settings.ts';
import { badCommandsMax, unauthenticatedCommandsMax } from './pace.ts';
import { REPLIES } from './replies.ts';

interface Limit {
  readonly reply: (typeof REPLIES)[keyof typeof REPLIES];
  readonly why: SessionRefusal;
}

/** Counts what one session may not do without end. */
export class SessionGuard {
  readonly #onLimit: (limit: Limit) => void;
  #badCommands = 0;
  #earlyCommands = 0;
  #authTimer: NodeJS.Timeout | undefined;

  constructor(onLimit: (limit: Limit) => void) {
    this.#onLimit = onLimit;
  }

  /** The session began: where a login is required it has to come in time. */
  start(listener: ListenerSettings, settings: Settings): void {
    if (listener.auth !== 'required') return;
    const { authenticateMs } = settings.limits.timeouts;
    this.#authTimer = setTimeout(() => {
      this.#onLimit({ reply: REPLIES.authTimeout, why: 'timeout' });
    }, authenticateMs);
    this.#authTimer.unref();
  }

  /** The session has said who it is, or has ended. */
  stopClock(): void {
    clearTimeout(this.#authTimer);
  }

  /** False: one bad command too many, the session has ended. */
  badCommand(): boolean {
    this.#badCommands += 1;
    if (this.#badCommands < badCommandsMax) return true;
    this.#onLimit({ reply: REPLIES.tooManyBadCommands, why: 'commands' });
    return false;
  }

  /** A command of somebody unknown. False: one too many, the session has ended. */
  earlyCommand(): boolean {
    this.#earlyCommands += 1;
    if (this.#earlyCommands < unauthenticatedCommandsMax) return true;
    this.#onLimit({ reply: REPLIES.tooManyBeforeAuth, why: 'commands' });
    return false;
  }

  forgive(): void {
    this.#badCommands = 0;
  }
}
