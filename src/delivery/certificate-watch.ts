import {
  currentCertificate,
  nextStepAtMs,
  onHandshake,
  onTime,
  type Watched,
} from '../policy/certificate-watch.ts';
import type { Account } from '../relay/account.ts';
import type {
  CertificateMemory,
  RememberedCertificate,
  SeenCertificate,
} from '../relay/certificate.ts';
import type { EventSink } from '../relay/events.ts';
import type { Clock, QueueStore } from '../relay/ports.ts';
import type { Settings } from '../relay/settings.ts';
import { tellStoreFailure } from './store-failure.ts';

export interface CertificateWatchDeps {
  readonly settings: () => Settings;
  readonly store: QueueStore;
  readonly emit: EventSink;
  readonly clock: Clock;
}

/** Looked at this often even when nothing is due: the wall clock may have been set meanwhile. */
const lookEveryMs = 86_400_000;

/**
 * Remembers what the upstreams' handshakes showed, over restarts, and says when a certificate or an
 * exception is about to end. What is worth saying is policy/certificate-watch's business.
 */
export class CertificateWatch {
  readonly #deps: CertificateWatchDeps;
  readonly #memories = new Map<string, CertificateMemory>();
  /** Accounts whose memory the storage could not keep; tried again at the next look. */
  readonly #unsaved = new Set<string>();
  #timer: NodeJS.Timeout | null = null;
  #saves: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(deps: CertificateWatchDeps) {
    this.#deps = deps;
  }

  /** At start: reads what earlier runs have seen, and says what has become due since. */
  async resume(): Promise<void> {
    for (const [name, memory] of await this.#deps.store.certificates()) {
      this.#memories.set(name, memory);
    }
    this.look();
  }

  /** Time has passed, or the configuration is another one. */
  look(): void {
    const { settings, clock } = this.#deps;
    // One reading of the clock: a step must not become due between looking and waiting for it.
    const nowMs = clock();
    for (const name of this.#unsaved) this.#save(name);
    for (const [name, account] of settings().accounts) {
      this.#take(name, onTime(this.#memories.get(name) ?? null, account, nowMs));
    }
    this.#wait(nowMs);
  }

  /** A handshake for the account showed this certificate. */
  readonly saw = (account: Account, seen: SeenCertificate): void => {
    // An attempt that a reload has overtaken may still be on its way to the former server.
    const current = this.#deps.settings().accounts.get(account.name);
    if (current?.host !== account.host || current.port !== account.port) return;
    const before = this.#memories.get(account.name) ?? null;
    const nowMs = this.#deps.clock();
    const watched = onHandshake(before, seen, current, nowMs);
    this.#take(account.name, watched);
    if (watched.changed) this.#wait(nowMs);
  };

  /** The certificate that the account's server showed last; null: none yet. */
  current(name: string): RememberedCertificate | null {
    const account = this.#deps.settings().accounts.get(name);
    const memory = this.#memories.get(name);
    if (account === undefined || memory?.server !== `${account.host}:${account.port}`) return null;
    return currentCertificate(memory);
  }

  /** Resolves when everything seen is kept. */
  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#saves;
  }

  #take(name: string, { memory, events, changed }: Watched): void {
    this.#memories.set(name, memory);
    for (const event of events) this.#deps.emit(event);
    if (changed) this.#save(name);
  }

  /** Sleeps until the earliest step of any account, a day at most. */
  #wait(nowMs: number): void {
    if (this.#stopped) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    const steps = [...this.#deps.settings().accounts].map(([name, account]) =>
      nextStepAtMs(this.#memories.get(name) ?? null, account, nowMs),
    );
    const waits = steps.flatMap((atMs) => (atMs === null ? [] : [atMs - nowMs]));
    this.#timer = setTimeout(() => this.look(), Math.min(lookEveryMs, ...waits));
    // The relay does not stay alive for it.
    this.#timer.unref();
  }

  #save(name: string): void {
    this.#saves = this.#saves.then(async () => {
      const memory = this.#memories.get(name);
      if (memory === undefined) return;
      try {
        await this.#deps.store.rememberCertificates(name, memory);
        this.#unsaved.delete(name);
      } catch (error) {
        tellStoreFailure(this.#deps.emit, error, `certificates of ${name}`);
        this.#unsaved.add(name);
      }
    });
  }
}
