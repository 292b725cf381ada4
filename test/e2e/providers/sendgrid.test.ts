import { expect, test } from 'vitest';
import { submit } from '../scene.ts';
import {
  day,
  expectAllDelivered,
  hour,
  LOGINS,
  nextPause,
  scene,
  settled,
  submitMany,
} from './scene.ts';

const [username, password] = LOGINS.sendgrid;

test('no credits left with 500 waiting: no bounce, no attempt lost, resumed by itself', async () => {
  const credits = { amount: 100, perMs: day, as: 'rolling' } as const;
  const { relay, provider, pass } = await scene({ provider: 'sendgrid', limits: { credits } });
  await submitMany(relay, 600);
  const paused = await relay.event('account.paused');
  expect(paused).toMatchObject({ account: 'main', reason: 'quota' });
  expect(paused.detail).toContain('451 Authentication failed: Maximum credits exceeded');

  const again = nextPause(relay);
  await pass(2 * hour);
  expect(await again).toMatchObject({ reason: 'quota' });
  expect(settled(relay, 'bounced')).toEqual([]);
  // At most one login of each connection, and the probe.
  const { [username]: tally } = await provider.order({ limits: {} });
  expect(tally?.loginsRefused.length).toBeLessThanOrEqual(6);

  await pass(2 * hour);
  await expectAllDelivered(relay, 600);
});

test('a From without verified identity: held, and the others go', async () => {
  const { relay } = await scene({
    provider: 'sendgrid',
    credentials: { [username]: { password, sendAs: ['@shop.example'] } },
  });
  const mail = { from: 'hr@other.example', to: 'a@dest.test', text: 'x' };
  await submit(relay.ports[0] ?? 0, mail);
  const held = await relay.event('recipient.settled', ({ outcome }) => outcome === 'held');
  expect(held).toMatchObject({ reason: 'sender' });
  await submitMany(relay, 10);
  await expectAllDelivered(relay, 10);
});

test('a revoked API key: held with nothing bounced, and all goes once it works again', async () => {
  const { relay, provider } = await scene({
    provider: 'sendgrid',
    credentials: { [username]: { password, revoked: true } },
  });
  await submitMany(relay, 10);
  expect(await relay.event('account.held')).toMatchObject({ reason: 'credentials' });
  await provider.order({ credentials: { [username]: { password } } });
  expect((await relay.relayctl('account', 'resume', 'main')).code).toBe(0);
  await expectAllDelivered(relay, 10);
});
