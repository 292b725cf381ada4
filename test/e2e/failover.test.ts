import { expect, test } from 'vitest';
import type { AccountDetail, MessageReport, RouteReport } from '../../src/control/reports.ts';
import type { Daemon } from '../support/daemon.ts';
import type { Upstream, UpstreamOptions } from '../support/upstream.ts';
import { accountAt, app, ask, daemon, idOf, mainLogin, submit, upstream } from './scene.ts';

const login = { username: 'user@relay.test', password: 'upstream-password' };
const mail = { from: 'a@relay.test', to: 'b@dest.test', text: 'x' };

interface Scene {
  readonly first: Upstream;
  readonly second: Upstream;
  readonly relay: Daemon;
  /** Sends one message; resolves with its id. */
  readonly send: () => Promise<string>;
}

async function scene(options: UpstreamOptions, more = {}): Promise<Scene> {
  const first = await upstream({ accounts: mainLogin, ...options });
  const second = await upstream({ accounts: mainLogin });
  const config = {
    clients: { app },
    accounts: {
      main: await accountAt(first, login, { identities: ['@relay.test'], ...more }),
      other: await accountAt(second, login, { identities: ['@relay.test'] }),
    },
    routes: [{ sender: '*', accounts: ['main', 'other'] }],
    failover: { after: '1s' },
  };
  const relay = await daemon({ config });
  const send = async () => idOf(await submit(relay.ports[0] ?? 0, mail));
  return { first, second, relay, send };
}

test('a refused login: the second account delivers, and the first again when it is mended', async () => {
  const refusal = { at: 'auth', do: { reply: '535 5.7.8 bad credentials' } } as const;
  const { first, second, relay, send } = await scene({ rules: [refusal] });
  await send();
  await relay.event('account.held');
  await second.taken(1);
  const used = await relay.event('failover.used');
  expect(used).toMatchObject({ account: 'main', to: 'other', reason: 'credentials' });
  await send();
  await second.taken(2);

  const where = ['--from', 'a@relay.test', '--to', 'b@dest.test', '--running'];
  const report = await ask<RouteReport>(relay, 'route', 'test', ...where);
  expect(report.accounts.map(({ name, takes }) => [name, takes])).toEqual([
    ['main', false],
    ['other', true],
  ]);
  const detail = await ask<AccountDetail>(relay, 'account', 'show', 'main');
  expect(detail.handsOverTo).toEqual(['other']);
  const shown = await relay.relayctl('account', 'show', 'other');
  expect(shown.stdout).toMatch(/Stands in for: +main/);

  first.script([]);
  expect((await relay.relayctl('account', 'resume', 'main')).code).toBe(0);
  await relay.event('failover.ended');
  await send();
  await first.taken(1);
  expect(second.messages).toHaveLength(2);
});

test('an upstream that cannot be reached: the second account delivers', async () => {
  const { first, second, relay, send } = await scene({});
  await first.close();
  const id = await send();
  await relay.event('account.paused');
  await second.taken(1);
  await relay.event('message.completed', (event) => event.id === id);
  const { history } = await ask<MessageReport>(relay, 'queue', 'show', id);
  expect(history?.attempts.at(-1)?.account).toBe('other');
});

test("a provider's quota, and one of our own: the second account takes what is beyond", async () => {
  const reply = '550 5.4.5 Daily user sending limit exceeded';
  const refusal = { at: 'mail', after: 1, do: { reply } } as const;
  const provider = await scene({ rules: [refusal] });
  await provider.send();
  await provider.first.taken(1);
  await provider.send();
  await provider.second.taken(1);
  expect(await provider.relay.event('failover.used')).toMatchObject({ reason: 'quota' });

  const own = await scene({}, { limits: { rate: ['2/h'] } });
  for (let count = 0; count < 4; count++) await own.send();
  await own.first.taken(2);
  await own.second.taken(2);
});
