import { afterEach, expect, test } from 'vitest';
import type { Dispatch } from '../../../src/relay/ports.ts';
import { StoreError } from '../../../src/relay/ports.ts';
import type { Lease } from '../../../src/relay/queue.ts';
import type { Client } from '../../dialogue/client.ts';
import { inData, loggedIn, say, submit } from './client.ts';
import { plainConfig } from './config.ts';
import { startRelay, type TestRelay, type TestRelayOptions } from './relay.ts';

let relay: TestRelay | null = null;
let client: Client | null = null;

async function start(
  more: Parameters<typeof plainConfig>[1] = {},
  deps: TestRelayOptions['deps'] = {},
): Promise<{ relay: TestRelay; client: Client }> {
  relay = await startRelay({ config: (directory) => plainConfig(directory, more), deps });
  client = await loggedIn(relay.port);
  return { relay, client };
}

afterEach(async () => {
  client?.close();
  await relay?.close();
});

const lease: Lease = { owner: { boot: 'b', run: 'r' }, untilMs: 1 };

/** A lane with room, and what was asked of it. */
function leasing(calls: string[]): Dispatch {
  return {
    choose: ([first = '']) => first,
    reserve(lane, bytes) {
      calls.push(`reserve ${lane} ${bytes > 0}`);
      return lease;
    },
    start: ({ message, recipients }, body) => {
      calls.push(`start ${message.id.length} ${recipients.length} ${body.in}`);
    },
    cancel: (lane) => void calls.push(`cancel ${lane}`),
    wake: (lane) => void calls.push(`wake ${lane}`),
  };
}

test.each([
  ['full', /^452 4\.3\.1/, 'storage-full'],
  ['io', /^451 4\.3\.0/, 'storage-failed'],
] as const)(
  'a storage that is %s answers 4xx, and the next message is taken',
  async (fault, reply, why) => {
    const { relay, client } = await start();
    relay.store.failWith(fault);
    expect(await submit(client, 'Subject: x\r\n')).toMatch(reply);
    expect(relay.stored).toEqual([]);
    expect(relay.events.at(-1)).toMatchObject({ is: 'message.refused', reason: why });
    relay.store.failWith(null);
    expect(await submit(client, 'Subject: x\r\n')).toMatch(/^250/);
    expect(relay.stored).toHaveLength(1);
  },
);

test('a spool that fails answers 4xx, too, and the message is drained', async () => {
  const spool = {
    create: () => Promise.reject(new StoreError('full', 'no space')),
    read: () => {
      throw new Error('not read');
    },
  };
  const { client } = await start({}, { spool });
  expect(await submit(client, `${'x'.repeat(998)}\r\n`.repeat(1000))).toMatch(/^452 4\.3\.1/);
  expect(await submit(client, 'Subject: x\r\n')).toMatch(/^250/);
});

test('the 250 waits for the commit, and only then the attempt starts', async () => {
  const calls: string[] = [];
  let commit = (): void => {};
  const store = {
    accept: () =>
      new Promise<void>((resolve) => {
        calls.push('accept');
        commit = resolve;
      }),
  };
  const { client } = await start({}, { store, dispatch: leasing(calls) });
  await inData(client);
  await client.send(Buffer.from('Subject: x\r\n.\r\n'));
  await expect.poll(() => calls).toEqual(['reserve main true', 'accept']);
  commit();
  expect((await client.reply())[0]).toMatch(/^250 2\.0\.0 Ok: queued as /);
  await expect.poll(() => calls.at(-1)).toBe('start 11 1 memory');
});

test('a place that was reserved is given back when the commit fails', async () => {
  const calls: string[] = [];
  const store = { accept: () => Promise.reject(new StoreError('io', 'simulated')) };
  const { client } = await start({}, { store, dispatch: leasing(calls) });
  await inData(client, ['b@x.example', 'c@spare.example']);
  await client.send(Buffer.from('.\r\n'));
  expect((await client.reply())[0]).toMatch(/^451/);
  expect(calls).toEqual(['reserve main true', 'reserve spare true', 'cancel main', 'cancel spare']);
});

test('a client that leaves while its message is committed has sent it all the same', async () => {
  const calls: string[] = [];
  let commit = (): void => {};
  const store = {
    accept: () =>
      new Promise<void>((resolve) => {
        commit = resolve;
      }),
  };
  const { relay, client } = await start({}, { store, dispatch: leasing(calls) });
  await inData(client);
  await client.send(Buffer.from('.\r\n'));
  await expect.poll(() => calls).toHaveLength(1);
  client.close();
  commit();
  // It may have closed its side only, so it is answered before it goes.
  await expect.poll(() => relay.submission.connections()).toBe(0);
  await expect.poll(() => calls.at(-1)).toMatch(/^start/);
  expect(relay.events.map((event) => event.is)).toContain('message.accepted');
});

test('below the free space that is asked for nothing is accepted', async () => {
  const { client } = await start({ limits: { disk_free: '900000GiB' } });
  expect(await say(client, 'MAIL FROM:<a@x.example>')).toMatch(/^452 4\.3\.1/);
});
