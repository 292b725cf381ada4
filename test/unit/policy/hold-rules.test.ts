import { expect, test } from 'vitest';
import { type HoldFacts, heldByRuleText, holdFor } from '../../../src/policy/hold-rules.ts';
import type { HoldRule } from '../../../src/relay/steering.ts';

const anything: HoldRule = {
  id: 1,
  sender: null,
  client: null,
  recipient: null,
  account: null,
  reason: 'x',
  sinceMs: 0,
  untilMs: 10,
  keep: false,
};
const facts: HoldFacts = {
  client: 'erp',
  reversePath: 'bounces@list.example',
  from: ['Shop@x.example', 'b@y.example'],
  lane: 'ses',
};
const held = (some: Partial<HoldRule>, recipient = 'to@z.example'): boolean =>
  holdFor([{ ...anything, ...some }], facts, recipient) !== null;

test.each<[Partial<HoldRule>, boolean]>([
  [{ sender: 'shop@x.example' }, true],
  [{ sender: '@list.example' }, true],
  [{ sender: '@y.example' }, true],
  [{ sender: '@other.example' }, false],
  [{ client: 'erp' }, true],
  [{ client: 'cron' }, false],
  [{ account: 'ses' }, true],
  [{ account: 'gmail' }, false],
  [{ recipient: '@Z.example' }, true],
  [{ recipient: '@y.example' }, false],
  [{ sender: '@y.example', client: 'erp', account: 'ses', recipient: 'to@z.example' }, true],
  [{ sender: '@y.example', client: 'cron' }, false],
])('%j holds it: %s', (rule, expected) => {
  expect(held(rule)).toBe(expected);
});

test('the null reverse-path is held by its From field, and by any sender only with a star', () => {
  const dsn = { ...facts, reversePath: '' };
  expect(holdFor([{ ...anything, sender: 'shop@x.example' }], dsn, 'a@b.example')).not.toBeNull();
  expect(holdFor([{ ...anything, sender: '@q.example' }], dsn, 'a@b.example')).toBeNull();
});

test('of several the one that ends last holds it: not before has everybody let it go', () => {
  const rules: HoldRule[] = [
    { ...anything, id: 1, untilMs: 20 },
    { ...anything, id: 2, untilMs: 30 },
    { ...anything, id: 3, untilMs: 10 },
  ];
  expect(holdFor(rules, facts, 'a@b.example')?.id).toBe(2);
  const forGood = [...rules, { ...anything, id: 4, untilMs: 5, keep: true }];
  expect(holdFor(forGood, facts, 'a@b.example')?.id).toBe(4);
  const open = [...rules, { ...anything, id: 5, untilMs: null }];
  expect(holdFor(open, facts, 'a@b.example')?.id).toBe(5);
});

test('the reason in the queue names the rule', () => {
  expect(heldByRuleText({ id: 7, reason: 'launch' })).toBe('hold rule 7: launch');
});
