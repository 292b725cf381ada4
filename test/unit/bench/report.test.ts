import { expect, test } from 'vitest';
import { MATRIX } from '../../../bench/matrix.ts';
import { picture } from '../../../bench/picture.ts';
import { report } from '../../../bench/report.ts';
import type { Results } from '../../../bench/results.ts';
import { judge, TARGETS } from '../../../bench/targets.ts';

const origin = {
  at: '2026-11-21T10:00:00.000Z',
  commit: 'abc1234',
  machine: ['2 x test'],
  failures: [],
};

const results: Results = {
  held: {
    ...origin,
    size: 10_000,
    measured: {
      relayd: [{ rate: 700 }, { rate: 600 }, { rate: 650 }],
      postfix: [{ rate: 100 }, { rate: 110 }, { rate: 90 }],
    },
  },
  'long-queue': {
    ...origin,
    size: 1_000,
    measured: { empty: [{ accepted: 100 }], waiting: [{ accepted: 95 }] },
  },
};

const verdictOf = (what: string, from: Results = results) => {
  const target = TARGETS.find((one) => one.what.startsWith(what));
  if (target === undefined) throw new Error(`no target ${what}`);
  return judge(target, from);
};

test('every target is about a scenario of the matrix, whose names are unique', () => {
  const names = MATRIX.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(TARGETS.filter(({ scenario }) => !names.includes(scenario))).toEqual([]);
});

test('a quick run does no more than a whole one, and every target can be met by what a scenario does', () => {
  expect(MATRIX.filter(({ size, quick }) => quick !== null && quick > size)).toEqual([]);
  const sizeOf = (name: string): number => MATRIX.find((one) => one.name === name)?.size ?? 0;
  expect(TARGETS.filter(({ scenario, leastSize = 0 }) => sizeOf(scenario) < leastSize)).toEqual([]);
});

test('targets are judged by medians; what is missing or too small is not', () => {
  expect(verdictOf('end to end, sessions held: of tuned')).toEqual({ value: 6.5, verdict: 'met' });
  const slow = {
    ...results.held,
    measured: { ...results.held?.measured, relayd: [{ rate: 200 }] },
  };
  expect(verdictOf('end to end, sessions held: of tuned', { held: slow } as Results).verdict).toBe(
    'MISSED',
  );
  expect(verdictOf('end to end, sessions held: of Exim').verdict).toBe('not measured');
  expect(verdictOf('1,000,000 waiting, accept').verdict).toBe('too small a run');
});

test('the report begins with every target and tells where each figure is from', () => {
  const text = report(results, MATRIX, TARGETS);
  expect(text).toContain(
    '| end to end, sessions held: of tuned Postfix | >= 6 x | 6.5 x | met | 2026-11-21 10:00, abc1234 |',
  );
  expect(text).toContain('| end to end, sessions held: of Exim | >= 12 x |  | not measured |  |');
  const missed = {
    held: { ...results.held, measured: { relayd: [{ rate: 1 }], postfix: [{ rate: 1 }] } },
  };
  expect(report(missed as Results, MATRIX, TARGETS)).toMatch(
    /sessions held: of tuned Postfix \| >= 6 x \| 1 x \| MISSED \(\[why\]\(\.\.\/docs\/decisions\/.+\.md\)\)/,
  );
  expect(text.split('\n').filter((line) => line.includes('not measured'))).toHaveLength(
    TARGETS.length - 2,
  );
  expect(text.indexOf('## Targets')).toBeLessThan(text.indexOf('## 50 sessions held'));
  expect(text).toContain('| relayd | 650 (600-700) |');
  expect(text).toContain('size 1,000 of 1,000,000, 1 round');
  expect(text).toContain('- 2 x test: held, long-queue');
});

test('the picture has a bar for each peer that was measured, and no panel without one', () => {
  const svg = picture(results);
  expect(svg.match(/<rect /g)).toHaveLength(2);
  expect(svg.match(/class="title"/g)).toHaveLength(1);
  expect(svg).toContain('>650</text>');
  expect(svg).toContain('prefers-color-scheme:dark');
});
