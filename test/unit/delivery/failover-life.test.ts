import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Failover } from '../../../src/delivery/failover.ts';
import { Lane } from '../../../src/delivery/lane.ts';
import type { Quotas } from '../../../src/delivery/quotas.ts';
import { mayWork } from '../../../src/policy/lane-state.ts';
import type { AccountState } from '../../../src/relay/account.ts';
import type { RelayEvent } from '../../../src/relay/events.ts';
import { makeAccount, makeRoute, makeSettings } from './harness.ts';

const minuteMs = 60_000;
const afterMs = 10 * minuteMs;
const routes = [
  ['a', 'b'],
  ['b', 'c', 'a'],
] as const;

interface Mail {
  readonly accounts: readonly string[];
  lane: string;
  moves: number;
}

/** Accounts that stop and start, mail that waits, and only those occasions that delivery has. */
class World {
  nowMs = 1_795_000_000_000;
  readonly events: RelayEvent[] = [];
  readonly mail: Mail[];
  readonly lanes = new Map(['a', 'b', 'c'].map((name) => [name, new Lane(name, { is: 'open' })]));
  readonly failover: Failover;
  #alarms: number[] = [];

  constructor() {
    const names = [...this.lanes.keys()];
    const settings = makeSettings(
      names.map((name) => makeAccount(name, 1)),
      { routes: routes.map((accounts) => makeRoute('*', accounts)), failover: { afterMs } },
    );
    this.failover = new Failover({
      settings: () => settings,
      quotas: { freeFrom: () => 0 } as unknown as Quotas,
      emit: (event) => void this.events.push(event),
      clock: () => this.nowMs,
      lane: (name) => this.lane(name),
      onDue: (atMs) => void this.#alarms.push(atMs),
    });
    this.mail = [0, 1, 0, 1, 0, 1].map((which) => {
      const accounts = routes[which as 0 | 1];
      return { accounts, lane: accounts[0], moves: 0 };
    });
  }

  lane(name: string): Lane {
    const lane = this.lanes.get(name);
    if (lane === undefined) throw new Error(name);
    return lane;
  }

  set(name: string, state: AccountState): void {
    this.lane(name).state = state;
    this.failover.changed(name);
    this.settle();
  }

  /** Time passes from alarm to alarm. Returns how often it rang. */
  pass(byMs: number): number {
    const endMs = this.nowMs + byMs;
    let rung = 0;
    for (;;) {
      const next = Math.min(...this.#alarms.filter((atMs) => atMs > this.nowMs));
      if (next > endMs) break;
      this.nowMs = next;
      rung++;
      this.settle();
    }
    this.nowMs = endMs;
    this.settle();
    return rung;
  }

  /** Working lanes claim, the others are searched. */
  settle(): void {
    this.#alarms = this.#alarms.filter((atMs) => atMs > this.nowMs);
    for (const name of this.failover.due()) {
      this.#move(name);
      this.failover.searched(name, 0);
    }
    for (const [name, { state }] of this.lanes) {
      if (mayWork(state, this.nowMs)) this.#move(name);
    }
  }

  #move(name: string): void {
    for (const one of this.mail.filter(({ lane }) => lane === name)) {
      const { accounts, lane: current } = one;
      const lane = this.failover.choose({ accounts, current, recipients: 1 });
      if (lane !== current) one.moves++;
      one.lane = lane;
    }
  }
}

const step = fc.record({
  name: fc.constantFrom('a', 'b', 'c'),
  to: fc.constantFrom('open', 'held', 'paused', 'throttled' as const),
  passMs: fc.integer({ min: 0, max: 25 * minuteMs }),
});

function stateFor(to: 'open' | 'held' | 'paused' | 'throttled', nowMs: number): AccountState {
  const since = { detail: '', sinceMs: nowMs };
  if (to === 'open') return { is: 'open' };
  if (to === 'held') return { ...since, is: 'held', reason: 'tls', credentialVersion: '1' };
  const reason = to === 'paused' ? 'network' : 'throttled';
  return { ...since, is: 'paused', reason, untilMs: nowMs + 20 * minuteMs, strikes: 1 };
}

test('every message comes to rest with the first account that takes it, and then nothing stirs', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const world = new World();
      for (const { name, to, passMs } of steps) {
        world.set(name, stateFor(to, world.nowMs));
        world.pass(passMs);
      }
      world.pass(60 * minuteMs);
      for (const { accounts, lane } of world.mail) {
        const working = accounts.filter((name) => world.lane(name).state.is === 'open');
        const [first] = accounts.filter((name) => {
          return ['works', 'waits'].includes(world.failover.standing(name).is);
        });
        if (working.length > 0 && first !== undefined) {
          const probing = mayWork(world.lane(lane).state, world.nowMs);
          if (!probing) expect(lane).toBe(first);
        }
        expect(accounts).toContain(lane);
      }
      const moves = world.mail.map((one) => one.moves);
      expect(world.pass(1_000 * minuteMs)).toBe(0);
      const probes = world.mail.filter((one, at) => one.moves !== moves[at]);
      expect(probes.length).toBeLessThanOrEqual(3);
      // To and fro for each time that an account stopped or started, and no more. Here no probe ever
      // ends, so the same message may be one several times.
      for (const one of world.mail) expect(one.moves).toBeLessThanOrEqual(6 * steps.length + 6);
    }),
    { numRuns: 3_000 },
  );
});

test('all accounts open again: all mail is back, and every hand-over has ended', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 10 }), (steps) => {
      const world = new World();
      for (const { name, to, passMs } of steps) {
        world.set(name, stateFor(to, world.nowMs));
        world.pass(passMs);
      }
      for (const name of ['a', 'b', 'c']) world.set(name, { is: 'open' });
      world.pass(minuteMs);
      for (const { accounts, lane } of world.mail) expect(lane).toBe(accounts[0]);
      const said = (is: RelayEvent['is']) =>
        world.events
          .filter((event) => event.is === is)
          .map((event) => ('to' in event ? `${event.account} ${event.to}` : ''))
          .toSorted();
      expect(said('failover.ended')).toEqual(said('failover.used'));
    }),
    { numRuns: 3_000 },
  );
});
