import {
  emptyQuota,
  ended,
  freeFrom,
  outFrom,
  type QuotaUse,
  recipientsMax,
  reserved,
  restored,
  underRates,
  usesOf,
} from '../policy/quota.ts';
import type { EventSink } from '../relay/events.ts';
import type { Clock, QueueStore } from '../relay/ports.ts';
import type { Quota, QuotaInstant, QuotaNow } from '../relay/quota.ts';
import type { QuotaRate } from '../relay/quota-rate.ts';
import type { Settings } from '../relay/settings.ts';
import { tellStoreFailure } from './store-failure.ts';

export interface QuotasDeps {
  readonly settings: () => Pick<Settings, 'accounts'>;
  readonly store: Pick<QueueStore, 'quotas' | 'saveQuota'>;
  readonly emit: EventSink;
  readonly clock: Clock;
  /** Milliseconds since the boot of the machine, which only grow. */
  readonly monotonic: () => number;
  readonly boot: string;
}

/** A right to one transaction. */
export interface Reservation {
  /**
   * Resolves when the reservation survives a crash; false: it could not be kept, and nothing may be
   * sent. True: there is nothing to keep.
   */
  readonly kept: true | Promise<boolean>;
  /** The transaction has ended; so many of its recipients were counted by the provider. */
  end(countedRecipients: number): void;
}

/** Where nothing is limited nothing is counted. */
const unlimited: Reservation = { kept: true, end: () => {} };

/**
 * The limiter of every account: one for all its connections. A transaction is reserved, the
 * reservation is kept, and only then anything is sent; so what a crash leaves behind is at least
 * what the provider knows of. Writes of one account follow one another, and what changed meanwhile
 * goes into the next.
 */
export class Quotas {
  readonly #deps: QuotasDeps;
  readonly #ledgers = new Map<string, Ledger>();

  constructor(deps: QuotasDeps) {
    this.#deps = deps;
  }

  /**
   * At start, before anything is reserved. After another boot the wall clock had to be believed: what
   * came of it is kept at once, so that a clock that is set later is not believed as well.
   */
  async resume(): Promise<void> {
    const now = this.#now();
    const kept: Promise<boolean>[] = [];
    for (const [name, quota] of await this.#deps.store.quotas()) {
      const ledger = this.#ledger(name);
      ledger.quota = restored(quota, now);
      if (quota.at.boot !== now.boot) kept.push(this.#keep(name, ledger));
    }
    await Promise.all(kept);
  }

  /** Recipients of one transaction at most. */
  recipientsMax(name: string): number {
    const limits = this.#deps.settings().accounts.get(name)?.limits;
    return limits === undefined ? 1 : recipientsMax(limits);
  }

  /** Null: the quota is used up now; `freeFrom` tells until when. */
  reserve(name: string, recipients: number): Reservation | null {
    const account = this.#deps.settings().accounts.get(name);
    if (account === undefined || account.limits.rate.length === 0) return unlimited;
    const { limits } = account;
    const ledger = this.#under(name, limits.rate);
    const now = this.#instant();
    if (freeFrom(ledger.quota, limits.rate, { recipients, ...now }) > now.nowMs) return null;
    ledger.quota = reserved(ledger.quota, recipients);
    return {
      kept: this.#keep(name, ledger),
      end: (counted) => {
        ledger.quota = ended(ledger.quota, { recipients, counted, nowMs: this.#nowMs() });
        void this.#keep(name, ledger);
      },
    };
  }

  /**
   * Wall-clock time from which a transaction for so many recipients fits, 0 when it does now.
   * Infinity: when something that runs has ended.
   */
  freeFrom(name: string, recipients: number): number {
    const limits = this.#deps.settings().accounts.get(name)?.limits;
    if (limits === undefined || limits.rate.length === 0) return 0;
    const now = this.#instant();
    const { quota } = this.#under(name, limits.rate);
    const one = Math.min(recipients, recipientsMax(limits));
    const fromMs = freeFrom(quota, limits.rate, { recipients: one, ...now });
    return fromMs <= now.nowMs ? 0 : fromMs + now.wallAheadMs;
  }

  /** What is used of each window of an account now. */
  uses(name: string): QuotaUse[] {
    const rates = this.#deps.settings().accounts.get(name)?.limits.rate ?? [];
    return usesOf(this.#under(name, rates).quota, rates, this.#instant());
  }

  /** Wall-clock time at which the last of so many may be sent, by the limits alone. */
  outFrom(name: string, units: number): number | null {
    const rates = this.#deps.settings().accounts.get(name)?.limits.rate ?? [];
    if (rates.length === 0 || units === 0) return null;
    const now = this.#instant();
    const outMs = outFrom(this.#under(name, rates).quota, rates, { units, ...now });
    return outMs + now.wallAheadMs;
  }

  /** Resolves when everything known so far is kept, or could not be. */
  async settled(): Promise<void> {
    await Promise.all([...this.#ledgers.values()].map(({ next, running }) => next ?? running));
  }

  #ledger(name: string): Ledger {
    const known = this.#ledgers.get(name);
    if (known !== undefined) return known;
    const quota = emptyQuota;
    const ledger: Ledger = { quota, rates: null, running: Promise.resolve(true), next: null };
    this.#ledgers.set(name, ledger);
    return ledger;
  }

  /** The ledger with the windows that the rates in force ask for. */
  #under(name: string, rates: readonly QuotaRate[]): Ledger {
    const ledger = this.#ledger(name);
    if (ledger.rates !== rates) {
      ledger.rates = rates;
      ledger.quota = underRates(ledger.quota, rates);
    }
    return ledger;
  }

  /** Joins the next write of the account. */
  #keep(name: string, ledger: Ledger): Promise<boolean> {
    ledger.next ??= ledger.running.then(() => {
      ledger.next = null;
      ledger.running = this.#write(name, ledger.quota);
      return ledger.running;
    });
    return ledger.next;
  }

  async #write(name: string, quota: Quota): Promise<boolean> {
    try {
      await this.#deps.store.saveQuota(name, { ...quota, at: this.#now() });
      return true;
    } catch (error) {
      tellStoreFailure(this.#deps.emit, error, `quota of ${name}`);
      return false;
    }
  }

  #nowMs(): number {
    return Math.floor(this.#deps.monotonic());
  }

  #instant(): QuotaNow {
    const nowMs = this.#nowMs();
    return { nowMs, wallAheadMs: Math.floor(this.#deps.clock()) - nowMs };
  }

  #now(): QuotaInstant {
    const { boot, clock } = this.#deps;
    return { boot, monotonicMs: this.#nowMs(), wallMs: Math.floor(clock()) };
  }
}

interface Ledger {
  quota: Quota;
  /** Those the quota has its windows for. */
  rates: readonly QuotaRate[] | null;
  /** The write on its way to the disk. */
  running: Promise<boolean>;
  /** The one that follows; it has not begun and takes everything along. */
  next: Promise<boolean> | null;
}
