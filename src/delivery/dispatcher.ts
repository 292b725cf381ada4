import { mayWork } from '../policy/lane-state.ts';
import type { Account } from '../relay/account.ts';
import type { Body } from '../relay/message.ts';
import type { Dispatch } from '../relay/ports.ts';
import type { Lease, Work } from '../relay/queue.ts';
import { stopsAfter, type Tried } from './after-attempt.ts';
import { Attempt } from './attempt.ts';
import type { AttemptEnd, AttemptGiven } from './attempt-contract.ts';
import { begunBehind } from './behind.ts';
import { claim } from './claim.ts';
import type { DispatcherDeps } from './dispatcher-deps.ts';
import { type Decision, putBack } from './disposition.ts';
import { type Item, Lane, leaseFrom, type Ready, type Reserve } from './lane.ts';
import { readied } from './readied.ts';
import { UnderWay } from './under-way.ts';

/** Leased mail that has to wait longer for the quota than this waits in the queue. */
const quotaWaitMsMax = 10_000;
/** Messages in memory of all lanes up to which one may have more than its share: a burst for one. */
const sharedMax = 1_000;

/**
 * Brings leased work and connections together. Everything happens on an occasion: mail was
 * accepted, an attempt ended, a time came (`lookAt`), somebody changed a state. No message has a
 * timer of its own.
 */
export class Dispatcher implements Dispatch {
  readonly lanes = new Map<string, Lane>();
  readonly #deps: DispatcherDeps;
  /** Attempts, claims, and decisions on their way to the disk. */
  readonly #underWay = new UnderWay();
  #stopping = false;

  constructor(deps: DispatcherDeps) {
    this.#deps = deps;
  }

  reserve(name: string, bytes: number): Lease | null {
    const account = this.#deps.settings().accounts.get(name);
    if (this.#isStopped || account === undefined) return null;
    const nowMs = this.#deps.clock();
    const lane = this.lane(name);
    if (this.#freeFromMs(lane) > nowMs) return null;
    if (!lane.reserve(account, bytes, nowMs, () => this.#inFlight < sharedMax)) return null;
    return leaseFrom(this.#deps.owner, nowMs);
  }

  get #inFlight(): number {
    return [...this.lanes.values()].reduce((messages, lane) => messages + lane.inFlight, 0);
  }

  choose(accounts: readonly string[], recipients: number): string {
    return this.#deps.failover.choose({ accounts, current: null, recipients });
  }

  start(work: Work, body: Body): void {
    const name = work.recipients[0]?.lane ?? '';
    const lane = this.lane(name);
    lane.addFresh({ work, body });
    this.holdSenders(lane, (one) => one === work);
    if (this.#isStopped) this.evict(lane);
    else this.pump(lane);
  }

  cancel(name: string, bytes: number): void {
    this.lane(name).cancel(bytes);
  }

  wake(name: string, dueAtMs: number): void {
    const lane = this.lane(name);
    lane.noteDue(dueAtMs);
    this.#look(lane);
  }

  lane(name: string): Lane {
    const known = this.lanes.get(name);
    if (known !== undefined) return known;
    const lane = new Lane(name, { is: 'open' });
    this.lanes.set(name, lane);
    return lane;
  }

  /** Due times were changed in the queue: they are learned anew. */
  forgetDue(): void {
    for (const lane of this.lanes.values()) lane.dueAtMs = null;
  }

  /** Does what is due now, and asks to be called again for what is not. */
  lookAt(): void {
    for (const lane of this.lanes.values()) this.#look(lane);
  }

  #look(lane: Lane): void {
    this.pump(lane);
    const nowMs = this.#deps.clock();
    const atMs = lane.wakeAtMs(nowMs);
    if (atMs !== null) this.#lookFrom(Math.max(atMs, this.#freeFromMs(lane)), nowMs);
  }

  /** What waits for something that runs is looked at when that has ended. */
  #lookFrom(atMs: number, nowMs: number): void {
    if (atMs > nowMs && Number.isFinite(atMs)) this.#deps.onDue(atMs);
  }

  /** When the lane's next message may go, by quota and pace. */
  #freeFromMs({ name, needs }: Lane): number {
    return this.#deps.permits.freeFrom(name, needs);
  }

  /** Starts attempts while there is work and room, and claims more when the work runs low. */
  pump(lane: Lane): void {
    if (this.#isStopped) return;
    const account = this.#deps.settings().accounts.get(lane.name);
    if (account === undefined) return;
    const { permits, clock } = this.#deps;
    const nowMs = clock();
    lane.connectionsMax = permits.connectionsMax(account);
    const reserve: Reserve = (recipients) => permits.reserve(lane.name, recipients);
    const next = (): Ready | null => lane.next(account, nowMs, reserve);
    for (let ready = next(); ready !== null; ready = next()) {
      this.#underWay.track(this.#run(lane, account, ready));
    }
    const fromMs = this.#freeFromMs(lane);
    if (fromMs <= nowMs) {
      // Its time came between the two questions.
      if (lane.refused) this.#lookFrom(nowMs + 1, nowMs);
      else if (lane.wantsClaim(account, nowMs)) this.#underWay.track(this.#claim(lane));
      else if (lane.isIdle(nowMs)) permits.idle(lane.name);
      return;
    }
    const atMs = lane.hasItems ? nowMs : lane.wakeAtMs(nowMs);
    if (atMs !== null) this.#lookFrom(Math.max(atMs, fromMs), nowMs);
    if (!Number.isFinite(fromMs) || fromMs <= nowMs + quotaWaitMsMax) return;
    this.evict(lane);
    if (lane.dueAtMs !== null) this.#deps.failover.rested(lane.name);
  }

  /** Gives the work in memory back to the queue. */
  evict(lane: Lane): void {
    const nowMs = this.#deps.clock();
    for (const { work } of lane.evict()) {
      const context = { lane: lane.name, nowMs };
      const decisions = work.recipients.map((recipient) => putBack(recipient, context));
      this.#settle(work, decisions);
    }
  }

  /** No attempt begins from now on; those running go on. */
  stop(): void {
    this.#stopping = true;
    this.evictAll();
  }

  evictAll(): void {
    for (const lane of this.lanes.values()) this.evict(lane);
  }

  get #isStopped(): boolean {
    return this.#stopping || this.#deps.isPaused();
  }

  /** Attempts that hold a connection or wait for one to open. */
  get running(): number {
    return [...this.lanes.values()].reduce((running, lane) => running + lane.running, 0);
  }

  /** Resolves when nothing runs any more and everything decided is durable. */
  idle(): Promise<void> {
    return this.#underWay.nothing();
  }

  async #run(lane: Lane, account: Account, { item, permit }: Ready): Promise<void> {
    const begunAtMs = this.#deps.monotonic();
    const ready = readied(this.#deps, lane.name, item);
    const { go, aside } = ready instanceof Promise ? await ready : ready;
    if (go === null) {
      permit.end(0);
      lane.done(item);
      this.#settle(item.work, aside, () => this.pump(lane));
      return;
    }
    if (aside.length > 0) this.#settle(item.work, aside);
    const given = { account, ...go, follow: this.#follow(lane, item) };
    const end = await new Attempt(this.#deps.attempts, given).run(permit);
    this.#tried(lane, { account, item, work: go.work, begunAtMs }, end);
  }

  /** Begins an attempt behind another on its connection. */
  #follow(lane: Lane, leader: Item): AttemptGiven['follow'] {
    return (connection) => {
      const account = this.#deps.settings().accounts.get(lane.name);
      if (this.#isStopped || account === undefined) return null;
      const follow = (item: Item) => this.#follow(lane, item);
      const begun = begunBehind(this.#deps, { lane, account, leader, connection }, follow);
      if (begun === null) return null;
      const { tried, behind } = begun;
      const onEnd = (end: AttemptEnd | null): Promise<void> | void =>
        end === null ? this.#undone(lane, tried.item) : this.#tried(lane, tried, end);
      this.#underWay.track(behind.end.then(onEnd));
      return behind.follower;
    };
  }

  /** What came of the message before it decides whether this one goes on another connection. */
  async #undone(lane: Lane, item: Item): Promise<void> {
    lane.giveBack(item);
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#isStopped || !mayWork(lane.state, this.#deps.clock())) this.evict(lane);
    this.#look(lane);
  }

  #tried(lane: Lane, tried: Tried, end: AttemptEnd): void {
    const stops = stopsAfter(this.#deps, lane, tried, end);
    lane.settling++;
    const onSettled = (): void => {
      lane.settling--;
      this.pump(lane);
    };
    this.#underWay.track(end.settled.then(onSettled));
    if (stops) {
      this.evict(lane);
      this.#look(lane);
    } else this.pump(lane);
  }

  async #claim(lane: Lane): Promise<void> {
    await claim(this.#deps, lane, (work, decisions) => this.#settle(work, decisions));
    this.holdSenders(lane);
    // Stopped while the claim was under way: what it brought goes back.
    if (this.#isStopped || !mayWork(lane.state, this.#deps.clock())) this.evict(lane);
    this.#look(lane);
  }

  /** What is in memory of senders that the account may not send as is held without an attempt. */
  holdSenders(lane: Lane, isAsked: (work: Work) => boolean = () => true): void {
    const { senders, clock } = this.#deps;
    if (senders.list(lane.name).length === 0) return;
    for (const { work } of lane.evict((one) => isAsked(one) && senders.stops(lane.name, one))) {
      this.#settle(work, senders.decisions(lane.name, work, clock()));
    }
  }

  #settle(work: Work, decisions: readonly Decision[], onSettled: () => void = () => {}): void {
    this.#underWay.track(this.#deps.settler.settleUntried(work, decisions).then(onSettled));
  }
}
