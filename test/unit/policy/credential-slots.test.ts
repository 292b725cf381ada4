import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Secret } from '../../../src/lib/secret.ts';
import {
  accountInUse,
  candidateOf,
  forgiven,
  isWorthKeeping,
  nextTryInMs,
  onAccepted,
  onRefused,
  rememberedOf,
  switchedTo,
} from '../../../src/policy/credential-slots.ts';
import type { Account } from '../../../src/relay/account.ts';
import type { CredentialMemory } from '../../../src/relay/credential.ts';
import { account as makeAccount } from './fixtures.ts';

/** An account whose passwords are named as their versions. */
function having(current: string, next: string | null = null): Account {
  return {
    ...makeAccount('a'),
    password: new Secret(current),
    credentialVersion: current,
    next: next === null ? null : { password: new Secret(next), credentialVersion: next },
  };
}

const inUse = (account: Account, memory: CredentialMemory): string =>
  accountInUse(account, memory).password?.reveal() ?? '';

const known = (version: string, firstSeenAtMs: number) => ({
  version,
  firstSeenAtMs,
  lastAcceptedAtMs: null,
  refusedAtMs: null,
});

test('the next password is in use once it was accepted, and stays so over a restart', () => {
  const account = having('old', 'new');
  const first = rememberedOf(null, account, 10);
  expect(inUse(account, first)).toBe('old');
  expect(candidateOf(account, first)?.password?.reveal()).toBe('new');
  const after = switchedTo(first, 'new', 20);
  expect(inUse(account, after)).toBe('new');
  expect(candidateOf(account, after)).toBe(null);
  expect(rememberedOf(after, account, 30)).toBe(after);
});

test('moving it to password changes nothing but the place', () => {
  const both = having('old', 'new');
  const after = switchedTo(rememberedOf(null, both, 10), 'new', 20);
  const moved = having('new');
  const memory = rememberedOf(after, moved, 30);
  // Nothing to log in anew for: the account is the same to whoever uses it.
  expect(accountInUse(moved, memory)).toEqual(accountInUse(both, after));
  expect(memory.known).toEqual([{ ...known('new', 10), lastAcceptedAtMs: 20 }]);
});

test('a refused one gives way to the other, once; then both are refused', () => {
  const account = having('old', 'new');
  const first = rememberedOf(null, account, 10);
  const second = onRefused(first, 'old', 20);
  expect(inUse(account, second)).toBe('new');
  const third = onRefused(second, 'new', 30);
  expect(inUse(account, third)).toBe('new');
  expect(inUse(account, onRefused(forgiven(third), 'new', 40))).toBe('old');
});

test('a next one that was refused is no way out', () => {
  const account = having('old', 'new');
  const tried = onRefused(rememberedOf(null, account, 10), 'new', 20);
  expect(inUse(account, tried)).toBe('old');
  expect(inUse(account, onRefused(tried, 'old', 30))).toBe('old');
});

test('without a next one a refusal is a refusal', () => {
  const account = having('only');
  const after = onRefused(rememberedOf(null, account, 10), 'only', 20);
  expect(inUse(account, after)).toBe('only');
  expect(after.known).toEqual([{ ...known('only', 10), refusedAtMs: 20 }]);
});

test('one that leaves relay.yaml is forgotten; the age of the rest goes on', () => {
  const memory = switchedTo(rememberedOf(null, having('old', 'new'), 10), 'new', 20);
  const reverted = rememberedOf(memory, having('old', 'other'), 30);
  expect(reverted).toEqual({ inUse: 'old', known: [known('old', 10), known('other', 30)] });
});

test('a login alone is written down once an hour', () => {
  const memory = onAccepted(rememberedOf(null, having('p'), 0), 'p', 0);
  expect(isWorthKeeping(memory, onAccepted(memory, 'p', 3_599_999))).toBe(false);
  expect(isWorthKeeping(memory, onAccepted(memory, 'p', 3_600_000))).toBe(true);
  expect(isWorthKeeping(memory, onRefused(memory, 'p', 1))).toBe(true);
});

test('tries become rarer', () => {
  const minutes = [1, 2, 3, 4, 5, 6, 99].map((tries) => nextTryInMs(tries) / 60_000);
  expect(minutes).toEqual([5, 15, 60, 180, 360, 360, 360]);
});

type Step = { readonly is: 'accepted' | 'refused' | 'canary'; readonly version: string };
const version = fc.constantFrom('old', 'new');
const steps = fc.array(
  fc.record({
    is: fc.constantFrom('accepted', 'refused', 'canary'),
    version,
  }) as fc.Arbitrary<Step>,
);

test('whatever happens: in use is one of the two, and a refused one only when both are', () => {
  const account = having('old', 'new');
  fc.assert(
    fc.property(steps, (happened) => {
      let memory = rememberedOf(null, account, 0);
      for (const [at, { is, version: which }] of happened.entries()) {
        const before = memory;
        if (is === 'accepted') memory = onAccepted(memory, which, at);
        else if (is === 'refused') memory = onRefused(memory, which, at);
        else if (which === 'new') memory = switchedTo(memory, which, at);
        const used = memory.known.find((one) => one.version === memory.inUse);
        const others = memory.known.filter((one) => one !== used);
        expect(used).toBeDefined();
        // A refusal of the one in use leaves a refused one in use only when nothing else is left.
        if (is === 'refused' && which === before.inUse && used?.refusedAtMs !== null) {
          expect(others.every(({ refusedAtMs }) => refusedAtMs !== null)).toBe(true);
        }
        if (is === 'accepted') expect(memory.inUse).toBe(before.inUse);
      }
    }),
    { numRuns: 2_000 },
  );
});
