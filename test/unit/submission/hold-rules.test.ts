import { afterEach, expect, test } from 'vitest';
import type { HoldRule } from '../../../src/relay/steering.ts';
import type { Client } from '../../dialogue/client.ts';
import { inData, loggedIn } from './client.ts';
import { plainConfig } from './config.ts';
import { startRelay, type TestRelay } from './relay.ts';

let relay: TestRelay | null = null;
let client: Client | null = null;

afterEach(async () => {
  client?.close();
  await relay?.close();
});

const rule: HoldRule = {
  id: 3,
  sender: null,
  client: null,
  recipient: null,
  account: null,
  reason: 'launch',
  sinceMs: 0,
  untilMs: null,
  keep: false,
};

/** One message to these recipients, while rules are as `current` gives them. */
async function submit(
  current: () => readonly HoldRule[],
  to: readonly string[] = ['b@x.example'],
  routes: readonly object[] = [{ sender: '*', accounts: ['main'] }],
): Promise<TestRelay> {
  const holds = {
    get current() {
      return current();
    },
  };
  const config = (directory: string) => plainConfig(directory, { routes });
  relay = await startRelay({ config, deps: { holds } });
  client = await loggedIn(relay.port);
  await inData(client, to);
  await client.send(Buffer.from('From: shop@x.example\r\nSubject: x\r\n\r\n.\r\n'));
  expect((await client.reply('final dot'))[0]).toMatch(/^250 /);
  return relay;
}

const fates = ({ stored }: TestRelay) =>
  stored.map(({ message, start, lane }) => ({
    to: message.envelope.recipients.map(({ forwardPath }) => forwardPath),
    lane,
    start: start.is === 'held' ? start.reason : start.is,
  }));

test('matching mail is taken and held, and nobody is woken for it', async () => {
  const of = await submit(() => [{ ...rule, sender: 'shop@x.example' }]);
  const reason = 'hold rule 3: launch';
  expect(fates(of)).toEqual([{ to: ['b@x.example'], lane: 'main', start: reason }]);
  expect(of.dispatched).toEqual([]);
});

test('other mail goes', async () => {
  const of = await submit(() => [{ ...rule, sender: '@other.example' }]);
  expect(fates(of)).toEqual([{ to: ['b@x.example'], lane: 'main', start: 'waiting' }]);
});

test('only the recipients that a rule is about are held, copies go with the rest', async () => {
  const of = await submit(
    () => [{ ...rule, recipient: '@held.example' }],
    ['a@held.example', 'b@x.example', 'c@held.example'],
    [{ sender: '*', accounts: ['main'], bcc: ['log@x.example'] }],
  );
  const stored = fates(of);
  expect(stored).toHaveLength(2);
  expect(stored).toContainEqual({
    to: ['a@held.example', 'c@held.example', 'log@x.example'],
    lane: 'main',
    start: 'hold rule 3: launch',
  });
  expect(stored).toContainEqual({ to: ['b@x.example'], lane: 'main', start: 'waiting' });
  expect(new Set(of.stored.map(({ message }) => message.id)).size).toBe(2);
  expect((await of.taken()).every(({ bytes }) => bytes.length > 0)).toBe(true);
});

test('a rule by account holds what would leave through it alone', async () => {
  const of = await submit(
    () => [{ ...rule, account: 'spare' }],
    ['a@spare.example', 'b@x.example'],
    [
      { recipient: '@spare.example', accounts: ['spare'] },
      { sender: '*', accounts: ['main'] },
    ],
  );
  const lanes = of.stored.map(({ lane, start }) => [lane, start.is]);
  expect(lanes).toEqual([
    ['spare', 'held'],
    ['main', 'waiting'],
  ]);
});

test('a rule that ends while the message is being stored holds it no more', async () => {
  let asked = 0;
  const ending = { ...rule, client: 'shop' };
  const of = await submit(() => (asked++ === 0 ? [ending] : []));
  expect(fates(of)).toEqual([{ to: ['b@x.example'], lane: 'main', start: 'waiting' }]);
});
