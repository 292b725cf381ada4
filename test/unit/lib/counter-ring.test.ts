import { expect, test } from 'vitest';
import { counterRing } from '../../../src/lib/counter-ring.ts';

test('steps are counted apart and forgotten when the ring has turned', () => {
  const ring = counterRing(3);
  ring.add(10);
  ring.add(11, 5);
  expect([ring.sum(10, 11), ring.sum(11, 11), ring.sum(0, 10)]).toEqual([6, 5, 1]);
  ring.add(13);
  expect(ring.sum(0, 13)).toBe(6);
  expect(ring.sum(20, 22)).toBe(0);
});

test('what is late counts for its own step while that is remembered', () => {
  const ring = counterRing(3);
  ring.add(10);
  ring.add(9, 2);
  ring.add(7, 100);
  expect([ring.sum(9, 9), ring.sum(0, 10)]).toEqual([2, 3]);
});
