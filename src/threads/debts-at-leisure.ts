import type { Engine } from '../queue/engine.ts';
import type { Operation } from '../queue/operations.ts';

/** How long the history of mail that was delivered may wait for company. */
const waitMs = 50;
/** As many rows cost the next batch a few milliseconds. */
const debtsMax = 200;

/**
 * Lets the history of several commits be one transaction. Only where nothing but accepting and
 * delivering was done, fresh or from the queue: of what was given up or ordered, the history may be the only witness.
 */
export class DebtsAtLeisure {
  readonly #engine: Pick<Engine, 'settleDebts' | 'debts'>;
  readonly #paid: () => void;
  #timer: NodeJS.Timeout | null = null;

  /** `paid` is called when a timer has paid. */
  constructor(engine: Pick<Engine, 'settleDebts' | 'debts'>, paid: () => void) {
    this.#engine = engine;
    this.#paid = paid;
  }

  /** Call after every batch. */
  worked(operations: readonly Operation[]): void {
    const debts = this.#engine.debts();
    if (debts === 0) return;
    if (debts >= debtsMax || !operations.every(isPlain)) this.#engine.settleDebts();
    else this.#timer ??= setTimeout(() => this.#turn(), waitMs);
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #turn(): void {
    this.#timer = null;
    this.#engine.settleDebts();
    this.#paid();
  }
}

function isPlain([name, given]: Operation): boolean {
  if (name === 'lease.claim' || name === 'message.body') return true;
  if (name === 'message.accept') return given.every((row) => row[5] === 'leased');
  if (name !== 'lease.settle') return false;
  return given[2].every(([, , outcome]) => outcome === 'delivered') && given[4].length === 0;
}
