import { expect, test } from 'vitest';
import { formatQuotaRate, parseQuotaRate } from '../../../src/relay/quota-rate.ts';

const dayMs = 86_400_000;

test.each([
  ['500/d', { count: 500, windowMs: dayMs, counts: null, zone: null }],
  ['500/d@UTC', { count: 500, windowMs: dayMs, counts: null, zone: 'UTC' }],
  ['200/h@+02:00', { count: 200, windowMs: 3_600_000, counts: null, zone: '+02:00' }],
  ['9/d recipients', { count: 9, windowMs: dayMs, counts: 'recipients', zone: null }],
  [
    '9/d@Europe/Paris messages',
    { count: 9, windowMs: dayMs, counts: 'messages', zone: 'Europe/Paris' },
  ],
])('%s', (text, rate) => {
  expect(parseQuotaRate(text)).toEqual(rate);
});

test.each(['500', '500/d@', '500/d@Nowhere/Town', '20/m@UTC', '9/d people', '9/d@UTC@UTC', '0/d'])(
  '%j is no rate',
  (text) => {
    expect(parseQuotaRate(text)).toBeNull();
  },
);

test('is shown as it is written', () => {
  const texts = ['500/d', '200/h@UTC', '9/d@Europe/Paris recipients'];
  const shown = texts.map((text) => {
    const rate = parseQuotaRate(text);
    return rate && formatQuotaRate({ ...rate, counts: rate.counts ?? 'messages' });
  });
  expect(shown).toEqual(texts);
});
