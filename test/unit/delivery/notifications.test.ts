import { afterEach, expect, test } from 'vitest';
import type { Route } from '../../../src/relay/route.ts';
import type { Settings } from '../../../src/relay/settings.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';
import { makeAccount, makeRig, makeRoute, makeSettings, type Rig } from './harness.ts';

let upstream: Upstream;
let rig: Rig;

afterEach(async () => {
  await rig.delivery.drain(0);
  await upstream.close();
});

/** Everything sent to `gone` is refused; two accounts, `a` and `b`. */
async function open(routes: readonly Route[], dsnFrom: string | null = null): Promise<void> {
  upstream = await startUpstream({
    tls: 'none',
    accounts: { a: 'password of a', b: 'password of b' },
    rules: [{ at: 'rcpt', path: 'gone', do: { reply: '550 5.1.1 no such user' } }],
  });
  const accounts = ['a', 'b'].map((name) => makeAccount(name, upstream.port, { username: name }));
  const settings = makeSettings(accounts, { routes });
  const notifications: Settings['notifications'] = {
    ...settings.notifications,
    dsn: { mode: 'account', from: dsnFrom },
  };
  rig = makeRig({ ...settings, notifications });
  await rig.delivery.resume();
}

const other = makeRoute('*', ['a']);
const viaB = makeRoute('from@example.org', ['b']);

test.each<[string, Route, readonly Route[]]>([
  ['a client', { ...viaB, client: 'app' }, [other]],
  ['a client, and no other fits', { ...viaB, client: 'app' }, []],
  ['a header field', { ...viaB, header: { 'X-Stream': 'news' } }, [other]],
  ['a recipient, and no other fits', { ...viaB, recipient: '@x.example' }, []],
])('a notification leaves by the account of its mail: route for %s', async (_, route, more) => {
  await open([route, ...more]);
  const message = { routeHeaders: { 'x-stream': 'news' } };
  await rig.submit({ lane: 'b', to: ['gone@x.example'], message });
  const [dsn] = await upstream.taken(1);
  expect(dsn).toMatchObject({ reversePath: '', authenticatedAs: 'b' });
  await rig.until(async () => (await rig.store.counts()).length === 0, 'an empty queue');
});

test('a notification is accepted mail of the relay itself', async () => {
  await open([viaB]);
  await rig.submit({ lane: 'b', to: ['gone@x.example'] });
  await upstream.taken(1);
  const accepted = await rig.event('message.accepted');
  expect(accepted).toMatchObject({ client: 'relayd', reversePath: '', recipients: 1, lane: 'b' });
  await rig.event('message.completed', ({ id }) => id === accepted.id);
});

test.each([
  [null, 'From: Mail relay <from@example.org>'],
  ['Post <post@example.org>', 'From: Post <post@example.org>'],
])('notifications.dsn.from %s', async (from, field) => {
  await open([viaB], from);
  await rig.submit({ lane: 'b', to: ['gone@x.example'] });
  const [dsn] = await upstream.taken(1);
  expect(dsn?.body.toString()).toContain(`${field}\r\n`);
});
