import { nextTryInMs } from '../policy/credential-slots.ts';
import type { Account } from '../relay/account.ts';
import type { EventSink } from '../relay/events.ts';
import type { Settings } from '../relay/settings.ts';
import type { CredentialsInUse } from './credentials-in-use.ts';
import { causeText } from './outcome-text.ts';
import { isRefusedLogin, type Refusal } from './refusal.ts';

export interface NextPasswordsDeps {
  readonly settings: () => Settings;
  readonly credentials: Pick<CredentialsInUse, 'candidate' | 'switchTo' | 'refused'>;
  /** Connects, logs in and leaves; null: the upstream accepted it. */
  readonly tryLogin: (account: Account, signal: AbortSignal) => Promise<Refusal | null>;
  /** False while the account is to be left alone; it is asked again later. */
  readonly mayTry: (name: string) => boolean;
  readonly emit: EventSink;
}

interface Trial {
  readonly version: string;
  triesInVain: number;
  /** Said once: a next password is expected not to work for a while. */
  told: boolean;
  timer: NodeJS.Timeout | null;
}

/**
 * Tries the next password of accounts that have one: at once, and then from time to time until the
 * upstream accepts it. A refusal says nothing about the account.
 */
export class NextPasswords {
  readonly #deps: NextPasswordsDeps;
  readonly #trials = new Map<string, Trial>();
  readonly #running = new Set<Promise<void>>();
  readonly #end = new AbortController();

  constructor(deps: NextPasswordsDeps) {
    this.#deps = deps;
  }

  /** At start and after a reload they are tried at once; after a switch, what was refused later. */
  look(when: 'at-once' | 'later'): void {
    const { settings, credentials } = this.#deps;
    for (const name of [...this.#trials.keys()]) {
      if (!settings().accounts.has(name)) this.#drop(name);
    }
    for (const name of settings().accounts.keys()) {
      const version = credentials.candidate(name)?.credentialVersion;
      const trial = this.#trials.get(name);
      if (trial !== undefined && version === trial.version) {
        if (when === 'at-once') this.#hurry(name, trial);
        continue;
      }
      this.#drop(name);
      if (version !== undefined) this.#begin(name, version, when);
    }
  }

  /** Nothing else is left: one that waits for its time is tried at once. */
  hurry(name: string): void {
    const trial = this.#trials.get(name);
    if (trial !== undefined) this.#hurry(name, trial);
  }

  /** Somebody says it was mended. */
  again(name: string): void {
    this.#drop(name);
    this.look('at-once');
  }

  /** Resolves when no try runs any more; none begins. */
  async stop(): Promise<void> {
    this.#end.abort();
    for (const name of [...this.#trials.keys()]) this.#drop(name);
    await Promise.all(this.#running);
  }

  #drop(name: string): void {
    const timer = this.#trials.get(name)?.timer ?? null;
    if (timer !== null) clearTimeout(timer);
    this.#trials.delete(name);
  }

  #begin(name: string, version: string, when: 'at-once' | 'later'): void {
    const trial: Trial = { version, triesInVain: 0, told: false, timer: null };
    this.#trials.set(name, trial);
    if (when === 'at-once') this.#start(name, trial);
    else this.#wait(name, trial);
  }

  #wait(name: string, trial: Trial): void {
    if (this.#end.signal.aborted) return;
    const waitMs = nextTryInMs(Math.max(trial.triesInVain, 1));
    trial.timer = setTimeout(() => this.#start(name, trial), waitMs);
    // The relay does not stay alive for it.
    trial.timer.unref();
  }

  /** One that runs already is not tried twice. */
  #hurry(name: string, trial: Trial): void {
    if (trial.timer === null) return;
    clearTimeout(trial.timer);
    this.#start(name, trial);
  }

  #start(name: string, trial: Trial): void {
    if (this.#end.signal.aborted) return;
    trial.timer = null;
    const running = this.#try(name, trial).finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  async #try(name: string, trial: Trial): Promise<void> {
    const { credentials, tryLogin, mayTry } = this.#deps;
    const candidate = credentials.candidate(name);
    // The next look, which follows every change, begins with what there is then.
    if (candidate?.credentialVersion !== trial.version) return this.#drop(name);
    if (mayTry(name)) {
      const refusal = await tryLogin(candidate, this.#end.signal);
      // Overtaken by a reload or the end.
      if (this.#trials.get(name) !== trial) return;
      if (refusal === null) {
        this.#drop(name);
        credentials.switchTo(candidate);
        return;
      }
      this.#note(candidate, trial, refusal);
      trial.triesInVain++;
    }
    this.#wait(name, trial);
  }

  #note(candidate: Account, trial: Trial, refusal: Refusal): void {
    if (!isRefusedLogin(refusal)) return;
    const { emit, credentials } = this.#deps;
    const { cause } = refusal;
    credentials.refused(candidate, cause);
    if (trial.told) return;
    trial.told = true;
    const detail = causeText(cause);
    const hint = 'It is tried again from time to time; the password in use is not concerned.';
    emit({
      is: 'credential.refused',
      account: candidate.name,
      slot: 'next_password',
      detail,
      hint,
    });
  }
}
