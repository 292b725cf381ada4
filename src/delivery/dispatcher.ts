import { mayWork } from '../policy/lane-state.ts';
import type { Account } from '../relay/account.ts';
import type { Body } from '../relay/message.ts';
import type { Dispatch } from '../relay/ports.ts';
import { StoreError } from '../relay/ports.ts';
import type { Lease, Work } from '../relay/queue.ts';
import { sameAccount } from './account-identity.ts';
import { attempt } from './attempt.ts';
import type { DispatcherDeps } from './dispatcher-deps.ts';
import { type Decision, putBack } from './disposition.ts';
import { claimMax, type Item, Lane, leaseFrom, type Ready } from './lane.ts';
import { reroute } from './reroute.ts';
import { readBody, storageRestMs, withoutBody } from './stored-body.ts';

/** Leased mail that has to wait longer for the quota than this waits in the queue. */
const quotaWaitMsMax = 10_000;

/**
 * Brings leased work and connections together. Everything happens on an occasion: mail was
 * accepted, an attempt ended, a time came (`lookAt`), somebody changed a state. No message has a
 * timer of its own.
 */
export class Dispatcher implements Dispatch {
  readonly lanes = new Map<string, Lane>();
  readonly #deps: DispatcherDeps;
  readonly #busy = new Set<Promise<void>>();
  #stopping = false;

  constructor(deps: DispatcherDeps) {
    this.#deps = deps;
  }

  reserve(name: string, bytes: number): Lease | null {
    const account = this.#deps.settings().accounts.get(name);
    if (this.#stopping || account === undefined) return null;
    const nowMs = this.#deps.clock();
    const lane = this.lane(name);
    if (this.#quotaFromMs(lane) > nowMs || !lane.reserve(account, bytes, nowMs)) return null;
    return leaseFrom(this.#deps.owner, nowMs);
  }

  choose(accounts: readonly string[], recipients: number): string {
    return this.#deps.failover.choose({ accounts, current: null, recipients });
  }

  start(work: Work, body: Body): void {
    const name = work.recipients[0]?.lane ?? '';
    const lane = this.lane(name);
    lane.addFresh({ work, body });
    if (this.#stopping) this.evict(lane);
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
    if (atMs !== null) this.#lookFrom(Math.max(atMs, this.#quotaFromMs(lane)), nowMs);
  }

  /** What waits for something that runs is looked at when that has ended. */
  #lookFrom(atMs: number, nowMs: number): void {
    if (atMs > nowMs && Number.isFinite(atMs)) this.#deps.onDue(atMs);
  }

  /** When the quota has room for the lane's next message. */
  #quotaFromMs({ name, needs }: Lane): number {
    return this.#deps.quotas.freeFrom(name, needs);
  }

  /** Starts attempts while there is work and room, and claims more when the work runs low. */
  pump(lane: Lane): void {
    if (this.#stopping) return;
    const account = this.#deps.settings().accounts.get(lane.name);
    if (account === undefined) return;
    const nowMs = this.#deps.clock();
    const { quotas } = this.#deps;
    const next = () =>
      lane.next(account, nowMs, (recipients) => {
        return quotas.reserve(lane.name, Math.min(recipients, quotas.recipientsMax(lane.name)));
      });
    for (let ready = next(); ready !== null; ready = next()) {
      this.#track(this.#run(lane, account, ready));
    }
    const fromMs = this.#quotaFromMs(lane);
    if (fromMs <= nowMs) {
      if (lane.wantsClaim(account, nowMs)) this.#track(this.#claim(lane));
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
      this.#track(this.#settle(work, decisions));
    }
  }

  /** No attempt begins from now on; those running go on. */
  stop(): void {
    this.#stopping = true;
    for (const lane of this.lanes.values()) this.evict(lane);
  }

  /** Attempts that hold a connection or wait for one to open. */
  get running(): number {
    let running = 0;
    for (const lane of this.lanes.values()) running += lane.running;
    return running;
  }

  /** Resolves when nothing runs any more and everything decided is durable. */
  async idle(): Promise<void> {
    while (this.#busy.size > 0) await Promise.all(this.#busy);
  }

  async #run(lane: Lane, account: Account, { item, reservation }: Ready): Promise<void> {
    const body = item.body ?? (await readBody(this.#deps, item.work.message.id));
    if (body === null || body === 'unreadable') {
      reservation.end(0);
      this.#setAside(lane, item, body);
      return;
    }
    const end = await attempt(this.#deps.attempts, {
      account,
      work: item.work,
      body,
      reservation,
    });
    lane.done(item);
    lane.settling++;
    this.#track(
      end.settled.finally(() => {
        lane.settling--;
        this.pump(lane);
      }),
    );
    if (end.delivered) {
      lane.lastDeliveredAtMs = this.#deps.clock();
      this.#deps.states.succeeded(lane);
    }
    // A verdict on what a reload has replaced meanwhile says nothing about the new account.
    const current = this.#deps.settings().accounts.get(lane.name);
    const stopped = current !== undefined && sameAccount(current, account) ? end.stopped : null;
    if (stopped !== null && this.#deps.states.stop(lane, account, stopped)) {
      this.evict(lane);
      this.#look(lane);
    } else {
      this.pump(lane);
    }
  }

  #setAside(lane: Lane, item: Item, body: null | 'unreadable'): void {
    const { work } = item;
    const context = { lane: lane.name, nowMs: this.#deps.clock() };
    lane.done(item);
    const decisions = work.recipients.map((recipient) => withoutBody(recipient, body, context));
    this.#track(this.#settle(work, decisions).then(() => this.pump(lane)));
  }

  async #claim(lane: Lane): Promise<void> {
    const { store, owner, clock, onRanDry } = this.#deps;
    lane.claiming = true;
    // Mail that becomes due while the claim is under way is noted again.
    lane.dueAtMs = null;
    const nowMs = clock();
    const lease = leaseFrom(owner, nowMs);
    const query = { lane: lane.name, nowMs, lease, limit: claimMax };
    try {
      const works = await store.claim(query);
      if (works.length < claimMax) onRanDry();
      else lane.noteDue(nowMs);
      this.#addClaimed(lane, works);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      const { fault, message } = error;
      if (fault !== 'closed') this.#deps.emit({ is: 'store.failed', fault, detail: message });
      lane.noteDue(nowMs + storageRestMs);
    } finally {
      lane.claiming = false;
    }
    // Stopped while the claim was under way: what it brought goes back.
    if (this.#stopping || !mayWork(lane.state, clock())) this.evict(lane);
    this.#look(lane);
  }

  /** Queued mail follows the routes in force: what has another way now is handed over. */
  #addClaimed(lane: Lane, works: readonly Work[]): void {
    const { settings, clock, failover } = this.#deps;
    const context = { settings: settings(), choose: failover.choose, nowMs: clock() };
    const items: Item[] = [];
    for (const work of works) {
      const { stay, decisions } = reroute(work, lane.name, context);
      if (decisions.length > 0) this.#track(this.#settle(work, decisions));
      if (stay.length > 0) items.push({ work: { ...work, recipients: stay }, body: null });
    }
    lane.addClaimed(items);
  }

  #settle(work: Work, decisions: readonly Decision[]): Promise<void> {
    const rest = { attempt: null, body: null, dotSlot: null };
    return this.#deps.settler.settle({ work, decisions, ...rest });
  }

  #track(promise: Promise<void>): void {
    this.#busy.add(promise);
    void promise.finally(() => this.#busy.delete(promise));
  }
}
