import { expect, test } from 'vitest';
import { openActivity } from '../../../src/dashboard/activity.ts';
import { openSeries } from '../../../src/dashboard/series.ts';
import { SAMPLES } from '../observe/sample-events.ts';

const minute = 60_000;

function open() {
  let nowMs = 1_000 * minute;
  const series = openSeries(() => nowMs);
  const activity = openActivity(
    () => nowMs,
    () => ({ clients: new Set(['erp']) }),
  );
  return {
    series,
    activity,
    pass(ms: number) {
      nowMs += ms;
    },
  };
}

const settled = SAMPLES['recipient.settled'];
const accepted = SAMPLES['message.accepted'];

test('what happens in a minute is counted in it, and delays by share', () => {
  const { series, pass } = open();
  series.sink(accepted);
  for (let at = 1; at <= 100; at++) {
    series.sink({ ...settled, outcome: 'delivered', waitedMs: at * 100 });
  }
  series.sampled(7);
  pass(minute);
  series.sink({ ...settled, outcome: 'deferred' });
  series.sink({ ...settled, outcome: 'bounced' });
  series.sink({ ...settled, outcome: 'removed' });
  const [first, second] = series.minutes();
  expect(first?.slice(0, 6)).toEqual([60_000, 1, 100, 0, 0, 7]);
  expect(first?.[6]).toBeGreaterThan(4_800);
  expect(first?.[6]).toBeLessThan(5_200);
  expect(first?.[7]).toBeGreaterThan(9_600);
  expect(second).toEqual([60_060, 0, 0, 1, 1, 7, null, null]);
  expect(series.latest()).toEqual(second);
  expect(series.sums(60)).toMatchObject({ accepted: 1, delivered: 100, deferred: 1, failed: 1 });
  expect(series.sums(1)).toMatchObject({ accepted: 0, delivered: 0, deferred: 1, failed: 1 });
});

test('a day is kept, without gaps, and no more', () => {
  const { series, pass } = open();
  for (let at = 0; at < 2_000; at++) {
    series.sink(accepted);
    pass(minute);
  }
  const minutes = series.minutes();
  expect(minutes).toHaveLength(1_440);
  expect(minutes.every(([at], place) => at === (minutes[0]?.[0] ?? 0) + 60 * place)).toBe(true);
  expect(series.sums(1_440).accepted).toBe(1_439);
});

test('a long sleep and a clock that goes back break nothing', () => {
  const { series, pass } = open();
  series.sink(accepted);
  pass(10 * 1_440 * minute);
  expect(series.minutes().length).toBeLessThanOrEqual(1_440);
  expect(series.sums(1_440).accepted).toBe(0);
  pass(-5 * minute);
  series.sink(accepted);
  expect(series.latest()[1]).toBe(1);
});

test('clients are those that are configured; what they send is forgotten after a day', () => {
  const { activity, pass } = open();
  activity.sink({ ...accepted, client: 'erp', recipients: 3, bytes: 1_000 });
  activity.sink({ ...accepted, client: 'guessed' });
  activity.sink({ ...SAMPLES['login.failed'], client: 'erp' });
  pass(2 * 60 * minute);
  activity.sink({ ...accepted, client: 'erp', recipients: 1, bytes: 10 });
  expect(activity.client('guessed')).toBeNull();
  expect(activity.client('erp')).toMatchObject({
    messages: 2,
    messagesLastHour: 1,
    recipients: 4,
    bytes: 1_010,
    loginsFailed: 1,
  });
  pass(25 * 60 * minute);
  expect(activity.client('erp')).toMatchObject({ messages: 0, bytes: 0 });
});

test('failures are told apart by account and reason, with the last reply', () => {
  const { activity } = open();
  const failed = { ...settled, account: 'ses', peer: 'up.example:587', reason: 'quota' } as const;
  activity.sink({ ...failed, outcome: 'deferred', text: '450 one' });
  activity.sink({ ...failed, outcome: 'bounced', text: '550 two' });
  activity.sink({ ...failed, outcome: 'delivered', text: '250 three' });
  activity.sink({ ...failed, outcome: 'removed', peer: null, text: 'an operator' });
  expect(activity.failures()).toMatchObject([
    { account: 'ses', reason: 'quota', deferred: 1, bounced: 1, last: { text: '550 two' } },
  ]);
  expect(activity.lastReply('ses')).toMatchObject({ text: '250 three', outcome: 'delivered' });
  expect(activity.lastReply('gmail')).toBeNull();
});
