import { endsBefore } from '../lib/ends-before.ts';
import { mayWork } from '../policy/lane-state.ts';
import { lastDeliveries } from '../policy/last-deliveries.ts';
import type { Cause } from '../relay/outcome.ts';
import type { Dispatch } from '../relay/ports.ts';
import type { Flushed, QueueFilter, Work } from '../relay/queue.ts';
import type { Settings } from '../relay/settings.ts';
import { type AccountControl, accountControl } from './account-control.ts';
import { assemble, type DeliveryDeps, type DeliveryParts } from './delivery-parts.ts';
import type { HeldSenders } from './held-senders.ts';
import type { HoldRules } from './hold-rules.ts';
import type { LoginControl } from './logins.ts';
import { type MailControl, mailControl } from './mail-control.ts';
import type { RelayPauses } from './relay-pause.ts';
import { tellStoreFailure } from './store-failure.ts';
import type { Traces } from './traces.ts';

/** The way out. `reserve`, `start`, `cancel` and `wake` take mail from submission; see Dispatch. */
export interface Delivery extends Dispatch, AccountControl, LoginControl, MailControl {
  /** At start, after store.recover: reads account states and due times, and begins. */
  resume(): Promise<void>;
  /** After the settings were swapped: opens what was mended, moves queued mail to its new ways. */
  reload(settings: Settings): Promise<void>;
  /**
   * Reads the queue and does what is due now: waiting mail was changed from outside, for instance
   * released.
   */
  look(): Promise<void>;
  /** When delivery will look by itself; null: nothing is scheduled. */
  nextLookAtMs(): number | null;
  /** After store.flush: the accounts it resumed work again and its lanes begin at once. */
  flushed(flushed: Pick<Flushed, 'accountsResumed' | 'lanes'>): Promise<void>;
  /** Whom accounts may not send as. After a change of it `look` sets the mail in motion. */
  readonly senders: Pick<HeldSenders, 'list' | 'release' | 'lift'>;
  /** Rules for mail to come. */
  readonly holds: Pick<HoldRules, 'current' | 'add' | 'remove'>;
  /** All delivery, stopped and let go. */
  readonly pauses: Pick<RelayPauses, 'current' | 'pause' | 'resume'>;
  /** Dialogues with upstreams, live. */
  readonly traces: Pick<Traces, 'watch'>;
  /** Bounces up to `limit` messages that match, with a notification each. */
  bounceMatching(filter: QueueFilter, reason: string, limit: number): Promise<Touched>;
  /** Removes everything that matches without telling the sender. */
  removeMatching(filter: QueueFilter): Promise<Touched>;
  /** Ends leased work with a bounce. */
  settleByOperator(works: readonly Work[], cause: Cause): Promise<void>;
  /**
   * Begins nothing more and waits for what runs; after so many milliseconds, or at the signal, that
   * is cut off. Then all leases are given back. `aborted` counts the attempts cut off.
   */
  drain(cut: number | AbortSignal): Promise<{ readonly aborted: number }>;
}

export interface Touched {
  readonly recipients: number;
  readonly messages: number;
}

/** Messages ended in one go by an operator. */
const operatorBatch = 100;
/** Messages of the history that are asked at start when accounts last delivered. */
const recentMessages = 500;
/**
 * How long settlements of attempts that were cut off may take before the leases are left to the
 * next start.
 */
const settleGraceMs = 3_000;

export function openDelivery(deps: DeliveryDeps): Delivery {
  const parts = assemble(deps);
  return {
    ...intake(parts),
    ...parts.logins.control,
    ...life(parts),
    ...accountControl(parts),
    ...queueControl(parts),
    ...mailControl(parts),
    senders: parts.senders,
    holds: parts.holds,
    pauses: parts.pauses,
    traces: parts.traces,
  };
}

function intake({ dispatcher, keeper }: DeliveryParts): Dispatch {
  return {
    choose: (accounts, recipients) => dispatcher.choose(accounts, recipients),
    reserve: (lane, bytes) => dispatcher.reserve(lane, bytes),
    start: (work, body) => dispatcher.start(work, body),
    cancel: (lane, bytes) => dispatcher.cancel(lane, bytes),
    wake(lane, dueAtMs) {
      keeper.noteMail();
      dispatcher.wake(lane, dueAtMs);
    },
  };
}

type Life = Pick<Delivery, 'resume' | 'reload' | 'look' | 'nextLookAtMs' | 'drain'>;

function life(parts: DeliveryParts): Life {
  const { deps, pool, states, certificates, logins, quotas, permits, dispatcher, keeper } = parts;
  const { net, senders, failover, holds, pauses } = parts;
  const { store, settings, clock } = deps;
  const openMended = (accounts: Settings['accounts']): void => {
    for (const [name, account] of accounts) {
      states.reloaded(dispatcher.lane(name), account);
      failover.changed(name);
    }
  };
  return {
    async resume() {
      const steering = await store.steering();
      pauses.restore(steering.pause);
      holds.restore(steering.rules);
      for (const [name, state] of await store.accountStates()) dispatcher.lane(name).state = state;
      await recallDeliveries(parts);
      await Promise.all([quotas.resume(), net.resume(), senders.resume(), logins.resume()]);
      // What was mended while the relay was down counts like a reload.
      openMended(settings().accounts);
      await senders.reloaded();
      pool.follow(settings().accounts);
      await certificates.resume();
      logins.look();
      await keeper.clampAtStart();
      await keeper.look();
    },

    async reload() {
      const { accounts } = settings();
      pool.follow(accounts);
      permits.follow(accounts);
      openMended(accounts);
      certificates.look();
      await senders.reloaded();
      logins.look();
      const nowMs = clock();
      const stuck = [...dispatcher.lanes.values()].filter(
        ({ name, state }) => !accounts.has(name) || !mayWork(state, nowMs),
      );
      for (const lane of stuck) dispatcher.evict(lane);
      await keeper.reroute(stuck.map(({ name }) => name));
      await keeper.look();
    },

    look: () => keeper.look(),
    nextLookAtMs: () => keeper.nextLookAtMs,

    async drain(cut) {
      dispatcher.stop();
      pool.stop();
      pauses.stop();
      holds.stop();
      await keeper.stop();
      const signal = typeof cut === 'number' ? AbortSignal.timeout(cut) : cut;
      const ended = dispatcher.idle().then(async () => {
        await Promise.all([quotas.settled(), net.settled()]);
      });
      const inTime = await endsBefore(ended, signal);
      pool.tokens.end();
      const aborted = inTime ? 0 : dispatcher.running;
      if (!inTime) pool.abort();
      const kept = Promise.all([ended, certificates.stop(), logins.stop()]).then(() => {});
      await endsBefore(kept, AbortSignal.timeout(settleGraceMs));
      return { aborted };
    },
  };
}

/** When accounts last delivered, from before this start. Mail does not hang on knowing it. */
async function recallDeliveries({ deps, dispatcher }: DeliveryParts): Promise<void> {
  const { accounts } = deps.settings();
  try {
    const recent = await deps.store.history({ limit: recentMessages, before: null });
    for (const [name, atMs] of lastDeliveries(recent)) {
      if (accounts.has(name)) dispatcher.lane(name).lastDeliveredAtMs = atMs;
    }
  } catch (error) {
    tellStoreFailure(deps.emit, error, 'last deliveries');
  }
}

type QueueControl = Pick<
  Delivery,
  'flushed' | 'bounceMatching' | 'removeMatching' | 'settleByOperator'
>;

function queueControl(parts: DeliveryParts): QueueControl {
  const { deps, states, logins, dispatcher, housekeeping, keeper } = parts;
  return {
    async flushed({ accountsResumed, lanes }) {
      for (const name of accountsResumed) {
        states.cleared(dispatcher.lane(name));
        logins.mended(name);
      }
      for (const name of lanes) dispatcher.wake(name, deps.clock());
      await keeper.look();
    },

    bounceMatching: (filter, reason, limit) =>
      housekeeping.endMatching(filter, { as: 'bounced', reason, limit }),

    async removeMatching(filter) {
      const reason = 'removed by the operator';
      let [recipients, messages] = [0, 0];
      for (;;) {
        const how = { as: 'removed', reason, limit: operatorBatch } as const;
        const batch = await housekeeping.endMatching(filter, how);
        recipients += batch.recipients;
        messages += batch.messages;
        if (batch.messages < operatorBatch) return { recipients, messages };
      }
    },

    settleByOperator: (works, cause) => housekeeping.bounceWorks(works, cause),
  };
}
