import { expect, test } from 'vitest';
import {
  afterTry,
  alertLifetimeMs,
  emptyBox,
  made,
  nextAtMs,
  noted,
  restored,
  untold,
} from '../../../src/policy/alert-box.ts';
import { countsMax, entriesMax, totalOf } from '../../../src/policy/alert-digest.ts';
import { payloadOf, retryAfterMs, verdictOn } from '../../../src/policy/alert-payload.ts';
import { entryOf, selectionOf } from '../../../src/policy/alert-selection.ts';
import type { AlertBox, AlertEntry } from '../../../src/relay/alert.ts';
import { ALERT_CLASSES, ALERT_NAMES } from '../../../src/relay/alert-classes.ts';
import { EVENTS } from '../../../src/relay/event-catalogue.ts';
import { allSamples, SAMPLES } from '../observe/sample-events.ts';

const minute = 60_000;
const digestMs = 5 * minute;
const T0 = Date.UTC(2026, 10, 21, 12);

function entry(more: Partial<AlertEntry> = {}): AlertEntry {
  return { event: 'account.held', level: 'error', atMs: T0, account: 'gmail', ...more };
}

const failed = { is: 'retry', detail: 'mail.example answered 500' } as const;
const dice = 0.5;

test('the first event makes an alert at once; a storm after it makes one more', () => {
  let box: AlertBox = noted(emptyBox, entry());
  expect(nextAtMs(box, digestMs, T0)).toBe(T0);
  const first = made(box, 'a', T0);
  expect(totalOf(first.alert)).toBe(1);
  box = afterTry(first.box, { is: 'told', detail: '200' }, { nowMs: T0, dice });
  for (let n = 0; n < 9_999; n++) {
    box = noted(box, entry({ atMs: T0 + n, reason: n % 2 === 0 ? 'credentials' : 'quota' }));
  }
  expect(nextAtMs(box, digestMs, T0 + minute)).toBe(T0 + digestMs);
  const second = made(box, 'b', T0 + digestMs);
  expect(totalOf(second.alert)).toBe(9_999);
  expect(second.alert.counts).toMatchObject([
    { event: 'account.held', account: 'gmail', reason: 'credentials', count: 5_000, firstAtMs: T0 },
    { reason: 'quota', count: 4_999, lastAtMs: T0 + 9_997 },
  ]);
  expect(second.alert.events.length).toBeLessThanOrEqual(entriesMax);
  box = afterTry(second.box, { is: 'told', detail: '200' }, { nowMs: T0 + digestMs, dice });
  expect(nextAtMs(box, digestMs, T0 + 9 * digestMs)).toBe(null);
});

test('a destination that is down for long keeps one alert and one count of what came after', () => {
  let box = made(noted(emptyBox, entry()), 'a', T0).box;
  let nowMs = T0;
  const waits: number[] = [];
  for (let tries = 0; box.waiting !== null; tries++) {
    expect(tries).toBeLessThan(200);
    box = noted(box, entry({ account: `account-${tries}`, atMs: nowMs }));
    box = afterTry(box, failed, { nowMs, dice });
    waits.push((box.waiting?.nextAtMs ?? nowMs) - nowMs);
    nowMs = box.waiting?.nextAtMs ?? nowMs;
  }
  expect(waits.slice(0, 3).map((wait) => Math.round(wait / 10_000))).toEqual([1, 3, 6]);
  expect(nowMs - T0).toBeLessThan(alertLifetimeMs);
  expect(nowMs - T0).toBeGreaterThan(alertLifetimeMs - 40 * minute);
  // What was given up is told with the next alert that arrives.
  expect(box).toMatchObject({ lost: 1, last: { ok: false } });
  const next = made(box, 'b', nowMs);
  expect(next.alert.counts).toHaveLength(Math.min(waits.length, countsMax + 1));
  expect(totalOf(next.alert)).toBe(waits.length);
  const payload = payloadOf(next.alert, { relay: 'relay.test', lost: next.box.lost });
  expect(payload).toMatchObject({ version: 1, id: 'b', relay: 'relay.test', lost: 1 });
  expect(payload.suppressed + payload.events.length).toBe(waits.length);
  expect(payload.text).toContain('1 earlier event could not be told');
  expect(afterTry(next.box, { is: 'told', detail: '' }, { nowMs, dice }).lost).toBe(0);
});

test('what is refused is given up at once; after a restart what waits is tried at once', () => {
  const { box } = made(noted(emptyBox, entry()), 'a', T0);
  const refused = afterTry(box, { is: 'refused', detail: '404' }, { nowMs: T0, dice });
  expect(refused).toMatchObject({ waiting: null, lost: 1 });
  const waiting = afterTry(box, failed, { nowMs: T0, dice });
  expect(nextAtMs(waiting, digestMs, T0)).toBeGreaterThan(T0);
  expect(nextAtMs(restored(waiting, T0 + 1), digestMs, T0 + 1)).toBe(T0 + 1);
  expect(untold(waiting)).toBe(1);
  // A clock that was set back keeps nothing back.
  const told = afterTry(box, { is: 'told', detail: '' }, { nowMs: T0, dice });
  expect(nextAtMs(noted(told, entry()), digestMs, T0 - 9 * minute)).toBe(T0 - 9 * minute);
});

test.each([
  [200, 'told'],
  [204, 'told'],
  [302, 'retry'],
  [400, 'refused'],
  [404, 'refused'],
  [408, 'retry'],
  [425, 'retry'],
  [429, 'retry'],
  [500, 'retry'],
  [503, 'retry'],
])('an answer of %i is %s', (status, verdict) => expect(verdictOn(status)).toBe(verdict));

test('classes choose by outcome and reason, names take all, and nothing is told of alerts', () => {
  const settled = SAMPLES['recipient.settled'];
  const failure = selectionOf(['message.failed']);
  expect(failure(settled)).toBe(false);
  expect(failure({ ...settled, outcome: 'bounced' })).toBe(true);
  const trouble = selectionOf(['trouble']);
  expect(trouble(SAMPLES['account.held'])).toBe(true);
  expect(trouble(SAMPLES['account.paused'])).toBe(false);
  expect(trouble({ ...SAMPLES['account.paused'], reason: 'quota' })).toBe(true);
  expect(selectionOf(ALERT_NAMES)(SAMPLES['alert.failed'])).toBe(false);
  const names = Object.keys(EVENTS).filter((name) => !name.startsWith('alert.'));
  expect([...ALERT_NAMES].toSorted()).toEqual([...names, ...Object.keys(ALERT_CLASSES)].toSorted());
  for (const event of allSamples) {
    const wanted = ALERT_NAMES.includes(event.is);
    expect([event.is, selectionOf([event.is])(event)]).toEqual([event.is, wanted]);
  }
});

test('hostile replies change neither the text nor its direction, and are cut', () => {
  const detail = `550 \u001b[31mno\r\nX: y \u202eresrever ${'x'.repeat(10_000)}`;
  const held = entryOf({ ...SAMPLES['account.held'], detail }, T0);
  expect(String(held.detail).length).toBeLessThan(1_010);
  const { alert } = made(noted(emptyBox, held), 'a', T0);
  const { text } = payloadOf(alert, { relay: 'relay.test', lost: 0 });
  expect(text).not.toMatch(/[\x00-\x1f\u202e]/);
  expect(text).toMatch(/^relay\.test: account\.held gmail \(credentials\): 550/);
});

test.each([
  ['120', 120_000],
  [' 7 ', 7_000],
  ['Sat, 21 Nov 2026 12:05:00 GMT', 5 * minute],
  ['86400', 60 * minute],
  ['999999999', 60 * minute],
  ['-5', 0],
  ['soon', 0],
  ['', 0],
  ['Fri, 20 Nov 2026 12:00:00 GMT', 0],
  [null, 0],
])('Retry-After %s is %d ms', (field, waitMs) => {
  expect(retryAfterMs(field, T0)).toBe(waitMs);
});

test('a destination that asks for time gets it, and never less than usual', () => {
  const { box } = made(noted(emptyBox, entry()), 'a', T0);
  const after = (notBeforeMs: number) =>
    afterTry(box, { ...failed, notBeforeMs }, { nowMs: T0, dice }).waiting?.nextAtMs;
  expect(after(20 * minute)).toBe(T0 + 20 * minute);
  expect(after(1)).toBe(afterTry(box, failed, { nowMs: T0, dice }).waiting?.nextAtMs);
});
