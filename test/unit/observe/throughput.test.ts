import { expect, test } from 'vitest';
import { openThroughput } from '../../../src/observe/throughput.ts';
import { SAMPLES } from './sample-events.ts';

function open() {
  const clock = { ms: 5_000 };
  return { clock, throughput: openThroughput(() => clock.ms) };
}

const settled = SAMPLES['recipient.settled'];

test('rates are of the last ten seconds that are over, totals of the whole run', () => {
  const { clock, throughput } = open();
  for (let second = 0; second < 30; second++) {
    clock.ms = 5_000 + second * 1_000;
    for (let n = 0; n < 4; n++) throughput.sink(SAMPLES['message.accepted']);
  }
  expect(throughput.accepted()).toEqual({ perSecond: 4, total: 120 });
  clock.ms += 6_000;
  expect(throughput.accepted()).toEqual({ perSecond: 2, total: 120 });
  clock.ms += 60_000;
  expect(throughput.accepted()).toEqual({ perSecond: 0, total: 120 });
});

test('a daemon that is young has a rate at once', () => {
  const { clock, throughput } = open();
  for (let n = 0; n < 6; n++) throughput.sink(SAMPLES['message.accepted']);
  clock.ms += 2_000;
  expect(throughput.accepted().perSecond).toBe(3);
});

test('recipients are counted by account and outcome', () => {
  const { clock, throughput } = open();
  for (const outcome of ['delivered', 'deferred', 'held', 'in-doubt', 'bounced'] as const) {
    throughput.sink({ ...settled, outcome });
  }
  throughput.sink({ ...settled, outcome: 'removed' });
  throughput.sink({ ...settled, account: null });
  clock.ms += 1_000;
  expect(throughput.accounts()).toEqual(
    new Map([
      [
        'gmail',
        {
          delivered: { perSecond: 1, total: 1 },
          deferred: { perSecond: 3, total: 3 },
          bounced: { perSecond: 1, total: 1 },
        },
      ],
    ]),
  );
});
