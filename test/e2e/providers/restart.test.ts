import { expect, test } from 'vitest';
import { daemon, temporaryDirectory } from '../scene.ts';
import {
  accountAt,
  day,
  expectAllDelivered,
  LOGINS,
  movableClock,
  refusals,
  settled,
  simulator,
  submitMany,
  withAccounts,
} from './scene.ts';

test('a pause survives a crash: nothing is tried before its time, and then all goes', async () => {
  const [username, password] = LOGINS.gmail;
  const gmail = await simulator({
    provider: 'gmail',
    credentials: { [username]: { password } },
    limits: { quota: { amount: 50, perMs: day, as: 'rolling' } },
  });
  const clock = movableClock();
  const directory = await temporaryDirectory();
  const config = withAccounts({ main: await accountAt(gmail, 'gmail') });
  const given = { config, directory, ...clock };
  const first = await daemon(given);
  await submitMany(first, 100);
  await first.event('account.paused');
  await gmail.quiet();
  await first.kill('SIGKILL');
  const before = await gmail.report();

  const second = await daemon(given);
  expect((await second.relayctl('account', 'list')).stdout).toContain('paused');
  await submitMany(second, 20);
  await gmail.quiet();
  const after = await gmail.order({ limits: {}, passMs: day });
  expect(refusals(after[username])).toBe(refusals(before[username]));
  expect(after[username]?.loginsAcceptedAtMs).toEqual(before[username]?.loginsAcceptedAtMs);
  clock.pass(day, second.pid);
  await expectAllDelivered(second, 70);
  expect(settled(first, 'bounced')).toEqual([]);
});

test('a hold survives a crash: the refused password is not tried again', async () => {
  const [username, password] = LOGINS.sendgrid;
  const sendgrid = await simulator({
    provider: 'sendgrid',
    credentials: { [username]: { password, revoked: true } },
  });
  const directory = await temporaryDirectory();
  const config = withAccounts({ main: await accountAt(sendgrid, 'sendgrid') });
  const first = await daemon({ config, directory });
  await submitMany(first, 10);
  await first.event('account.held');
  await sendgrid.quiet();
  await first.kill('SIGKILL');
  const before = await sendgrid.report();

  const second = await daemon({ config, directory });
  await submitMany(second, 10);
  await sendgrid.quiet();
  const after = await sendgrid.order({ credentials: { [username]: { password } } });
  expect(after[username]?.loginsRefused).toEqual(before[username]?.loginsRefused);
  expect((await second.relayctl('account', 'resume', 'main')).code).toBe(0);
  await expectAllDelivered(second, 20);
});
