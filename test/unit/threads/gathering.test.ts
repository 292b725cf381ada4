import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Gathering } from '../../../src/threads/gathering.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function makeGathering() {
  const loop = { idle: 0, active: 0, utilization: 0 };
  const posts: number[] = [];
  let waiting = 0;
  const gathering = new Gathering(
    () => {
      posts.push(waiting);
      const sent = waiting;
      waiting = 0;
      return sent;
    },
    () => ({ ...loop }),
  );
  const ask = (count: number): void => {
    for (let at = 0; at < count; at++) gathering.asked(++waiting);
  };
  return { loop, posts, gathering, ask };
}

test('what is asked in one turn of the loop goes in it, all of it together', async () => {
  const { posts, ask } = makeGathering();
  ask(3);
  expect(posts).toEqual([]);
  await vi.advanceTimersByTimeAsync(0);
  expect(posts).toEqual([3]);
});

test('while the loop is full and several come, they are gathered for 5 ms', async () => {
  const { loop, posts, ask } = makeGathering();
  loop.active += 3;
  ask(4);
  await vi.advanceTimersByTimeAsync(0);
  ask(2);
  await vi.advanceTimersByTimeAsync(4);
  ask(1);
  expect(posts).toEqual([4]);
  await vi.advanceTimersByTimeAsync(1);
  expect(posts).toEqual([4, 3]);
  // Three were not several: the next goes at once.
  ask(1);
  await vi.advanceTimersByTimeAsync(0);
  expect(posts).toEqual([4, 3, 1]);
});

test('a loop that rests has room for another post at once', async () => {
  const { loop, posts, ask } = makeGathering();
  loop.active += 1;
  loop.idle += 1;
  ask(4);
  await vi.advanceTimersByTimeAsync(0);
  ask(1);
  await vi.advanceTimersByTimeAsync(0);
  expect(posts).toEqual([4, 1]);
});

test('ten go at once, within the turn, whether the loop is full or not', async () => {
  const { loop, posts, ask } = makeGathering();
  ask(11);
  expect(posts).toEqual([10]);
  loop.active += 3;
  await vi.advanceTimersByTimeAsync(0);
  ask(4);
  await vi.advanceTimersByTimeAsync(0);
  ask(20);
  expect(posts.slice(-2)).toEqual([10, 10]);
});

test('what closes the store sends what waits', async () => {
  const { posts, gathering, ask } = makeGathering();
  ask(1);
  gathering.now();
  expect(posts).toEqual([1]);
  await vi.advanceTimersByTimeAsync(50);
  expect(posts).toEqual([1]);
});
