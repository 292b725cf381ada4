import { expect, test } from 'vitest';
import { daemon, idOf, submit, temporaryDirectory } from '../scene.ts';
import {
  accountAt,
  day,
  expectAllDelivered,
  hour,
  LOGINS,
  movableClock,
  refusals,
  scene,
  settled,
  simulator,
  submitMany,
  told,
  usualMail,
  withAccounts,
} from './scene.ts';

const [username, password] = LOGINS.ses;

test('the quota of 24 hours with 500 waiting: no bounce, no attempt lost, resumed by itself', async () => {
  const quota = { amount: 250, perMs: day, as: 'rolling' } as const;
  const { relay, provider, pass } = await scene({ provider: 'ses', limits: { quota } });
  await submitMany(relay, 750);
  const paused = await relay.event('account.paused');
  expect(paused).toMatchObject({ account: 'main', reason: 'quota' });
  expect(paused.detail).toContain('454 Throttling failure: Daily message quota exceeded');
  const { [username]: tally } = await provider.report();
  expect(tally?.takenAtMs).toHaveLength(250);
  // At most one of each connection.
  expect(refusals(tally)).toBeLessThanOrEqual(5);

  await pass(day);
  await provider.taken(500);
  await expect.poll(() => told(relay, 'account.paused').length).toBeGreaterThanOrEqual(2);
  expect(settled(relay, 'bounced')).toEqual([]);
  await pass(day);
  await expectAllDelivered(relay, 750);
});

test('in the sandbox, one unverified recipient among ten: nine delivered, one bounced', async () => {
  const known = Array.from({ length: 9 }, (_, n) => `r${n}@shop.example`);
  const { relay, provider } = await scene({
    provider: 'ses',
    credentials: { [username]: { password, sandbox: ['@shop.example'] } },
  });
  const to = [...known.slice(0, 4), 'stranger@dest.test', ...known.slice(4)];
  const mail = { from: 'erp@shop.example', to, text: 'x' };
  const id = idOf(await submit(relay.ports[0] ?? 0, mail));
  await relay.event('message.completed', (event) => event.id === id);

  const own = (outcome: string) => settled(relay, outcome).filter((event) => event.id === id);
  expect(
    own('delivered')
      .map(({ recipient }) => recipient)
      .toSorted(),
  ).toEqual(known);
  expect(own('bounced')).toMatchObject([{ recipient: 'stranger@dest.test', attempts: 1 }]);
  expect(own('bounced')[0]?.text).toContain('Email address is not verified');
  // Nobody got it twice.
  const taken = provider.received.filter(
    ({ reply, reversePath }) => reply?.startsWith('250') && reversePath === 'erp@shop.example',
  );
  expect(taken.flatMap(({ recipients }) => recipients).toSorted()).toEqual(known);
});

test('an unverified sender: its mail is held, and that of others goes', async () => {
  const { relay } = await scene({
    provider: 'ses',
    credentials: { [username]: { password, sendAs: ['@shop.example'] } },
  });
  const [port = 0] = relay.ports;
  await submit(port, { from: 'hr@other.example', to: 'a@dest.test', text: 'x' });
  const held = await relay.event('recipient.settled', ({ outcome }) => outcome === 'held');
  expect(held).toMatchObject({ reason: 'sender' });
  expect(held.text).toContain('hr@other.example');
  await submitMany(relay, 10);
  await expectAllDelivered(relay, 10);
});

test('sending paused by AWS: held with everything kept, and all goes after resume', async () => {
  const paused =
    '554 Message rejected: Sending paused for this account. For more information, please check the ' +
    'inbox of the email address associated with your AWS account.';
  const { relay, provider } = await scene({
    provider: 'ses',
    script: [{ after: { messages: 10 }, at: 'end-of-data', reply: paused, times: 100 }],
  });
  await submitMany(relay, 60, usualMail);
  expect(await relay.event('account.held')).toMatchObject({ reason: 'suspended' });
  await provider.order({ script: [] });
  expect((await relay.relayctl('account', 'resume', 'main')).code).toBe(0);
  await expectAllDelivered(relay, 60);
});

test('a connection that SES has closed for idleness costs no attempt and no pause', async () => {
  const reply = '451 4.4.2 Timeout waiting for data from client.';
  const idle = { after: { messages: 3 }, at: 'mail', reply, drop: true } as const;
  const { relay, provider } = await scene({
    provider: 'ses',
    script: [idle, idle, idle],
    account: { limits: { connections: 1 } },
  });
  await submitMany(relay, 30);
  await expectAllDelivered(relay, 30);
  expect(told(relay, 'account.paused')).toEqual([]);
  const { [username]: tally } = await provider.report();
  expect(tally?.refusals).toEqual({ [reply]: 3 });
});

test("the account's own ledger keeps below the provider's limit, over a crash as well", async () => {
  const quota = { amount: 100, perMs: day, as: 'rolling' } as const;
  const ses = await simulator({
    provider: 'ses',
    credentials: { [username]: { password } },
    limits: { quota },
  });
  const clock = movableClock();
  const directory = await temporaryDirectory();
  const main = await accountAt(ses, 'ses', { limits: { rate: ['100/d'] } });
  const given = { config: withAccounts({ main }), directory, ...clock };
  const first = await daemon(given);
  const two = (n: number) => ({ ...usualMail(n), to: [`a${n}@dest.test`, `b${n}@dest.test`] });
  await submitMany(first, 80, two);
  await first.kill('SIGKILL');

  const next = await daemon(given);
  const recipients = () => {
    const taken = ses.received.filter(({ reply }) => reply?.startsWith('250') === true);
    return new Set(taken.flatMap((message) => message.recipients)).size;
  };
  // What a crash left behind counts as sent; what is in doubt is asked for again in a while.
  await expect.poll(recipients).toBeGreaterThan(80);
  // No attempt is under way when a day passes: it would have waited for its answer all that time.
  const used = async () => (await next.relayctl('status')).stdout;
  await expect.poll(used, { timeout: 10_000 }).toContain('100 of 100/d');
  const leased = async () =>
    (await next.relayctl('queue', 'list', '--state', 'leased', '--ids')).stdout;
  await expect.poll(leased, { timeout: 10_000 }).toBe('');
  await ses.quiet();
  expect(recipients()).toBeLessThanOrEqual(100);
  await ses.order({ passMs: 25 * hour });
  clock.pass(25 * hour, next.pid);
  await expect.poll(recipients, { timeout: 30_000 }).toBe(160);
  const { [username]: tally } = await ses.report();
  expect(tally?.refusals).toEqual({});
  expect(settled(next, 'bounced')).toEqual([]);
});
