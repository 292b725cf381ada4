import fc from 'fast-check';
import { expect, test } from 'vitest';
import { reroute } from '../../../src/delivery/reroute.ts';
import { firstToTake, standingOf } from '../../../src/policy/failover.ts';
import type { AccountState } from '../../../src/relay/account.ts';
import type { Message } from '../../../src/relay/message.ts';
import type { QueuedRecipient, Work } from '../../../src/relay/queue.ts';
import { makeAccount, makeRoute, makeSettings, owner } from './harness.ts';

const nowMs = 1_795_000_000_000;
const afterMs = 600_000;
const names = ['a', 'b', 'c'] as const;
const held: AccountState = {
  ...{ is: 'held', reason: 'credentials', detail: '535', sinceMs: nowMs - afterMs },
  credentialVersion: '1',
};

const recipient = (index: number, state: QueuedRecipient['state'], lane: string) => ({
  ...{ index, state, lane, attempts: 0, dueAtMs: nowMs, delayWarned: false },
  ...{ lastText: null, lastReason: null },
});

const given = fc.record({
  states: fc.array(fc.constantFrom('waiting', 'in-doubt', 'held' as const), {
    minLength: 1,
    maxLength: 5,
  }),
  lane: fc.constantFrom(...names),
  down: fc.subarray([...names]),
  identities: fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
  route: fc.shuffledSubarray([...names], { minLength: 1 }),
  other: fc.shuffledSubarray([...names], { minLength: 1 }),
});

test('one way for each recipient; no other account for what is in doubt; nobody unauthorised', () => {
  fc.assert(
    fc.property(given, ({ states, lane, down, identities, route, other }) => {
      const settings = makeSettings(
        names.map((name, place) =>
          makeAccount(name, 1, { identities: [identities[place] ? '@x.example' : '@y.example'] }),
        ),
        {
          routes: [{ ...makeRoute('*', other), recipient: '0@d.example' }, makeRoute('*', route)],
          failover: { afterMs },
        },
      );
      const recipients = states.map((state, index) => recipient(index, state, lane));
      const message = {
        ...{ id: '0123456789a', client: 'app', from: null, boundAccount: null, routeSender: null },
        envelope: {
          reversePath: 's@x.example',
          recipients: states.map((_, index) => ({ forwardPath: `${index}@d.example` })),
        },
        ...{ routeHeaders: {}, bytes: 10, acceptedAtMs: 0, expiresAtMs: nowMs + 1 },
      } as unknown as Message;
      const work: Work = { message, recipients, lease: { owner, untilMs: nowMs } };
      const standing = (name: string) => {
        const state: AccountState = down.includes(name as never) ? held : { is: 'open' };
        return standingOf({ state, roomAtMs: 0, mayProbe: true }, { afterMs, nowMs });
      };
      const choose = (asked: { accounts: readonly string[]; current: string | null }): string =>
        firstToTake(asked.accounts, standing, asked.current) ?? '';
      const { stay, decisions } = reroute(work, lane, { settings, choose, nowMs });

      const placed = [...stay, ...decisions.map((decision) => decision.recipient)];
      expect(placed.map(({ index }) => index).sort()).toEqual(states.map((_, index) => index));
      for (const { index } of stay.filter(({ state }) => state !== 'in-doubt')) {
        const may = index === 0 ? other : route;
        expect(may).toContain(lane);
        expect(identities[names.indexOf(lane)]).toBe(true);
      }
      for (const { recipient: one, becomes } of decisions) {
        expect(one.state).not.toBe('in-doubt');
        if (becomes.is !== 'waiting') continue;
        const way = one.index === 0 ? other : route;
        expect(way).toContain(becomes.lane);
        expect(identities[names.indexOf(becomes.lane as never)]).toBe(true);
        expect(becomes).toMatchObject({ counted: false });
        expect(becomes.lane).not.toBe(lane);
      }
    }),
    { numRuns: 2_000 },
  );
});
