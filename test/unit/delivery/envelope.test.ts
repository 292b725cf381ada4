import { afterEach, expect, test } from 'vitest';
import { startUpstream, type Upstream, type UpstreamOptions } from '../../support/upstream.ts';
import {
  type AccountOverrides,
  type Given,
  makeAccount,
  makeRig,
  makeSettings,
  type Rig,
} from './harness.ts';

let upstream: Upstream;
let rig: Rig;

afterEach(async () => {
  await rig.delivery.drain(1_000);
  await upstream.close();
});

async function open(options: UpstreamOptions = {}, account: AccountOverrides = {}): Promise<void> {
  upstream = await startUpstream({ tls: 'none', ...options });
  rig = makeRig(makeSettings([makeAccount('a', upstream.port, account)]));
  await rig.delivery.resume();
}

async function arrives(given: Given): Promise<(typeof upstream.messages)[number] | undefined> {
  await rig.submit(given);
  return (await upstream.taken(1))[0];
}

for (const pipelining of [true, false]) {
  test(`DSN parameters go on as they came, each recipient its own (pipelining ${pipelining})`, async () => {
    await open({ extensions: ['DSN', 'SIZE 10000', ...(pipelining ? ['PIPELINING'] : [])] });
    const message = await arrives({
      envelope: { ret: 'HDRS', envid: 'QQ+2b314+3Dx' },
      recipients: [
        { forwardPath: 'A@x.example', notify: 'SUCCESS,FAILURE', orcpt: 'rfc822;a+2bb@x.example' },
        { forwardPath: 'a@x.example', notify: 'NEVER', orcpt: null },
        { forwardPath: 'c@x.example', notify: null, orcpt: 'utf-8;\\x{E9}@x.example' },
      ],
    });
    expect(message?.parameters).toEqual(['SIZE=25', 'RET=HDRS', 'ENVID=QQ+2b314+3Dx']);
    expect(message?.recipients).toEqual([
      {
        forwardPath: 'A@x.example',
        parameters: ['NOTIFY=SUCCESS,FAILURE', 'ORCPT=rfc822;a+2bb@x.example'],
      },
      { forwardPath: 'a@x.example', parameters: ['NOTIFY=NEVER'] },
      { forwardPath: 'c@x.example', parameters: ['ORCPT=utf-8;\\x{E9}@x.example'] },
    ]);
    await rig.event('message.completed');
    expect(rig.all('recipient.settled').map(({ outcome }) => outcome)).toEqual([
      'delivered',
      'delivered',
      'delivered',
    ]);
  });
}

test('paths keep case, quoting, A-labels and UTF-8', async () => {
  await open();
  const message = await arrives({
    from: '"x>y <z"@Example.ORG',
    to: ['ä@bücher.example', 'B@xn--bcher-kva.example'],
    envelope: { smtpUtf8: true },
  });
  expect(message?.reversePath).toBe('"x>y <z"@Example.ORG');
  const paths = message?.recipients.map(({ forwardPath }) =>
    Buffer.from(forwardPath, 'latin1').toString(),
  );
  expect(paths).toEqual(['ä@bücher.example', 'B@xn--bcher-kva.example']);
  expect(message?.parameters).toContain('SMTPUTF8');
});

test('the null reverse-path is sent as it is', async () => {
  await open();
  expect((await arrives({ from: '' }))?.reversePath).toBe('');
});

test('BODY says what the body is', async () => {
  await open();
  const body = Buffer.from('Subject: x\r\n\r\n\xe4\r\n', 'latin1');
  const message = await arrives({ body, message: { eightBit: true } });
  expect(message?.parameters).toContain('BODY=8BITMIME');
  expect(message?.body).toEqual(body);
});

test("the account's header fields come first and count into SIZE", async () => {
  await open({}, { headers: { 'X-SES-CONFIGURATION-SET': 'relay' } });
  const message = await arrives({});
  expect(message?.body.toString()).toBe(
    'X-SES-CONFIGURATION-SET: relay\r\nSubject: test\r\n\r\nHello.\r\n',
  );
  expect(message?.parameters).toContain(`SIZE=${message?.bytes}`);
});

const impossible: readonly [string, string[], Given, string][] = [
  ['8-bit text without 8BITMIME', ['PIPELINING'], { message: { eightBit: true } }, '5.6.3'],
  [
    'an address outside ASCII without SMTPUTF8',
    ['8BITMIME'],
    { to: ['ä@x.example'], message: { eightBit: true } },
    '5.6.7',
  ],
  [
    'a header outside ASCII without SMTPUTF8',
    ['8BITMIME'],
    { message: { headerUtf8: true, eightBit: true } },
    '5.6.7',
  ],
  ['a message above SIZE', ['SIZE 20'], {}, '5.3.4'],
];
for (const [what, extensions, given, status] of impossible) {
  test(`${what} is bounced with ${status}, not altered`, async () => {
    await open({ extensions });
    const id = await rig.submit(given);
    const settled = await rig.event('recipient.settled', (event) => event.id === id);
    expect(settled).toMatchObject({ outcome: 'bounced', reason: 'capability' });
    expect(rig.all('attempt.finished')[0]?.phase).toBe('mail');
    // The notification has an ASCII address and fits.
    const [dsn] = status === '5.3.4' ? [] : await upstream.taken(1);
    if (dsn !== undefined) {
      expect(dsn.reversePath).toBe('');
      expect(dsn.body.toString()).toContain(`Status: ${status}`);
    }
  });
}

test('a large body is streamed from the spool, dots stuffed', async () => {
  const { Readable } = await import('node:stream');
  const line = Buffer.from(`.${'x'.repeat(70)}\r\n`);
  const body = Buffer.concat([
    Buffer.from('Subject: big\r\n\r\n'),
    ...Array.from({ length: 20_000 }, () => line),
  ]);
  upstream = await startUpstream({ tls: 'none' });
  const spool = {
    create: () => Promise.reject(new Error('not here')),
    read: () =>
      Readable.from(
        (function* () {
          for (let at = 0; at < body.length; at += 65_536) yield body.subarray(at, at + 65_536);
        })(),
      ),
  };
  rig = makeRig(makeSettings([makeAccount('a', upstream.port)]), { spool });
  await rig.delivery.resume();
  const { message } = rig.message({ message: { bytes: body.length } });
  const start = { is: 'waiting', dueAtMs: rig.now() } as const;
  await rig.store.accept([
    { message, body: { in: 'spool', file: 'f', bytes: body.length }, lane: 'a', start },
  ]);
  rig.delivery.wake('a', rig.now());
  const [received] = await upstream.taken(1);
  expect(received?.body.equals(body)).toBe(true);
});
