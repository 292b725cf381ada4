import fc from 'fast-check';
import { expect, test } from 'vitest';
import { flushHandlers } from '../../../src/daemon/flush-handlers.ts';
import { openFlushWatches } from '../../../src/daemon/flush-watches.ts';
import { queueHandlers } from '../../../src/daemon/queue-handlers.ts';
import { readMessage } from '../../../src/daemon/read-message.ts';
import type { Relay } from '../../../src/daemon/relay.ts';
import type { Delivery } from '../../../src/delivery/delivery.ts';
import { T0, waiting } from '../../contract/fixtures.ts';
import { openMemoryStore } from '../../contract/memory-store.ts';

const known = waiting(T0).message.id;
const header = 'Subject: x\r\nX-Long: y\r\n\r\n';
const text = `${header}body\r\n\r\nmore`;
const preview = {
  account: 'sendgrid',
  recipients: ['a@b.example'],
  otherVersions: 0,
  chunks: (async function* () {
    yield* [];
  })(),
};

async function open() {
  const store = openMemoryStore(() => T0);
  await store.accept([waiting(T0)]);
  const touched = async () => ({ recipients: 0, messages: 0 });
  const relay = {
    settings: () => ({
      accounts: new Map([['sendgrid', {}]]),
      clients: new Map([['erp', {}]]),
      file: '/etc/relayd/relay.yaml',
    }),
    store,
    delivery: {
      flushed: async () => {},
      look: async () => {},
      removeMatching: touched,
      bounceMatching: touched,
      redirect: async () => ({ recipients: 1, messages: 1 }),
      preview: async (id: string) => (id === known ? preview : null),
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
    handlers['queue.count']({ filter, verb: 'hold', includeHeld: false }),
    handlers['queue.stats']({ filter, by: [] }),
    handlers['queue.reroute']({ filter, to: null, force: false, dryRun: true }),
    handlers['queue.reroute']({ filter: {}, to: 'sendgird', force: false, dryRun: true }),
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

test('a client that nobody knows is an error with the one that was meant', async () => {
  const handlers = await open();
  const listed = (client: string) =>
    handlers['queue.list']({ filter: { client }, after: null, limit: 10 });
  await expect(listed('epr')).rejects.toMatchObject({
    code: 'not-found',
    message: 'no client epr in /etc/relayd/relay.yaml; did you mean "erp"?',
  });
  // One that still has mail, one of the file, relayd itself, and an app that logged in as an account.
  for (const name of ['velosi', 'erp', 'relayd', 'account:sendgrid']) await listed(name);
});

test('count takes the states that the verb touches', async () => {
  const handlers = await open();
  const count = async (verb: 'hold' | 'release') =>
    (await handlers['queue.count']({ filter: {}, verb, includeHeld: false })).recipients;
  expect([await count('hold'), await count('release')]).toEqual([1, 0]);
});

test('a sorted page behind a message that has left is refused, not empty', async () => {
  const handlers = await open();
  const ask = { filter: {}, sort: 'due', after: known, limit: 5 } as const;
  await expect(handlers['queue.list'](ask)).rejects.toMatchObject({ code: 'not-found' });
});

test('the bytes of a message that is gone are not there', async () => {
  const handlers = await open();
  const gone = waiting(T0).message.id;
  const outlet = { send: async () => {}, offer: () => true, over: () => AbortSignal.any([]) };
  const read = handlers['message.read']({ id: gone, what: 'raw', stored: false }, outlet);
  await expect(read).rejects.toMatchObject({ code: 'not-found' });
});

async function readIn(bytes: Buffer, sizes: readonly number[], what: 'raw' | 'headers' | 'body') {
  const chunks = async function* () {
    let at = 0;
    for (const size of sizes) {
      yield bytes.subarray(at, at + size);
      at += size;
    }
    yield bytes.subarray(at);
  };
  const delivery: Pick<Delivery, 'preview'> = {
    preview: async () => ({ ...preview, chunks: chunks() }),
  };
  const parts: Buffer[] = [];
  const read = await readMessage(
    delivery,
    { id: known, what, stored: false },
    async ({ base64 }) => {
      parts.push(Buffer.from(base64, 'base64'));
    },
  );
  const all = Buffer.concat(parts);
  expect(read.bytes).toBe(all.length);
  return all.toString();
}

test('header and body are the whole, however the bytes come', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(text, `\r\n${text}`, 'Only: header\r\n', `X: \r\r\n\r\r\n\r\n${text}`),
      fc.array(fc.nat(20)),
      async (whole, sizes) => {
        const bytes = Buffer.from(whole);
        expect(await readIn(bytes, sizes, 'raw')).toBe(whole);
        const headers = await readIn(bytes, sizes, 'headers');
        expect(headers + (await readIn(bytes, sizes, 'body'))).toBe(whole);
        const end = `\r\n${whole}`.indexOf('\r\n\r\n');
        expect(headers).toBe(end < 0 ? whole : whole.slice(0, end + 2));
      },
    ),
    { numRuns: 200 },
  );
});
