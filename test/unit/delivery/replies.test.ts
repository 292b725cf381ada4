import { afterEach, expect, test } from 'vitest';
import { startUpstream, type Upstream, type UpstreamOptions } from '../../support/upstream.ts';
import type { Rule } from '../../support/upstream-rules.ts';
import { type AccountOverrides, makeAccount, makeRig, makeSettings, type Rig } from './harness.ts';

let upstream: Upstream;
let rig: Rig;

afterEach(async () => {
  await rig.delivery.drain(0);
  await upstream.close();
});

async function open(
  rules: readonly Rule[],
  account: AccountOverrides = {},
  options: UpstreamOptions = {},
): Promise<void> {
  upstream = await startUpstream({ tls: 'none', rules, ...options });
  rig = makeRig(makeSettings([makeAccount('a', upstream.port, account)]));
  await rig.delivery.resume();
}

const outcomes = (id: string): Record<string, string> =>
  Object.fromEntries(
    rig
      .all('recipient.settled')
      .filter((event) => event.id === id)
      .map(({ recipient, outcome, text }) => [recipient, `${outcome} ${text}`]),
  );

for (const extensions of [['PIPELINING'], [] as string[]]) {
  test(`each recipient has its own outcome (${extensions.join() || 'no pipelining'})`, async () => {
    await open(
      [
        { at: 'rcpt', path: 'gone', do: { reply: '550 5.1.1 no such user' } },
        { at: 'rcpt', path: 'busy', do: { reply: '450 4.2.1 try later' } },
      ],
      {},
      { extensions },
    );
    const id = await rig.submit({
      to: ['ok@x.example', 'gone@x.example', 'busy@x.example', 'ok2@x.example'],
    });
    await rig.until(() => Object.keys(outcomes(id)).length === 4, 'all outcomes');
    expect(outcomes(id)).toEqual({
      'ok@x.example': expect.stringMatching(/^delivered 250/),
      'gone@x.example': 'bounced 550 5.1.1 no such user',
      'busy@x.example': 'deferred 450 4.2.1 try later',
      'ok2@x.example': expect.stringMatching(/^delivered 250/),
    });
    const row = (await rig.store.show(id)).queued?.recipients;
    expect(row).toMatchObject([{ index: 2, state: 'waiting', attempts: 1 }]);
    // Its own failure report went to the reverse-path.
    const [, dsn] = await upstream.taken(2);
    expect(dsn?.recipients[0]?.forwardPath).toBe('from@example.org');
    expect(dsn?.body.toString()).toContain('gone@x.example');
    expect(dsn?.body.toString()).not.toContain('busy@x.example');
  });

  test(`all refused: RSET comes before the next message (${extensions.join() || 'no pipelining'})`, async () => {
    const rules: Rule[] = [{ at: 'rcpt', path: 'gone', do: { reply: '550 5.1.1 no such user' } }];
    await open(rules, { limits: { connections: 1 } }, { extensions });
    await rig.submit({ from: '', to: ['gone@x.example', 'gone2@x.example'] });
    await rig.event('message.completed');
    await rig.submit({ to: ['ok@x.example'] });
    await upstream.taken(1);
    await rig.until(() => rig.all('message.completed').length === 2, 'both');
    expect(upstream.sessions.total).toBe(1);
    expect(rig.all('recipient.settled').map(({ outcome }) => outcome)).toEqual([
      'bounced',
      'bounced',
      'delivered',
    ]);
  });
}

test('recipients above the account limit go in further transactions', async () => {
  await open([], { limits: { recipients: 3 } });
  const to = Array.from({ length: 8 }, (_, index) => `r${index}@x.example`);
  const id = await rig.submit({ to });
  await upstream.taken(3);
  expect(upstream.messages.map(({ recipients }) => recipients.length)).toEqual([3, 3, 2]);
  await rig.event('message.completed', (event) => event.id === id);
});

test('452 too many recipients: the rest goes at once in another transaction', async () => {
  await open([{ at: 'rcpt', after: 2, times: 3, do: { reply: '452 4.5.3 Too many recipients' } }]);
  const to = Array.from({ length: 5 }, (_, index) => `r${index}@x.example`);
  await rig.submit({ to });
  await upstream.taken(2);
  expect(upstream.messages.map(({ recipients }) => recipients.length)).toEqual([2, 3]);
  await rig.event('message.completed');
  expect(rig.all('recipient.settled').every(({ outcome }) => outcome === 'delivered')).toBe(true);
});

test('a refusal that may mean one of several splits the message instead of bouncing all', async () => {
  await open([{ at: 'end-of-data', times: 1, do: { reply: '552 5.5.3 Too many recipients' } }]);
  await rig.submit({ to: ['a@x.example', 'b@x.example', 'c@x.example', 'd@x.example'] });
  await upstream.taken(2);
  await rig.event('message.completed');
  expect(rig.all('recipient.settled').map(({ outcome }) => outcome)).toEqual(
    Array(4).fill('delivered'),
  );
  expect(rig.dots.open.size).toBe(0);
});

test('a sender the account may not use is held with its mail, not the account', async () => {
  const reply = '554 Message rejected: Email address is not verified.';
  await open([{ at: 'end-of-data', times: 1, do: { reply } }]);
  const id = await rig.submit();
  const settled = await rig.event('recipient.settled');
  expect(settled).toMatchObject({ outcome: 'held', reason: 'sender' });
  expect((await rig.store.show(id)).queued?.recipients).toMatchObject([
    { state: 'held', lastText: reply },
  ]);
  await rig.submit({ from: 'other@example.org' });
  await rig.event('message.completed');
  expect(rig.delivery.states().get('a')).toEqual({ is: 'open' });
});

test('a quota pauses the account; the message waits and no attempt is used up', async () => {
  const reply = '550-5.4.5 Daily user sending limit exceeded.\n550 5.4.5 x';
  await open([{ at: 'mail', do: { reply } }], { limits: { connections: 1 } });
  const ids = [await rig.submit(), await rig.submit(), await rig.submit()];
  await rig.event('account.paused');
  await rig.until(async () => (await rig.store.counts())[0]?.state === 'waiting', 'all back');
  for (const id of ids) {
    expect((await rig.store.show(id)).queued?.recipients).toMatchObject([
      { state: 'waiting', attempts: 0 },
    ]);
  }
  expect(rig.all('account.paused')).toMatchObject([{ reason: 'quota' }]);
  expect(rig.all('recipient.settled').some(({ outcome }) => outcome === 'bounced')).toBe(false);
  upstream.script([]);
  rig.aheadMs += 2 * 3_600_000;
  await rig.delivery.look();
  await upstream.taken(3);
  await rig.event('account.resumed', ({ by }) => by === 'success');
});

test('the first message after a pause goes alone', async () => {
  await open([{ at: 'mail', do: { reply: '454 4.7.0 Too many connections' } }], {
    limits: { connections: 5 },
  });
  for (let count = 0; count < 10; count++) await rig.submit();
  await rig.event('account.paused');
  await rig.until(
    async () => (await rig.store.counts()).every(({ state }) => state === 'waiting'),
    'all back',
  );
  upstream.script([{ at: 'end-of-data', times: 1, do: { stall: true } }]);
  rig.aheadMs += 3_600_000;
  await rig.delivery.look();
  await rig.until(() => rig.dots.marked.length === 1, 'the probe');
  expect(rig.all('attempt.finished').length).toBeLessThan(10);
  expect(rig.delivery.connections().get('a')).toBe(1);
  upstream.release();
  await upstream.taken(10);
});

test('retries follow the schedule until the lifetime is over, then the sender is told', async () => {
  await open([{ at: 'rcpt', path: 'busy', do: { reply: '450 4.2.1 try later' } }]);
  const id = await rig.submit({ to: ['busy@x.example'] });
  const first = await rig.event('recipient.settled');
  expect(Math.round(((first.nextAtMs ?? 0) - rig.now()) / 1000)).toBeGreaterThan(50);
  rig.aheadMs += 6 * 86_400_000;
  await rig.delivery.look();
  const bounced = await rig.event('recipient.settled', ({ outcome }) => outcome === 'bounced');
  expect(bounced).toMatchObject({ id, reason: 'expired' });
  const [dsn] = await upstream.taken(1);
  expect(dsn?.body.toString()).toContain('Status: 5.4.7');
  expect(dsn?.body.toString()).toContain('450 4.2.1 try later');
});

test('NOTIFY is honoured by us when the upstream does not offer DSN', async () => {
  const rules: Rule[] = [{ at: 'rcpt', path: 'gone', do: { reply: '550 5.1.1 no such user' } }];
  await open(rules, {}, { extensions: ['PIPELINING'] });
  await rig.submit({
    recipients: [
      { forwardPath: 'gone1@x.example', notify: 'NEVER', orcpt: null },
      { forwardPath: 'ok1@x.example', notify: 'SUCCESS', orcpt: 'rfc822;ok1@x.example' },
      { forwardPath: 'ok2@x.example', notify: 'FAILURE', orcpt: null },
    ],
  });
  const [, dsn] = await upstream.taken(2);
  const text = dsn?.body.toString() ?? '';
  expect(text).toContain('Action: relayed');
  expect(text).toContain('Original-Recipient: rfc822; ok1@x.example');
  expect(text).not.toContain('gone1@');
  expect(text).not.toContain('ok2@');
  await rig.until(() => rig.all('message.completed').length === 2, 'both');
  expect(upstream.messages.length).toBe(2);
});

test('the null reverse-path is told nothing', async () => {
  await open([{ at: 'rcpt', do: { reply: '550 5.1.1 no such user' } }]);
  const id = await rig.submit({ from: '' });
  await rig.event('message.completed', (event) => event.id === id);
  expect(await rig.store.counts()).toEqual([]);
});
