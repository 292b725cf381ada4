import { expect, test } from 'vitest';
import type { Core } from '../../../src/queue/core.ts';
import { quotas } from '../../../src/queue/quotas.ts';

function read(windows: string) {
  const row = { account: 'a', boot: 'b', monotonic_at: 9, wall_at: 7, pending: 2, windows };
  return quotas({ sql: { quotas: { all: () => [row] } } } as unknown as Core).get('a');
}

test('a row from before windows said what they count is taken for both', () => {
  const buckets = [{ endMs: 5, units: 3 }];
  expect(read('[[1000,[5,3]]]')).toEqual({
    pending: { messages: 2, recipients: 2 },
    windows: [
      { windowMs: 1000, counts: 'messages', buckets },
      { windowMs: 1000, counts: 'recipients', buckets },
    ],
    at: { boot: 'b', monotonicMs: 9, wallMs: 7 },
  });
});

test.each([
  'no json',
  '7',
  '[[1000,[5]]]',
  '{"windows":[]}',
  '{"recipients":1,"windows":[[1000,"people",[5,3]]]}',
  '{"recipients":1,"windows":[[1000,"messages",[5]]]}',
])('a row that makes no sense counts as nothing used: %s', (windows) => {
  expect(read(windows)).toBeUndefined();
});
