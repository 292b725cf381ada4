import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { NextPasswords } from '../../../src/delivery/next-passwords.ts';
import type { Refusal } from '../../../src/delivery/refusal.ts';
import { Secret } from '../../../src/lib/secret.ts';
import type { RelayEvent } from '../../../src/relay/events.ts';
import { makeAccount, makeSettings } from './harness.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const minuteMs = 60_000;
const next = { password: new Secret('new'), credentialVersion: 'v2' };
const account = makeAccount('a', 587, { username: 'bob', credentialVersion: 'v1', next });
const candidate = { ...account, ...next, next: null };
const reply = { code: 535, detail: null, text: 'no' };
const refused: Refusal = {
  cause: { from: 'peer', phase: 'auth', reply },
  verdict: { scope: 'account', action: 'hold', reason: 'credentials', hint: '' },
};
const unreachable: Refusal = {
  cause: { from: 'network', phase: 'connect', fault: 'timeout', detail: 'no connection' },
  verdict: { scope: 'account', action: 'pause', reason: 'network', hint: '', waitsMs: [1] },
};

function makeTrials(answer: () => Refusal | null) {
  const seen = { tries: 0, refusals: 0, switched: 0, open: true };
  const events: RelayEvent[] = [];
  const trials = new NextPasswords({
    settings: () => makeSettings([account]),
    credentials: {
      candidate: () => (seen.switched > 0 ? null : candidate),
      switchTo: () => void seen.switched++,
      refused() {
        seen.refusals++;
        return false;
      },
    },
    async tryLogin() {
      seen.tries++;
      return answer();
    },
    mayTry: () => seen.open,
    emit: (event) => events.push(event),
  });
  return { trials, seen, events };
}

test('it is tried ever more rarely, and the refusal is said once', async () => {
  const { trials, seen, events } = makeTrials(() => refused);
  trials.look('at-once');
  await vi.advanceTimersByTimeAsync(0);
  expect(seen.tries).toBe(1);
  await vi.advanceTimersByTimeAsync(5 * minuteMs);
  expect(seen.tries).toBe(2);
  await vi.advanceTimersByTimeAsync(24 * 60 * minuteMs);
  expect(seen.tries).toBe(8);
  expect(seen.refusals).toBe(8);
  expect(events).toMatchObject([{ is: 'credential.refused', account: 'a', detail: '535 no' }]);
  // A reload: once more at once, and then as rarely as before.
  trials.look('at-once');
  trials.look('at-once');
  await vi.advanceTimersByTimeAsync(minuteMs);
  expect(seen.tries).toBe(9);
  expect(events).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(5 * 60 * minuteMs);
  expect(seen.tries).toBe(9);
  await trials.stop();
  expect(vi.getTimerCount()).toBe(0);
});

test('a server that cannot be reached says nothing about it', async () => {
  const { trials, seen, events } = makeTrials(() => (seen.tries < 3 ? unreachable : null));
  trials.look('at-once');
  await vi.advanceTimersByTimeAsync(60 * minuteMs);
  expect(seen).toMatchObject({ tries: 3, refusals: 0, switched: 1 });
  expect(events).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
  await trials.stop();
});

test('an account that is stopped for something else is left alone, and tried when it is not', async () => {
  const { trials, seen } = makeTrials(() => null);
  seen.open = false;
  trials.look('at-once');
  await vi.advanceTimersByTimeAsync(24 * 60 * minuteMs);
  expect(seen.tries).toBe(0);
  seen.open = true;
  await vi.advanceTimersByTimeAsync(5 * minuteMs);
  expect(seen.switched).toBe(1);
  await trials.stop();
});

test('after a refusal it is not tried at once', async () => {
  const { trials, seen } = makeTrials(() => null);
  trials.look('later');
  await vi.advanceTimersByTimeAsync(4 * minuteMs);
  expect(seen.tries).toBe(0);
  await vi.advanceTimersByTimeAsync(minuteMs);
  expect(seen.switched).toBe(1);
  await trials.stop();
});
