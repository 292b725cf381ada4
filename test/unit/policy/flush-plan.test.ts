import { expect, test } from 'vitest';
import { forecast, surveyExpiries } from '../../../src/policy/flush-plan.ts';

const hour = 3_600_000;
const nowMs = 1_000_000;
const lane = {
  lane: 'ses',
  recipients: 1_000,
  messages: 800,
  expiring: surveyExpiries(nowMs).map((_, at) => (at + 1) * 10),
};
const pace = { nowMs, perSecond: null, limitsOutAtMs: null, stopped: false };

test('the slower of pace and limits says when it is out', () => {
  expect(forecast(lane, 800, { ...pace, perSecond: 2 }).outAtMs).toBe(nowMs + 400_000);
  const both = { ...pace, perSecond: 2, limitsOutAtMs: nowMs + 500_000 };
  expect(forecast(lane, 800, both).outAtMs).toBe(nowMs + 500_000);
  expect(forecast(lane, 800, { ...both, limitsOutAtMs: 5 }).outAtMs).toBe(nowMs + 400_000);
  expect(forecast(lane, 800, pace).outAtMs).toBeNull();
  expect(forecast(lane, 800, { ...both, stopped: true }).outAtMs).toBeNull();
});

test('too old is what expires within the hour or before its lane is empty', () => {
  expect(forecast(lane, 800, pace).tooOld).toBe(10);
  expect(forecast(lane, 800, { ...pace, perSecond: 100 }).tooOld).toBe(10);
  expect(forecast(lane, 800, { ...pace, limitsOutAtMs: nowMs + 7 * hour }).tooOld).toBe(30);
  expect(forecast(lane, 800, { ...pace, limitsOutAtMs: nowMs + 999 * hour }).tooOld).toBe(80);
});
