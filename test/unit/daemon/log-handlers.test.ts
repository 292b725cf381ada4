import { expect, test } from 'vitest';
import { logHandlers } from '../../../src/daemon/log-handlers.ts';
import type { Relay } from '../../../src/daemon/relay.ts';
import { attempt, becomes, leased, leaseOf, T0, waiting } from '../../contract/fixtures.ts';
import { openMemoryStore } from '../../contract/memory-store.ts';
import { makeAccount } from '../delivery/harness.ts';

async function open() {
  const store = openMemoryStore(() => T0);
  const gmail = { ...makeAccount('gmail', 587), provider: 'gmail' };
  const relay = {
    settings: () => ({
      accounts: new Map([['gmail', gmail]]),
      file: '/etc/relayd/relay.yaml',
      hostname: 'relay.example',
    }),
    store,
    delivery: {
      states: () => new Map(),
      quotas: () => new Map(),
      certificate: () => null,
    },
  } as unknown as Relay;
  return { store, handlers: logHandlers(relay, () => T0) };
}

const none = { before: null, limit: 10 };

test('an account that nobody knows is an error only when nothing was found', async () => {
  const { store, handlers } = await open();
  const search = (name: string) => handlers['log.search']({ query: { account: name }, ...none });
  await expect(search('gmial')).rejects.toMatchObject({
    code: 'not-found',
    message: 'no account gmial in /etc/relayd/relay.yaml; did you mean "gmail"?',
  });
  expect(await search('gmail')).toEqual({ entries: [], next: null, unindexed: 0 });
  await store.accept([waiting(T0, { lane: 'of-old' })]);
  expect((await search('of-old')).entries).toHaveLength(1);
});

test('evidence explains each reply once, by the rules in force', async () => {
  const { store, handlers } = await open();
  const one = leased();
  await store.accept([one]);
  const { id } = one.message;
  const text = '550 5.1.1 no such user';
  const results = [{ index: 0, outcome: 'deferred', text }] as const;
  for (const startedAtMs of [T0, T0 + 1]) {
    const next = {
      is: 'waiting',
      dueAtMs: T0,
      counted: true,
      delayWarned: false,
      lane: 'gmail',
    } as const;
    await store.settle({
      id,
      lease: leaseOf(),
      recipients: [becomes(0, next)],
      attempt: { ...attempt(), startedAtMs, phase: 'rcpt', results },
      notifications: [],
    });
    await store.claim({ lane: 'gmail', nowMs: T0, lease: leaseOf(), limit: 1 });
  }
  const report = await handlers.evidence({ id });
  expect(report).toMatchObject({ hostname: 'relay.example', nowMs: T0 });
  expect(report.accounts).toMatchObject([{ name: 'gmail', state: { is: 'open' } }]);
  expect(report.rules).toMatchObject([{ account: 'gmail', phase: 'rcpt', reply: text }]);
  expect(report.rules).toHaveLength(1);
});

test('evidence of a message that nobody knows', async () => {
  const { handlers } = await open();
  const { id } = waiting().message;
  await expect(handlers.evidence({ id })).rejects.toMatchObject({ code: 'not-found' });
});
