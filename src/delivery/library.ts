import type { Socket } from 'node:net';
import SMTPConnection, { type Options } from 'nodemailer/lib/smtp-connection';
import { Dialogue } from './dialogue.ts';
import { noTap, type Tap } from './traces.ts';

/**
 * What is used of the library beyond its documented interface. The library still opens the session
 * (greeting, EHLO, STARTTLS, AUTH) and frames the replies; the envelope and the message are written
 * by us, because the library cannot send them as they came in. test/unit/delivery/seams.test.ts
 * fails when an update moves any of it.
 */
interface LibraryInternals {
  _responseActions: ((reply: string) => void)[];
  _responseQueue: string[];
  _remainder: string;
  _destroyed: boolean;
  _ehloLines?: string[];
  _sendCommand(command: string, logged?: string): void;
  _processResponse(): void;
  _upgradeConnection(done: (error: Error | null, secured?: boolean) => void): void;
}

const LibraryConnection = SMTPConnection as unknown as new (
  options: Options,
) => SMTPConnection & LibraryInternals;

/** Digits and a hyphen: another line of the reply is still to come. */
const PARTIAL = /(?:^|\n)\d{3}-[^\n]*$/;
/** One line of ASCII, and not the 421 that the library closes after. */
const ORDINARY = /^(?!421)[2-5]\d\d [ -~]*$/;

export interface Recording {
  /** Absent: nobody can watch. */
  readonly tap?: Tap;
  /** The account's: never shown, not even when the upstream repeats them. */
  readonly secrets: readonly string[];
}

/** The library's session, with a record of what is said and somebody who may look on. */
export class LibrarySession extends LibraryConnection {
  readonly dialogue: Dialogue;
  /** Told what goes over it. */
  readonly tap: Tap;
  /** The library has done its part: replies belong to transactions from now on. */
  opened = false;
  /** Replies wait to be read; called when they may. */
  #onGoOn: (() => void) | null = null;

  constructor(options: Options, { tap = noTap, secrets }: Recording) {
    super(options);
    this.tap = tap;
    this.dialogue = new Dialogue(secrets, tap);
  }

  get socket(): Socket {
    return this._socket as Socket;
  }

  /** Writes commands past the library. */
  say(commands: string): void {
    this.dialogue.sent(commands);
    this.socket.write(commands);
  }

  /** No reply is read before `goOn` is called, which calls `next` first. */
  hold(next: () => void): void {
    this.#onGoOn = next;
  }

  goOn(): void {
    const next = this.#onGoOn;
    if (next === null) return;
    this.#onGoOn = null;
    next();
    if (this._responseQueue.length > 0) this._processResponse();
  }

  override _sendCommand(command: string, logged?: string): void {
    this.dialogue.sent(command);
    super._sendCommand(command, logged);
  }

  /**
   * Replies that came together are handed over together: the library would wait a turn of the event
   * loop for each. While it opens the session, and whenever a reply is not an ordinary one, it
   * decides itself.
   */
  override _processResponse(): void {
    while (this.#onGoOn === null) {
      const reply = this._responseQueue[0];
      if (reply === undefined) return;
      const take = this._responseActions[0];
      if (!this.opened || take === undefined || this._destroyed || !ORDINARY.test(reply)) {
        if (reply.trim() !== '' && !PARTIAL.test(reply)) this.dialogue.received(reply);
        super._processResponse();
        return;
      }
      this.dialogue.received(reply);
      this._responseQueue.shift();
      this._responseActions.shift();
      this.lastServerResponse = reply;
      take(reply);
    }
  }
}
