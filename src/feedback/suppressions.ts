import type { Clock, QueueStore } from '../relay/ports.ts';
import {
  type Suppression,
  type SuppressionKey,
  type SuppressionLookup,
  suppressionAddress,
} from '../relay/suppression.ts';

export interface SuppressionsDeps {
  readonly store: Pick<QueueStore, 'suppressions' | 'suppress' | 'unsuppress' | 'expireFeedback'>;
  readonly clock: Clock;
}

const pageMax = 5_000;

/** The suppression list in memory, as the storage keeps it: every RCPT and every attempt asks. */
export class Suppressions implements SuppressionLookup {
  readonly #deps: SuppressionsDeps;
  readonly #entries = new Map<string, readonly Suppression[]>();

  constructor(deps: SuppressionsDeps) {
    this.#deps = deps;
  }

  /** At start, before mail is taken or sent. */
  async restore(): Promise<void> {
    let after: SuppressionKey | null = null;
    do {
      const page: readonly Suppression[] = await this.#deps.store.suppressions({
        after,
        limit: pageMax,
      });
      for (const entry of page) this.put(entry);
      after = page.length < pageMax ? null : (page.at(-1) ?? null);
    } while (after !== null);
  }

  /** Addresses. */
  get size(): number {
    return this.#entries.size;
  }

  has(forwardPath: string): boolean {
    return this.#entries.size > 0 && this.of(forwardPath).length > 0;
  }

  find(forwardPath: string, accounts: readonly string[]): Suppression | null {
    if (this.#entries.size === 0) return null;
    const nowMs = this.#deps.clock();
    const found = this.of(forwardPath).find(
      ({ account, untilMs }) =>
        (account === null || accounts.includes(account)) && (untilMs === null || nowMs < untilMs),
    );
    return found ?? null;
  }

  /** All of an address, also those whose time is over. */
  of(forwardPath: string): readonly Suppression[] {
    return this.#entries.get(suppressionAddress(forwardPath) ?? '') ?? [];
  }

  /** Rejects with StoreError; then nothing has changed. */
  async add(entries: readonly Suppression[]): Promise<void> {
    await this.#deps.store.suppress(entries);
    for (const entry of entries) this.put(entry);
  }

  /** How many there were. Rejects with StoreError; then nothing has changed. */
  async remove(keys: readonly SuppressionKey[]): Promise<number> {
    const removed = await this.#deps.store.unsuppress(keys);
    for (const key of keys) this.#drop(key);
    return removed;
  }

  /** What the storage has already. */
  put(entry: Suppression): void {
    this.#drop(entry);
    this.#entries.set(entry.address, [...(this.#entries.get(entry.address) ?? []), entry]);
  }

  /** Forgets what is over. Rejects with StoreError. */
  async expire(): Promise<void> {
    const nowMs = this.#deps.clock();
    await this.#deps.store.expireFeedback(nowMs);
    for (const entry of [...this.#entries.values()].flat()) {
      if (entry.untilMs !== null && entry.untilMs <= nowMs) this.#drop(entry);
    }
  }

  #drop({ address, account }: SuppressionKey): void {
    const left = this.#entries.get(address)?.filter((one) => one.account !== account) ?? [];
    if (left.length === 0) this.#entries.delete(address);
    else this.#entries.set(address, left);
  }
}
