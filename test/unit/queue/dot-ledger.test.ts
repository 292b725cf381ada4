import { statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDotLedger } from '../../../src/queue/dot-ledger.ts';
import { idAt, T0 } from '../../contract/fixtures.ts';
import { temporaryDirectory } from './temporary.ts';

const [one, two, three] = [idAt(T0, 1), idAt(T0, 2), idAt(T0, 3)];

test('marks outlive the process, cleared ones do not', () => {
  const directory = temporaryDirectory();
  const first = openDotLedger(directory);
  expect(first.dotted.size).toBe(0);
  first.mark(one);
  const slot = first.mark(two);
  first.mark(three);
  first.clear(slot);
  // Not closed: a killed process closes nothing either.
  const second = openDotLedger(directory);
  expect(second.dotted).toEqual(new Set([one, three]));
  first.close();
  second.close();
});

test('earlier marks stay until the recovery that uses them is durable', () => {
  const directory = temporaryDirectory();
  const first = openDotLedger(directory);
  first.mark(one);
  first.close();
  const second = openDotLedger(directory);
  second.mark(two);
  second.close(); // killed before recover() returned
  const third = openDotLedger(directory);
  expect(third.dotted).toEqual(new Set([one, two]));
  third.forgetEarlier();
  third.mark(three);
  third.close();
  const fourth = openDotLedger(directory);
  expect(fourth.dotted).toEqual(new Set([three]));
  fourth.close();
});

test('the file has its full size before the first mark, also after one that was cut short', () => {
  const directory = temporaryDirectory();
  const path = join(directory, 'dots');
  openDotLedger(directory).close();
  expect(statSync(path).size).toBe(32_768);
  truncateSync(path, 13);
  openDotLedger(directory).close();
  expect(statSync(path).size).toBe(32_768);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('clearing a slot twice is a bug', () => {
  const ledger = openDotLedger(temporaryDirectory());
  const slot = ledger.mark(one);
  ledger.clear(slot);
  expect(() => ledger.clear(slot)).toThrow('not marked');
  ledger.close();
});

test('a dropped mark costs no write: the next mark or an orderly end takes it away', () => {
  const directory = temporaryDirectory();
  const first = openDotLedger(directory);
  first.drop(first.mark(one));
  expect(() => first.drop(0)).toThrow('not marked');
  const killed = openDotLedger(directory);
  expect(killed.dotted).toEqual(new Set([one]));
  killed.close();
  first.mark(two);
  first.drop(first.mark(three));
  first.close();
  const second = openDotLedger(directory);
  expect(second.dotted).toEqual(new Set([two]));
  second.close();
});

test('slots are used again', () => {
  const ledger = openDotLedger(temporaryDirectory());
  for (let count = 0; count < 10_000; count++) ledger.clear(ledger.mark(one));
  ledger.close();
});

test('more attempts than the file was made for find a place', () => {
  const directory = temporaryDirectory();
  const first = openDotLedger(directory);
  const ids = Array.from({ length: 5_000 }, (_, n) => idAt(T0, n));
  const slots = ids.map(first.mark);
  expect(new Set(slots).size).toBe(5_000);
  first.clear(slots[4_999] ?? 0);
  first.close();
  const second = openDotLedger(directory);
  expect(second.dotted).toEqual(new Set(ids.slice(0, 4_999)));
  second.close();
});
