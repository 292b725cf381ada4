import {
  CAUGHT,
  isEvidence,
  mayConcernAccount,
  onRefusal,
  refusalText,
} from '../policy/safety-net.ts';
import type { Account, AccountState } from '../relay/account.ts';
import type { EventSink } from '../relay/events.ts';
import type { Message } from '../relay/message.ts';
import type { Clock, QueueStore } from '../relay/ports.ts';
import type { Refusals } from '../relay/refusals.ts';
import type { Result } from './judge.ts';
import { tellStoreFailure } from './store-failure.ts';

export interface SafetyNetDeps {
  readonly store: Pick<QueueStore, 'refusals' | 'saveRefusals'>;
  readonly emit: EventSink;
  readonly clock: Clock;
  /** Of the account's lane, now. */
  readonly stateOf: (account: string) => AccountState;
}

/**
 * Counts per account what was refused for good since it last delivered, over restarts. When the
 * same words come for message after message, the account is held, and what is refused from then on
 * is put back: see policy/safety-net.
 */
export class SafetyNet {
  readonly #deps: SafetyNetDeps;
  readonly #refusals = new Map<string, Refusals>();
  #writes: Promise<void> = Promise.resolve();

  constructor(deps: SafetyNetDeps) {
    this.#deps = deps;
  }

  /** At start, before the first attempt. */
  async resume(): Promise<void> {
    for (const [name, refusals] of await this.#deps.store.refusals()) {
      this.#refusals.set(name, refusals);
    }
  }

  /** The results of one transaction, with what is caught stopped instead of bounced. */
  catch(account: Account, message: Message, results: Result[]): Result[] {
    const { name } = account;
    if (results.some(({ is }) => is === 'delivered')) {
      this.forget(name);
      return results;
    }
    const caught = results.map((result) => refusalIn(result, account));
    const text = caught.find((one) => one !== null) ?? null;
    if (text === null) return results;
    // Transactions that ran beside the one that tripped it end after the account was held.
    const state = this.#deps.stateOf(name);
    const heldAlready = state.is === 'held' && state.reason !== 'operator';
    if (!this.#count(account, message, text) && !heldAlready) return results;
    return results.map((result, at) => {
      if (result.is !== 'bounced' || caught[at] === null) return result;
      return { is: 'stopped', cause: result.cause, verdict: CAUGHT };
    });
  }

  /** True: the account is to be held. */
  #count({ name, credentialVersion }: Account, { id, envelope }: Message, text: string): boolean {
    const before = this.#refusals.get(name) ?? null;
    if (!isEvidence(before, envelope.reversePath, text)) return false;
    const refused = { id, text, nowMs: this.#deps.clock() };
    const { refusals, trips } = onRefusal(before, refused, credentialVersion);
    this.#keep(name, refusals);
    return trips;
  }

  /** It delivers, or somebody has seen to it: the next refusal is the first. */
  forget(name: string): void {
    if (this.#refusals.has(name)) this.#keep(name, null);
  }

  /** Resolves when everything counted is kept, or could not be. */
  async settled(): Promise<void> {
    await this.#writes;
  }

  /** A count that cannot be kept is at worst counted anew after a restart. */
  #keep(name: string, refusals: Refusals | null): void {
    if (refusals === null) this.#refusals.delete(name);
    else this.#refusals.set(name, refusals);
    const { store, emit } = this.#deps;
    this.#writes = this.#writes.then(async () => {
      try {
        await store.saveRefusals(name, refusals);
      } catch (error) {
        tellStoreFailure(emit, error, `refusals of ${name}`);
      }
    });
  }
}

/** The words that a recipient was refused with for good; null: they say nothing of the account. */
function refusalIn(result: Result, { replyRules }: Account): string | null {
  if (result.is !== 'bounced' || result.cause.from !== 'peer') return null;
  const { phase, reply } = result.cause;
  const { reason } = result;
  return mayConcernAccount({ phase, reply, reason }, replyRules) ? refusalText(reply) : null;
}
