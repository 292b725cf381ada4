import { mayWork, worksFrom } from '../policy/lane-state.ts';
import type { Account, AccountState } from '../relay/account.ts';
import { type Body, memoryBodyBytesMax } from '../relay/message.ts';
import type { Lease, QueuedRecipient, Work } from '../relay/queue.ts';
import type { AttemptEnd } from './attempt-contract.ts';
import type { Permit } from './permits.ts';

/** Messages that every lane may have waiting in memory besides those that have a connection. */
const backlogMax = 100;
/** Bodies of fresh mail that a lane keeps in memory at once. */
const bodyBytesMax = 16 * 1024 * 1024;
/** Settlements on their way to the disk beyond which no further attempt begins. */
const settlingMax = 200;
/** Messages leased from the queue at a time. */
export const claimMax = 50;

/** Leased work on its way to an attempt. */
export interface Item {
  readonly work: Work;
  /** Null: still in the queue. */
  readonly body: Body | null;
}

/** An item whose turn it is, with its right to a first transaction. */
export interface Ready {
  readonly item: Item;
  readonly permit: Permit;
}

/** A right to a transaction for so many recipients; null: not now. */
export type Reserve = (recipients: number) => Permit | null;

/**
 * The work waiting for one account: what is in memory, what is known of the rest, and whether the
 * account may work. A lane decides nothing about time on its own: it is asked what it could do now,
 * and when to look at it again.
 *
 * Room is counted in three steps: `reserve` (the message is being accepted), `add` (it waits for a
 * connection), `next` (an attempt runs). Fresh mail and mail claimed from the queue take turns, so
 * that neither starves.
 */
export class Lane {
  readonly name: string;
  state: AccountState;
  /** Earliest due time of mail in the queue, as far as known. Null: nothing is due at any time. */
  dueAtMs: number | null = null;
  claiming = false;
  running = 0;
  settling = 0;
  lastDeliveredAtMs: number | null = null;
  /** Messages tried for the first time since the last delivery. */
  failuresInARow = 0;
  /** Attempts at once that its upstream bears, beyond what the account allows. */
  connectionsMax = Number.POSITIVE_INFINITY;
  /** Recipients of the next message as far as known: what the quota has to have room for. */
  needs = 1;
  /** The last look at what waits ended for want of a permit. */
  refused = false;
  /** When a message was last sent here to find out whether the account works again. */
  probeSentAtMs = Number.NEGATIVE_INFINITY;
  /** When one was last claimed for that. */
  probedAtMs = Number.NEGATIVE_INFINITY;

  #fresh: Item[] = [];
  #claimed: Item[] = [];
  #reserved = 0;
  #bodyBytes = 0;
  #freshTurn = true;
  /** What goes out behind an item on its connection, until that is done. */
  readonly #behind = new Map<Item, Item>();

  constructor(name: string, state: AccountState) {
    this.name = name;
    this.state = state;
  }

  /**
   * Takes a place for a message that is being accepted. `isRoom` is asked when the lane has its own
   * share.
   */
  reserve(account: Account, bytes: number, nowMs: number, isRoom: () => boolean): boolean {
    // A paused lane whose time has come is probed with what waits, not flooded with what arrives.
    if (this.state.is !== 'open' || !mayWork(this.state, nowMs)) return false;
    const inMemory = heldBytes(bytes);
    const messages = this.running + this.#fresh.length + this.#reserved;
    if (messages >= account.limits.connections + backlogMax && !isRoom()) return false;
    if (this.#bodyBytes + inMemory > bodyBytesMax) return false;
    this.#reserved++;
    this.#bodyBytes += inMemory;
    return true;
  }

  cancel(bytes: number): void {
    this.#reserved--;
    this.#bodyBytes -= heldBytes(bytes);
  }

  /** The reserved message was accepted. */
  addFresh(item: Item): void {
    this.#reserved--;
    this.#fresh.push(item);
  }

  addClaimed(items: readonly Item[]): void {
    this.#claimed.push(...items);
  }

  /**
   * The next message for an attempt, or null when none may begin now. The caller calls `done` for
   * it. What the quota refuses stays first: small messages do not overtake it for ever.
   */
  next(account: Account, nowMs: number, reserve: Reserve): Ready | null {
    this.refused = false;
    if (!mayWork(this.state, nowMs) || this.settling >= settlingMax) return null;
    if (this.connections >= (this.state.is === 'open' ? this.#most(account) : 1)) return null;
    const item = this.#from()[0];
    if (item === undefined) return null;
    const permit = reserve(item.work.recipients.length);
    this.needs = permit === null ? item.work.recipients.length : 1;
    this.refused = permit === null;
    if (permit === null) return null;
    this.#begin();
    return { item, permit };
  }

  /** What would be next, and is in memory, if the connection that carries a message was free. */
  peekBehind(account: Account): Item | null {
    if (this.state.is !== 'open' || this.settling >= settlingMax) return null;
    return this.connections > this.#most(account) ? null : (this.#from()[0] ?? null);
  }

  /** What `peekBehind` gave goes out behind `leader`. */
  takeBehind(leader: Item, item: Item): void {
    this.#begin();
    this.#behind.set(leader, item);
  }

  #begin(): void {
    this.#from().shift();
    this.#freshTurn = !this.#freshTurn;
    this.running++;
  }

  /** It was not sent after all, and is the next. */
  giveBack(item: Item): void {
    for (const [leader, behind] of this.#behind) if (behind === item) this.#behind.delete(leader);
    this.running--;
    this.#fresh.unshift(item);
  }

  /** In use, or about to be. */
  get connections(): number {
    return this.running - this.#behind.size;
  }

  #most({ limits }: Account): number {
    return Math.min(limits.connections, this.connectionsMax);
  }

  #from(): Item[] {
    const isFresh = this.#freshTurn ? this.#fresh.length > 0 : this.#claimed.length === 0;
    return isFresh ? this.#fresh : this.#claimed;
  }

  /** What an attempt for these says of deliveries; one that stops the account is told as such. */
  tried(
    recipients: readonly Pick<QueuedRecipient, 'attempts'>[],
    { delivered, stopped }: Pick<AttemptEnd, 'delivered' | 'stopped'>,
    nowMs: number,
  ): void {
    if (delivered) {
      this.lastDeliveredAtMs = nowMs;
      this.failuresInARow = 0;
    } else if (stopped === null && recipients.every(({ attempts }) => attempts === 0)) {
      this.failuresInARow++;
    }
  }

  /** The attempt is over and its connection free. */
  done(item: Item): void {
    this.running--;
    this.#behind.delete(item);
    this.#letGo(item);
    // A size that was announced wrongly must not take room for ever.
    if (this.inFlight === 0) this.#bodyBytes = 0;
  }

  /** Whether mail should be claimed from the queue now: something is due and memory runs low. */
  wantsClaim(account: Account, nowMs: number): boolean {
    if (this.claiming || !mayWork(this.state, nowMs)) return false;
    if (this.dueAtMs === null || this.dueAtMs > nowMs) return false;
    return this.#claimed.length < Math.min(account.limits.connections, claimMax);
  }

  /** Mail waits in the queue and is due at this time. */
  noteDue(dueAtMs: number): void {
    if (this.dueAtMs === null || dueAtMs < this.dueAtMs) this.dueAtMs = dueAtMs;
  }

  /** Whether messages wait in memory. */
  get hasItems(): boolean {
    return this.#fresh.length + this.#claimed.length > 0;
  }

  /** Whether nothing waits that could go out now, and nothing runs. */
  isIdle(nowMs: number): boolean {
    const busy = this.hasItems || this.claiming || this.running + this.settling > 0;
    return !busy && (this.dueAtMs === null || this.dueAtMs > nowMs);
  }

  /** When the lane has to be looked at again although nothing happens; null: never. */
  wakeAtMs(nowMs: number): number | null {
    if (this.dueAtMs === null) return null;
    const from = worksFrom(this.state, nowMs);
    return from === null ? null : Math.max(from, this.dueAtMs);
  }

  /** Takes what has no attempt yet, all of it or what is wanted, to be put back into the queue. */
  evict(wanted: (work: Work) => boolean = () => true): Item[] {
    const items = [...this.#fresh, ...this.#claimed].filter(({ work }) => wanted(work));
    this.#fresh = this.#fresh.filter(({ work }) => !wanted(work));
    this.#claimed = this.#claimed.filter(({ work }) => !wanted(work));
    for (const item of items) this.#letGo(item);
    return items;
  }

  /** Messages in memory: reserved, waiting for a connection, or running. */
  get inFlight(): number {
    return this.#reserved + this.#fresh.length + this.#claimed.length + this.running;
  }

  #letGo({ work, body }: Item): void {
    if (body !== null) this.#bodyBytes -= heldBytes(work.message.bytes);
  }
}

/** Larger bodies are in the spool and take no memory. */
function heldBytes(bytes: number): number {
  return bytes > memoryBodyBytesMax ? 0 : bytes;
}

/**
 * How long a lease is good for. It has to outlast the backlog; a crash is noticed by its owner, not
 * by time.
 */
const leaseMs = 2 * 3_600_000;

export function leaseFrom(owner: Lease['owner'], nowMs: number): Lease {
  return { owner, untilMs: nowMs + leaseMs };
}
