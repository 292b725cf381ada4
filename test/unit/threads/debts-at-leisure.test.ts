import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { encodeAccepted, encodeSettlement, type Operation } from '../../../src/queue/operations.ts';
import { DebtsAtLeisure } from '../../../src/threads/debts-at-leisure.ts';
import { becomes, delivered, leased, leaseOf, waiting } from '../../contract/fixtures.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function owing() {
  const engine = {
    owed: 0,
    payments: 0,
    debts: () => engine.owed,
    settleDebts: () => {
      engine.owed = 0;
      engine.payments += 1;
    },
  };
  const paid = vi.fn();
  return { engine, paid, debts: new DebtsAtLeisure(engine, paid) };
}

const accept: Operation = ['message.accept', [encodeAccepted(leased())]];
const body: Operation = ['message.body', leased().message.id];
const settle = (next: Parameters<typeof becomes>[1]): Operation => [
  'lease.settle',
  encodeSettlement({
    id: leased().message.id,
    lease: leaseOf(),
    recipients: [becomes(0, next)],
    attempt: null,
    notifications: [],
  }),
];

test('what was delivered waits for company, and is paid once', () => {
  const { engine, paid, debts } = owing();
  for (let batch = 0; batch < 4; batch++) {
    engine.owed += 1;
    debts.worked([accept, settle(delivered), body]);
    vi.advanceTimersByTime(10);
  }
  expect(engine.payments).toBe(0);
  vi.advanceTimersByTime(10);
  expect([engine.payments, paid.mock.calls.length, vi.getTimerCount()]).toEqual([1, 1, 0]);
});

test('it does not wait for ever under load', () => {
  const { engine, debts } = owing();
  engine.owed = 200;
  debts.worked([settle(delivered)]);
  expect(engine.payments).toBe(1);
});

test.each<[string, Operation]>([
  ['a bounce', settle({ is: 'settled', outcome: 'bounced' })],
  ['a hold', settle({ is: 'held' })],
  ['mail that enters otherwise than leased', ['message.accept', [encodeAccepted(waiting())]]],
  ['an order', ['queue.clamp-due', 5]],
])('%s is written down at once, with what waited', (_, operation) => {
  const { engine, debts } = owing();
  engine.owed = 1;
  debts.worked([settle(delivered)]);
  engine.owed = 2;
  debts.worked([accept, operation]);
  expect([engine.owed, engine.payments]).toEqual([0, 1]);
});

test('nothing owed: no timer; stopped: none either', () => {
  const { engine, debts } = owing();
  debts.worked([accept]);
  expect(vi.getTimerCount()).toBe(0);
  engine.owed = 1;
  debts.worked([settle(delivered)]);
  debts.stop();
  expect(vi.getTimerCount()).toBe(0);
});
