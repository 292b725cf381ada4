import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Result } from '../../../src/queue/transactions.ts';
import { IndexAtLeisure } from '../../../src/threads/index-at-leisure.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function engineWith(rows: number, answer: () => Result = () => ({ ok: true, value: 0 })) {
  const engine = {
    left: rows,
    stretches: 0,
    unindexed: () => engine.left,
    outside: () => {
      engine.stretches += 1;
      const result = answer();
      if (result.ok) engine.left = Math.max(0, engine.left - 25);
      return result;
    },
  };
  return engine;
}

test('stretch by stretch, after a rest, and then no timer is left', () => {
  const engine = engineWith(60);
  new IndexAtLeisure(engine).worked(3);
  vi.advanceTimersByTime(999);
  expect(engine.stretches).toBe(0);
  vi.advanceTimersByTime(1);
  expect(engine.stretches).toBe(1);
  vi.runAllTimers();
  expect(engine).toMatchObject({ left: 0, stretches: 3 });
  expect(vi.getTimerCount()).toBe(0);
});

test('nothing to index: no timer', () => {
  new IndexAtLeisure(engineWith(0)).worked(10);
  expect(vi.getTimerCount()).toBe(0);
});

test('under load it waits, until too much has gathered', () => {
  const engine = engineWith(50);
  const index = new IndexAtLeisure(engine);
  for (let second = 0; second < 5; second++) {
    index.worked(1_000);
    vi.advanceTimersByTime(1_000);
  }
  expect(engine.stretches).toBe(0);
  engine.left = 200_000;
  index.worked(1_000);
  vi.advanceTimersByTime(1_000);
  expect(engine.stretches).toBe(1);
  index.stop();
  expect(vi.getTimerCount()).toBe(0);
});

test('when the disk is full it comes back later', () => {
  const engine = engineWith(50, () => ({ ok: false, error: new Error('full') }));
  new IndexAtLeisure(engine).worked(1);
  vi.advanceTimersByTime(10_000);
  expect(engine.stretches).toBe(1);
  vi.advanceTimersByTime(60_000);
  expect(engine.stretches).toBe(2);
});
