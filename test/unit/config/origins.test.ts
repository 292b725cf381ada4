import { expect, test } from 'vitest';
import { describeSettings } from '../../../src/config/describe.ts';
import { leavesOf } from '../../../src/config/leaves.ts';
import { formatPath } from '../../../src/config/problem.ts';
import { minimal } from './minimal.ts';
import { settingsOf } from './temporary-file.ts';

const text = `clients:
  shop: {password: shop-password, senders: ["@shop.example"]}
accounts:
  gmail:
    provider: gmail
    username: up@shop.example
    password: abcdabcdabcdabcd
    limits:
      connections: 1
  ses: {provider: ses, region: eu-west-3, username: AKIA, secret_access_key: x, sandbox: true}
  own: {host: own.example, port: 465, username: x, password: y, tls: {minimum: TLSv1.3}}
routes:
  - {sender: "*", accounts: [gmail, ses, own]}
queue: {lifetime: 1d}
`;

test('each value says where it came from', async () => {
  const { origins = {} } = await settingsOf(text);
  expect(origins).toMatchObject({
    hostname: "this machine's name",
    'listeners[0].listen': 'default',
    'clients.shop.senders': 'relay.yaml:2',
    'accounts.gmail.host': 'preset gmail',
    'accounts.gmail.port': 'preset gmail',
    'accounts.gmail.tls.mode': 'preset gmail',
    'accounts.gmail.tls.servername': 'from host',
    'accounts.gmail.identities': 'from username',
    'accounts.gmail.limits.connections': 'relay.yaml:9',
    'accounts.gmail.limits.idle': 'preset gmail',
    'accounts.ses.password': 'relay.yaml:10',
    'accounts.ses.limits.rate': 'preset ses',
    'accounts.own.host': 'relay.yaml:11',
    'accounts.own.identities': 'default',
    'accounts.own.tls.mode': 'from port',
    'accounts.own.tls.minimum': 'relay.yaml:11',
    'accounts.own.timeouts.connect': 'default',
    'routes[0].accounts': 'relay.yaml:13',
    'limits.connections_reserved': 'from limits.connections',
    'queue.lifetime': 'relay.yaml:14',
    'queue.retry': 'default',
  });
});

test('no value is without an origin', async () => {
  for (const some of [text, minimal]) {
    const settings = await settingsOf(some);
    const paths = leavesOf(describeSettings(settings)).map(({ path }) => formatPath(path));
    expect(Object.keys(settings.origins ?? {})).toEqual(paths);
  }
});
