import { afterEach, expect, test } from 'vitest';
import type { Client } from '../../dialogue/client.ts';
import { inData, loggedIn, say } from './client.ts';
import { plainConfig } from './config.ts';
import { startRelay, type TestRelay } from './relay.ts';

let relay: TestRelay | null = null;
let client: Client | null = null;

afterEach(async () => {
  client?.close();
  await relay?.close();
});

async function begin(
  routes: readonly object[],
  identities: readonly string[] = [],
): Promise<{ relay: TestRelay; client: Client }> {
  const config = (directory: string) => {
    const plain = plainConfig(directory, { routes });
    const accounts = plain.accounts as Record<string, object>;
    return { ...plain, accounts: { ...accounts, main: { ...accounts.main, identities } } };
  };
  relay = await startRelay({ config });
  client = await loggedIn(relay.port);
  return { relay, client };
}

async function finish(client: Client, message: string): Promise<string> {
  await client.send(Buffer.from(`${message}\r\n.\r\n`));
  return (await client.reply('final dot'))[0] ?? '';
}

test('a copy is stored with each message of its route, and nobody sees it', async () => {
  const { relay, client } = await begin([
    { recipient: '@spare.example', accounts: ['spare'] },
    { sender: '*', accounts: ['main'], bcc: ['log@x.example', 'b@X.example'] },
  ]);
  await inData(client, ['b@x.example', 'c@spare.example']);
  expect(await finish(client, 'Subject: x\r\n')).toMatch(/^250 /);
  const [main, spare] = relay.stored.map(({ message }) => message.envelope.recipients);
  expect(main).toEqual([
    { forwardPath: 'b@x.example', notify: null, orcpt: null },
    { forwardPath: 'log@x.example', notify: 'NEVER', orcpt: null, blind: true },
  ]);
  expect(spare?.map(({ forwardPath }) => forwardPath)).toEqual(['c@spare.example']);
  const [{ bytes } = { bytes: Buffer.alloc(0) }] = await relay.taken();
  expect(bytes.toString()).not.toContain('log@x.example');
});

test('an app whose sender is rewritten is not refused, and its message is stored as it came', async () => {
  const rewrite = { from: 'n@own.example' };
  const { relay, client } = await begin(
    [{ sender: '*', accounts: ['main'], rewrite }],
    ['@own.example'],
  );
  await inData(client);
  expect(await finish(client, 'From: a@x.example, b@x.example\r\n')).toMatch(/^250 /);
  const [stored] = relay.stored.map(({ message }) => message);
  expect(stored).toMatchObject({
    envelope: { reversePath: 'a@x.example' },
    from: 'a@x.example',
    alsoFrom: ['b@x.example'],
  });
});

test('with `when: never` it is refused as ever', async () => {
  const rewrite = { from: 'n@own.example', when: 'never' };
  const { client } = await begin([{ sender: '*', accounts: ['main'], rewrite }], ['@own.example']);
  expect(await say(client, 'MAIL FROM:<a@x.example>')).toMatch(
    /^550 5\.7\.1 account main may not send as a@x\.example/,
  );
});
