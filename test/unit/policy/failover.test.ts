import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AccountFacts, firstToTake, standingOf } from '../../../src/policy/failover.ts';
import { onSuccess, onVerdict } from '../../../src/policy/lane-state.ts';
import { planLanes } from '../../../src/policy/route.ts';
import { hold, pause, WAITS } from '../../../src/policy/verdicts.ts';
import type { AccountState } from '../../../src/relay/account.ts';
import { account, queue, routes } from './fixtures.ts';

const T0 = 1_795_000_000_000;
const afterMs = 600_000;
const runs = { numRuns: 2_000 };

type Stopped<Is> = Extract<AccountState, { is: Is }>;
const paused = (over: Partial<Stopped<'paused'>> = {}): AccountState => ({
  ...{ is: 'paused', untilMs: T0 + 3_600_000, reason: 'quota', detail: '', sinceMs: T0 },
  strikes: 1,
  ...over,
});
const held = (over: Partial<Stopped<'held'>> = {}): AccountState => ({
  ...{ is: 'held', reason: 'credentials', detail: '', sinceMs: T0, credentialVersion: '1' },
  ...over,
});
const facts = (state: AccountState, roomAtMs = 0): AccountFacts => ({
  state,
  roomAtMs,
  mayProbe: true,
});
const at = (nowMs: number, state: AccountState, roomAtMs = 0) =>
  standingOf(facts(state, roomAtMs), { afterMs, nowMs });

describe('one account', () => {
  test('hands over when it has been held or paused for long enough', () => {
    for (const state of [paused(), held()]) {
      expect(at(T0 + afterMs - 1, state)).toMatchObject({ is: 'waits', changesAtMs: T0 + afterMs });
      expect(at(T0 + afterMs, state)).toMatchObject({ is: 'down' });
    }
    expect(at(T0 + afterMs, held({ reason: 'operator' })).is).toBe('down');
  });

  test('is probed when its time has come, by one', () => {
    const state = paused({ untilMs: T0 + afterMs + 1 });
    expect(at(T0 + afterMs, state)).toMatchObject({ is: 'down', changesAtMs: T0 + afterMs + 1 });
    expect(at(T0 + afterMs + 1, state).is).toBe('probe');
    const busy = { ...facts(state), mayProbe: false };
    expect(standingOf(busy, { afterMs, nowMs: T0 + afterMs + 1 }).is).toBe('down');
  });

  test('waits out what is merely too fast; a rule may say otherwise, either way', () => {
    const late = T0 + 100 * afterMs;
    expect(at(late, paused({ reason: 'throttled', untilMs: late + 1 })).is).toBe('waits');
    const may = { reason: 'throttled', untilMs: late + 1, mayFailOver: true };
    expect(at(late, paused(may)).is).toBe('down');
    expect(at(late, paused({ untilMs: late + 1, mayFailOver: false })).is).toBe('waits');
    expect(at(late, held({ mayFailOver: false })).is).toBe('waits');
  });

  test('is full when its own limits have no room for long enough', () => {
    const open: AccountState = { is: 'open' };
    expect(at(T0, open, T0 + afterMs - 1).is).toBe('works');
    expect(at(T0, open, T0 + afterMs)).toMatchObject({ is: 'down', reason: 'quota' });
    // What waits for something that runs is not full.
    expect(at(T0, open, Number.POSITIVE_INFINITY).is).toBe('works');
  });

  test('counts from its first failure, whatever the reasons were one after the other', () => {
    let state: AccountState = { is: 'open' };
    const fails = (reason: 'network' | 'upstream', nowMs: number) => {
      const context = { nowMs, dice: 0.5, credentialVersion: '1', detail: '' };
      state = onVerdict(state, pause(reason, WAITS[reason]), context);
    };
    fails('network', T0);
    fails('upstream', T0 + 300_000);
    fails('network', T0 + 599_000);
    expect(at(T0 + afterMs, state).is).toBe('down');
    const context = { nowMs: T0 + afterMs, dice: 0.5, credentialVersion: '1', detail: '' };
    expect(onVerdict(state, hold('credentials'), context)).toMatchObject({ is: 'held' });
    expect(onSuccess(state, T0 + 10 * afterMs)).toEqual({ is: 'open' });
  });

  test('keeps what a rule said about taking over with its state', () => {
    const context = { nowMs: T0, dice: 0.5, credentialVersion: '1', detail: '' };
    const verdict = { ...pause('quota', WAITS.quota), mayFailOver: false } as const;
    expect(onVerdict({ is: 'open' }, verdict, context)).toMatchObject({ mayFailOver: false });
    expect(onVerdict({ is: 'open' }, hold('tls'), context)).not.toHaveProperty('mayFailOver');
  });
});

const arbitraryState: fc.Arbitrary<AccountState> = fc.oneof(
  fc.constant<AccountState>({ is: 'open' }),
  fc
    .record({
      sinceMs: fc.integer({ min: T0 - 2 * afterMs, max: T0 }),
      lastsMs: fc.integer({ min: 1, max: 3 * afterMs }),
      reason: fc.constantFrom('quota', 'network', 'throttled'),
      mayFailOver: fc.option(fc.boolean(), { nil: undefined }),
    })
    .map(({ lastsMs, mayFailOver, ...rest }) =>
      paused({
        ...rest,
        untilMs: rest.sinceMs + lastsMs,
        ...(mayFailOver === undefined ? {} : { mayFailOver }),
      }),
    ),
  fc.integer({ min: T0 - 2 * afterMs, max: T0 }).map((sinceMs) => held({ sinceMs })),
);

const names = ['a', 'b', 'c', 'd'];
const arbitraryFacts: fc.Arbitrary<AccountFacts> = fc.record({
  state: arbitraryState,
  roomAtMs: fc.oneof(fc.constant(0), fc.integer({ min: T0, max: T0 + 2 * afterMs })),
  mayProbe: fc.boolean(),
});
const arbitraryRoute = fc.shuffledSubarray(names, { minLength: 1 });
const standings = (all: readonly AccountFacts[], nowMs: number) => (name: string) => {
  const one = all[names.indexOf(name)];
  if (one === undefined) throw new Error(name);
  return standingOf(one, { afterMs, nowMs });
};
const fourFacts = fc.array(arbitraryFacts, { minLength: 4, maxLength: 4 });
const current = fc.option(fc.constantFrom(...names), { nil: null });

describe('the accounts of a route', () => {
  test('always the earliest that does not hand over, and none before its time', () => {
    fc.assert(
      fc.property(fourFacts, arbitraryRoute, current, (all, route, lane) => {
        const standing = standings(all, T0);
        const taker = firstToTake(route, standing, lane) ?? '';
        expect(route).toContain(taker);
        const before = route.slice(0, route.indexOf(taker));
        const isDown = standing(taker).is === 'down';
        if (!isDown) expect(before.every((name) => standing(name).is === 'down')).toBe(true);
        for (const name of isDown ? route : before) {
          const { state, roomAtMs } = all[names.indexOf(name)] as AccountFacts;
          if (state.is === 'open') expect(roomAtMs).toBeGreaterThanOrEqual(T0 + afterMs);
          else expect(T0 - state.sinceMs).toBeGreaterThanOrEqual(afterMs);
        }
      }),
      runs,
    );
  });

  test('stable: who has taken it takes it again, as long as nothing changes', () => {
    fc.assert(
      fc.property(fourFacts, arbitraryRoute, current, (all, route, lane) => {
        const standing = standings(all, T0);
        const taker = firstToTake(route, standing, lane);
        expect(firstToTake(route, standing, taker)).toBe(taker);
      }),
      runs,
    );
  });

  test('returns: the first account takes its mail back as soon as it works', () => {
    fc.assert(
      fc.property(fourFacts, arbitraryRoute, current, (all, route, lane) => {
        const [first = ''] = route;
        const mended = all.map((one, at) =>
          names[at] === first ? { ...one, state: { is: 'open' } as const, roomAtMs: 0 } : one,
        );
        expect(firstToTake(route, standings(mended, T0), lane)).toBe(first);
      }),
      runs,
    );
  });

  test('an answer holds until the time it names', () => {
    fc.assert(
      fc.property(arbitraryFacts, fc.integer({ min: 1, max: afterMs }), (one, laterMs) => {
        const now = standingOf(one, { afterMs, nowMs: T0 });
        const until = now.changesAtMs ?? Number.POSITIVE_INFINITY;
        expect(until).toBeGreaterThan(T0);
        const nowMs = Math.min(T0 + laterMs, until - 1);
        expect(standingOf(one, { afterMs, nowMs })).toEqual(now);
        if (Number.isFinite(until)) {
          expect(standingOf(one, { afterMs, nowMs: until })).not.toEqual(now);
        }
      }),
      runs,
    );
  });
});

describe('who may take a message at all', () => {
  const senders = ['x@a.example', 'y@b.example'];
  const arbitraryAccount = fc.record({
    identities: fc.subarray(['@a.example', 'y@b.example', '@c.example']),
    messageBytes: fc.option(fc.integer({ min: 1, max: 200 }), { nil: null }),
  });

  test('never one whose identities do not cover reverse-path and From', () => {
    fc.assert(
      fc.property(
        fc.array(arbitraryAccount, { minLength: 4, maxLength: 4 }),
        arbitraryRoute,
        fc.record({ reversePath: fc.constantFrom('', ...senders), from: fc.subarray(senders) }),
        (given, route, { reversePath, from }) => {
          const accounts = new Map(
            names.map((name, place) => {
              const { identities = [], messageBytes = null } = given[place] ?? {};
              const plain = account(name, identities);
              return [name, { ...plain, limits: { ...plain.limits, messageBytes } }] as const;
            }),
          );
          const settings = { queue, accounts, routes: routes({ action: route }) };
          const author = { reversePath, from, own: false, bytes: 100 };
          const one = { client: 'app', sender: reversePath, boundAccount: null, headers: {} };
          const [plan] = planLanes(settings, { ...one, author, recipients: ['r@x.example'] });
          const covers = (name: string) => {
            const { identities } = accounts.get(name) ?? account(name);
            const addresses = [reversePath, ...from].filter((address) => address !== '');
            return addresses.every(
              (address) =>
                identities.length === 0 ||
                identities.includes(address) ||
                identities.includes(address.replace(/^.*@/, '@')),
            );
          };
          const fits = (name: string) =>
            (accounts.get(name)?.limits.messageBytes ?? Number.POSITIVE_INFINITY) >= 100;
          const may = route.filter(covers);
          const fit = may.filter(fits);
          expect(plan?.accounts).toEqual(fit.length > 0 ? fit : may);
        },
      ),
      runs,
    );
  });

  test('a notification of ours leaves by the first account whatever its From is', () => {
    const accounts = new Map([
      ['a', account('a', ['@a.example'])],
      ['b', account('b', ['@b.example'])],
      ['c', account('c')],
    ]);
    const settings = { queue, accounts, routes: routes({ action: ['a', 'b', 'c'] }) };
    const author = { reversePath: '', from: ['relay@relay.example'], own: true, bytes: 100 };
    const one = { client: 'app', sender: 'x@a.example', boundAccount: null, headers: {} };
    const [plan] = planLanes(settings, { ...one, author, recipients: ['x@a.example'] });
    expect(plan?.accounts).toEqual(['a', 'c']);
  });
});
