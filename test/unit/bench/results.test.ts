import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { figure, type Result, readResults, writeResults } from '../../../bench/results.ts';
import { percentile, spread } from '../../../bench/statistics.ts';

const result = (measured: Result['measured'], size = 10): Result => ({
  at: '2026-11-21T10:00:00.000Z',
  commit: 'abc1234',
  machine: ['2 x test'],
  size,
  measured,
  failures: [],
});

test('a spread is the middle, the least and the most', () => {
  expect(spread([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3 });
  expect(spread([5])).toEqual({ median: 5, min: 5, max: 5 });
});

test('a percentile is one of the values', () => {
  const sorted = Array.from({ length: 100 }, (_, at) => at + 1);
  expect(percentile(sorted, 0.99)).toBe(100);
  expect(percentile(sorted, 0.5)).toBe(51);
});

test('figures are kept by scenario with four digits, and a later run replaces only its own', () => {
  const directory = mkdtempSync(join(tmpdir(), 'bench-results-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'results.json');
  expect(readResults(file)).toEqual({});
  writeResults(file, {
    held: result({ relayd: [{ rate: 1234.5678 }] }),
    single: result({ relayd: [{ rate: 10 }] }),
  });
  writeResults(file, { ...readResults(file), single: result({ relayd: [{ rate: 20 }] }) });
  const read = readResults(file);
  expect(read.held?.measured).toEqual({ relayd: [{ rate: 1235 }] });
  expect(read.single?.measured).toEqual({ relayd: [{ rate: 20 }] });
});

test('a figure is taken over the rounds that have it', () => {
  const results = { held: result({ relayd: [{ rate: 1 }, { rate: 3 }, { drained: 9 }] }) };
  expect(figure(results, ['held', 'relayd', 'rate'])).toEqual({ median: 3, min: 1, max: 3 });
  expect(figure(results, ['held', 'relayd', 'drained'])?.median).toBe(9);
  expect(figure(results, ['held', 'exim', 'rate'])).toBeNull();
  expect(figure(results, ['single', 'relayd', 'rate'])).toBeNull();
});
