import { expect, test } from 'vitest';
import { submit } from '../scene.ts';
import {
  day,
  expectAllDelivered,
  hour,
  LOGINS,
  nextPause,
  passWaits,
  scene,
  settled,
  submitMany,
} from './scene.ts';

const [username, password] = LOGINS.microsoft365;
/** Faster than the preset, so that the provider's own limits are met. */
const unlimited = { limits: { rate: ['1000/s'] } };

test('the submission quota with 500 waiting: no bounce, no attempt lost, resumed by itself', async () => {
  const quota = { amount: 500, perMs: day, as: 'rolling' } as const;
  const { relay, pass } = await scene({
    provider: 'microsoft365',
    limits: { quota },
    account: unlimited,
  });
  await submitMany(relay, 1_000);
  const paused = await relay.event('account.paused');
  expect(paused).toMatchObject({ account: 'main', reason: 'quota' });
  expect(paused.detail).toContain('SubmissionQuotaExceededException');
  const again = nextPause(relay);
  await pass(2 * hour);
  await again;
  expect(settled(relay, 'bounced')).toEqual([]);
  await pass(day);
  await expectAllDelivered(relay, 1_000);
});

test('432 for a connection too many: all is delivered over those that are allowed', async () => {
  const given = await scene({
    provider: 'microsoft365',
    limits: { connections: 1 },
    account: unlimited,
  });
  const { relay } = given;
  await submitMany(relay, 50);
  await passWaits(given, () => settled(relay, 'delivered').length === 50);
  await expectAllDelivered(relay, 50);
});

test('SendAsDenied: mail of that sender is held and not bounced, and that of others goes', async () => {
  const given = await scene({
    provider: 'microsoft365',
    credentials: { [username]: { password, sendAs: [username] } },
  });
  const { relay } = given;
  const mail = { from: 'hr@shop.example', to: 'a@dest.test', text: 'x' };
  await submit(relay.ports[0] ?? 0, mail);
  await passWaits(given, () => settled(relay, 'held').length > 0);
  expect(settled(relay, 'held')).toMatchObject([{ reason: 'sender' }]);
  expect(settled(relay, 'held')[0]?.text).toContain('not allowed to send as hr@shop.example');
  await submitMany(relay, 10);
  await expectAllDelivered(relay, 10);
});

test('AUTH is LOGIN only; switched off for the mailbox it holds the account with the remedy', async () => {
  const reply =
    '535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.';
  const { relay, provider } = await scene({
    provider: 'microsoft365',
    script: [{ at: 'auth', reply, times: 100 }],
  });
  await submitMany(relay, 5);
  const held = await relay.event('account.held');
  expect(held).toMatchObject({ reason: 'credentials' });
  expect(held.hint).toContain('auth: xoauth2');
  await provider.order({ script: [] });
  expect((await relay.relayctl('account', 'resume', 'main')).code).toBe(0);
  await expectAllDelivered(relay, 5);
});
