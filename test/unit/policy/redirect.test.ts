import fc from 'fast-check';
import { expect, test } from 'vitest';
import { redirection } from '../../../src/policy/redirect.ts';
import { REASON_CLASSES, type ReasonClass } from '../../../src/relay/outcome.ts';
import type { RecipientState } from '../../../src/relay/queue.ts';

const STATES: readonly RecipientState[] = ['waiting', 'leased', 'in-doubt', 'held', 'quarantined'];
const to = (lane: string) => ({ action: 'deliver', lane }) as const;
const rejected = { action: 'reject', lane: null } as const;
const byRoutes = { to: null, force: false };
const bound = { to: 'ses', force: false };
const forced = { to: 'ses', force: true };

function one(state: RecipientState, some: { lane?: string | null; reason?: ReasonClass } = {}) {
  const { lane = 'gmail', reason = null } = some;
  return { index: 0, state, lane, lastReason: reason };
}

function moves(was: RecipientState, becomes: RecipientState) {
  return { is: 'moves', lane: 'ses', step: { index: 0, was, becomes } };
}

test.each([
  [
    'waits, and its route is another',
    one('waiting'),
    to('ses'),
    byRoutes,
    moves('waiting', 'waiting'),
  ],
  ['waits where it should', one('waiting'), to('gmail'), byRoutes, { is: 'stays' }],
  ['waits without a route', one('waiting'), rejected, byRoutes, { is: 'without-account' }],
  [
    'was held without a route',
    one('held', { reason: 'no-route' }),
    to('ses'),
    byRoutes,
    moves('held', 'waiting'),
  ],
  [
    'never had an account',
    one('held', { lane: null }),
    to('ses'),
    byRoutes,
    moves('held', 'waiting'),
  ],
  [
    'is held for its sender elsewhere',
    one('held', { reason: 'sender' }),
    to('ses'),
    byRoutes,
    moves('held', 'waiting'),
  ],
  [
    'is held for its sender here',
    one('held', { reason: 'sender', lane: 'ses' }),
    to('ses'),
    byRoutes,
    { is: 'stays' },
  ],
  [
    'is held by an operator',
    one('held', { reason: 'operator' }),
    to('ses'),
    byRoutes,
    moves('held', 'held'),
  ],
  [
    'is held and has no route',
    one('held', { reason: 'no-route' }),
    rejected,
    byRoutes,
    { is: 'stays' },
  ],
  ['may have been delivered', one('in-doubt'), to('ses'), byRoutes, { is: 'in-doubt' }],
  ['the same, by name', one('in-doubt'), undefined, bound, { is: 'in-doubt' }],
  ['the same, with force', one('in-doubt'), undefined, forced, moves('in-doubt', 'in-doubt')],
  [
    'is bound to where it waits',
    one('waiting', { lane: 'ses' }),
    undefined,
    bound,
    moves('waiting', 'waiting'),
  ],
  [
    'is held for want of a route, by name',
    one('held', { reason: 'no-route' }),
    undefined,
    bound,
    moves('held', 'waiting'),
  ],
  ['is being sent', one('leased'), to('ses'), byRoutes, { is: 'stays' }],
  ['cannot be read', one('quarantined'), undefined, bound, { is: 'stays' }],
] as const)('%s', (_, recipient, plan, direction, expected) => {
  expect(redirection(recipient, plan, direction)).toEqual(expected);
});

test('in doubt never leaves its account without force, and stays in doubt', () => {
  fc.assert(
    fc.property(
      fc.record({
        index: fc.nat(9),
        state: fc.constantFrom(...STATES),
        lane: fc.constantFrom('gmail', 'ses', null),
        lastReason: fc.constantFrom(...REASON_CLASSES, null),
      }),
      fc.constantFrom(to('ses'), to('gmail'), rejected, undefined),
      fc.record({ to: fc.constantFrom('ses', null), force: fc.boolean() }),
      (recipient, plan, direction) => {
        const fate = redirection(recipient, plan, direction);
        if (fate.is !== 'moves') return;
        expect(fate.step).toMatchObject({ index: recipient.index, was: recipient.state });
        const doubtful = recipient.state === 'in-doubt';
        expect(fate.step.becomes === 'in-doubt').toBe(doubtful);
        if (doubtful) expect(direction).toEqual({ to: 'ses', force: true });
        expect(fate.lane).toBe(direction.to ?? plan?.lane);
      },
    ),
    { numRuns: 1_000 },
  );
});
