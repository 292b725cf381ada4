import { createHash } from 'node:crypto';
import { refusedSender, sendersOf } from '../policy/held-sender.ts';
import { planMessage } from '../policy/route.ts';
import { type Author, authorOf, sendsAs } from '../policy/sends-as.ts';
import type { Account } from '../relay/account.ts';
import type { EventSink, RelayEvent } from '../relay/events.ts';
import type { HeldSender, SendersReleased } from '../relay/held-sender.ts';
import type { Cause } from '../relay/outcome.ts';
import type { Clock, QueueStore } from '../relay/ports.ts';
import type { QueueFilter, Work } from '../relay/queue.ts';
import type { Settings } from '../relay/settings.ts';
import { sameAccount } from './account-identity.ts';
import { type Decision, heldForSender, wasInDoubt } from './disposition.ts';
import { causeText } from './outcome-text.ts';
import { tellStoreFailure } from './store-failure.ts';

export interface HeldSendersDeps {
  readonly settings: () => Settings;
  readonly store: QueueStore;
  readonly emit: EventSink;
  readonly clock: Clock;
  /** A sender was held: the account's mail in memory has to be looked through. */
  readonly onHeld: (account: string) => void;
}

type By = (RelayEvent & { is: 'sender.released' })['by'];

/**
 * The senders that accounts may not send as, kept over restarts. Their mail is held before an
 * attempt is made. Whoever ends a hold has the queue looked at afterwards.
 */
export class HeldSenders {
  readonly #deps: HeldSendersDeps;
  /** By account, then by address. */
  readonly #held = new Map<string, Map<string, HeldSender>>();

  constructor(deps: HeldSendersDeps) {
    this.#deps = deps;
  }

  /** At start, before the first attempt. */
  async resume(): Promise<void> {
    for (const held of await this.#deps.store.heldSenders())
      this.#of(held.account).set(held.sender, held);
  }

  /** Whether the account may not send this. What may have arrived once has its own way to an end. */
  stops(account: string, work: Work): boolean {
    return this.#find(account, work) !== null && !work.recipients.some(wasInDoubt);
  }

  /** What becomes of work that is stopped. */
  decisions(account: string, work: Work, nowMs: number): Decision[] {
    const held = this.#find(account, work);
    if (held === null) return [];
    return work.recipients.map((one) => heldForSender(one, held, { lane: account, nowMs }));
  }

  #find(name: string, work: Work): HeldSender | null {
    const held = this.#held.get(name);
    if (held === undefined || held.size === 0) return null;
    const senders = sendersOf(sentAs(work, name, this.#deps.settings()));
    return senders.map((address) => held.get(address)).find((one) => one !== undefined) ?? null;
  }

  /** Of one account, in the order in which they were held. */
  list(account: string): readonly HeldSender[] {
    return [...(this.#held.get(account)?.values() ?? [])];
  }

  /** The provider does not let the account send as the author, who is the one it was told. */
  hold(account: Account, author: Author, why: { cause: Cause; hint: string }): void {
    const { settings, emit, clock } = this.#deps;
    const current = settings().accounts.get(account.name);
    const sender = refusedSender(author, why.cause);
    // What a reload has replaced meanwhile says nothing about the new account.
    if (sender === null || current === undefined || !sameAccount(current, account)) return;
    const of = this.#of(account.name);
    if (of.has(sender)) return;
    const { hint } = why;
    const detail = causeText(why.cause);
    const standing = standingOf(current, settings());
    const held = { account: account.name, sender, detail, hint, sinceMs: clock(), standing };
    of.set(sender, held);
    emit({ is: 'sender.held', account: account.name, sender, detail, hint });
    void this.#keep(held);
    this.#deps.onHeld(account.name);
  }

  /**
   * The operator ends the hold of one sender, or with null of all: mail that is held because of its
   * sender waits again. Rejects with StoreError, then nothing has changed.
   */
  async release(account: string, sender: string | null): Promise<SendersReleased> {
    const wanted = sender?.toLowerCase() ?? null;
    const held = this.list(account).filter((one) => wanted === null || one.sender === wanted);
    return await this.#release({ account, sender: wanted }, held, 'operator');
  }

  /** The operator is about to release mail that matches: what would stop it again ends. */
  async lift(filter: QueueFilter): Promise<void> {
    for (const { account, sender } of await this.#deps.store.liftSenders(filter)) {
      this.#of(account).delete(sender);
      this.#deps.emit({ is: 'sender.released', account, sender, by: 'operator' });
    }
  }

  /** A configuration is in force that may have mended what a sender was held for. */
  async reloaded(): Promise<void> {
    const { settings } = this.#deps;
    for (const held of [...this.#held.values()].flatMap((of) => [...of.values()])) {
      const account = settings().accounts.get(held.account);
      if (account !== undefined && standingOf(account, settings()) === held.standing) continue;
      try {
        await this.#release(held, [held], 'reload');
      } catch (error) {
        this.#tell(error, held);
      }
    }
  }

  async #release(
    { account, sender }: { account: string; sender: string | null },
    held: readonly HeldSender[],
    by: By,
  ): Promise<SendersReleased> {
    const { store, clock, emit } = this.#deps;
    const of = this.#of(account);
    // Before the storage is asked: what is held from here on would miss its release.
    for (const one of held) of.delete(one.sender);
    try {
      const released = await store.releaseSenders({ account, sender, dueAtMs: clock() });
      for (const one of held) emit({ is: 'sender.released', account, sender: one.sender, by });
      return released;
    } catch (error) {
      for (const one of held) of.set(one.sender, one);
      throw error;
    }
  }

  #of(account: string): Map<string, HeldSender> {
    const known = this.#held.get(account);
    if (known !== undefined) return known;
    const of = new Map<string, HeldSender>();
    this.#held.set(account, of);
    return of;
  }

  /** In force at once; what cannot be kept is found out again after a restart. */
  async #keep(held: HeldSender): Promise<void> {
    try {
      await this.#deps.store.holdSender(held);
    } catch (error) {
      this.#tell(error, held);
    }
  }

  #tell(error: unknown, { account, sender }: HeldSender): void {
    tellStoreFailure(this.#deps.emit, error, `sender ${sender} of ${account}`);
  }
}

/** Who the account would send it as, by the route in force. */
function sentAs({ message, recipients }: Work, name: string, settings: Settings): Author {
  const account = settings.accounts.get(name);
  const author = authorOf(message);
  if (account === undefined) return author;
  const first = recipients[0]?.index ?? 0;
  const plan = planMessage(settings, message).find(({ indexes }) => indexes.includes(first));
  return sendsAs(account, plan?.route ?? null, author);
}

/**
 * A sender may be mended by other credentials, by other identities, or by routes that lead
 * elsewhere.
 */
function standingOf({ credentialVersion, identities }: Account, { routes }: Settings): string {
  // Where a route stands in the file says nothing about it.
  const where = routes.map((route) => ({ ...route, line: 0 }));
  const facts = JSON.stringify([credentialVersion, identities, where]);
  return createHash('sha256').update(facts).digest('base64url');
}
