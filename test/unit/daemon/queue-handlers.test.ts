import { expect, test } from 'vitest';
import { flushHandlers } from '../../../src/daemon/flush-handlers.ts';
import { openFlushWatches } from '../../../src/daemon/flush-watches.ts';
import { queueHandlers } from '../../../src/daemon/queue-handlers.ts';
import type { Relay } from '../../../src/daemon/relay.ts';
import { T0, waiting } from '../../contract/fixtures.ts';
import { openMemoryStore } from '../../contract/memory-store.ts';

async function open() {
  const store = openMemoryStore(() => T0);
  await store.accept([waiting(T0)]);
  const touched = async () => ({ recipients: 0, messages: 0 });
  const relay = {
    settings: () => ({ accounts: new Map([['sendgrid', {}]]), file: '/etc/relayd/relay.yaml' }),
    store,
    delivery: {
      flushed: async () => {},
      look: async () => {},
      removeMatching: touched,
      bounceMatching: touched,
    },
    emit: () => {},
    flushes: openFlushWatches(),
  } as unknown as Relay;
  return { ...queueHandlers(relay, () => T0), ...flushHandlers(relay, () => T0) };
}

test('an account that nobody knows is an error everywhere, with the one that was meant', async () => {
  const handlers = await open();
  const filter = { account: 'sendgird' };
  const asked = [
    handlers['queue.list']({ filter, after: null, limit: 10 }),
    handlers['queue.flush']({ filter, includeHeld: false }),
    handlers['queue.hold']({ filter, reason: 'x' }),
    handlers['queue.release']({ filter }),
    handlers['queue.remove']({ filter }),
    handlers['queue.bounce']({ filter, reason: 'x' }),
  ];
  for (const answer of await Promise.allSettled(asked)) {
    expect(answer).toMatchObject({
      status: 'rejected',
      reason: {
        code: 'not-found',
        message: 'no account sendgird in /etc/relayd/relay.yaml; did you mean "sendgrid"?',
      },
    });
  }
  const far = handlers['queue.list']({ filter: { account: 'nope' }, after: null, limit: 1 });
  await expect(far).rejects.toThrow(
    'no account nope in /etc/relayd/relay.yaml; there is: sendgrid',
  );
});

test('an account that has left the file but still has mail is known, and so is one without', async () => {
  const handlers = await open();
  const listed = async (account: string) =>
    (await handlers['queue.list']({ filter: { account }, after: null, limit: 10 })).rows.length;
  expect(await listed('gmail')).toBe(1);
  expect(await listed('sendgrid')).toBe(0);
});
