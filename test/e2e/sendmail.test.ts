import { spawn } from 'node:child_process';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eximId } from '../../src/relay/exim-id.ts';
import type { MessageId } from '../../src/relay/message.ts';
import { type CommandResult, type Daemon, startDaemon } from '../support/daemon.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const entry = join(import.meta.dirname, '../../src/sendmail/main.ts');
const me = userInfo();
let upstream: Upstream;
let relayd: Daemon;

beforeAll(async () => {
  upstream = await startUpstream({
    tls: 'none',
    rules: [{ at: 'rcpt', path: 'later', do: { reply: '450 4.2.1 try later' } }],
  });
  relayd = await startDaemon({
    config: {
      listeners: [{ listen: 'unix:submission.sock', mode: '0666', auth: 'optional' }],
      limits: { recipients: 3, message_size: '2MiB' },
      clients: { local: { networks: ['unix'], senders: ['*'] } },
      accounts: { out: { host: '127.0.0.1', port: upstream.port, tls: { mode: 'none' } } },
      routes: [
        { sender: 'nobody@refused.example', reject: 'not from here' },
        { sender: '*', accounts: ['out'] },
      ],
    },
  });
});

afterAll(async () => {
  await relayd?.close();
  await upstream?.close();
});

/** Runs the program under one of its names. */
function program(
  line: string,
  input: string | Buffer = '',
  file = relayd.configFile,
): Promise<CommandResult> {
  const words = line.split(' ').filter((word) => word !== '');
  const child = spawn(process.execPath, [entry, ...words], {
    env: { PATH: '/usr/bin:/bin', RELAYD_CONFIG: file },
  });
  const result = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text) => {
      result[stream] += text;
    });
  }
  child.stdin.on('error', () => {}); // not read to its end: that shows elsewhere
  child.stdin.end(input);
  return new Promise((resolve) => {
    child.on('close', (code) => resolve({ code, ...result }));
  });
}

async function lastTaken(before: number) {
  const message = (await upstream.taken(before + 1)).at(-1);
  return { ...message, text: message?.body?.toString('utf8') ?? '' };
}

const count = (): number => upstream.messages.filter(({ reply }) => reply?.startsWith('2')).length;

test('-t -i: the message is complete, Bcc does not show, the caller is in the trace', async () => {
  const before = count();
  const input = 'To: ada@else.example\nBcc: grace@else.example\nSubject: Größe\n\nhi\n.\nend\n';
  expect(await program('sendmail -t -i -f shop@velosi.example', input)).toMatchObject({
    code: 0,
    stderr: '',
  });
  const { reversePath, recipients, text } = await lastTaken(before);
  expect(reversePath).toBe('shop@velosi.example');
  expect(recipients?.map(({ forwardPath }) => forwardPath)).toEqual([
    'ada@else.example',
    'grace@else.example',
  ]);
  expect(text).toContain(`from userid ${me.uid});`);
  expect(text).not.toMatch(/^Bcc/im);
  expect(text).toMatch(/^Message-ID: </m);
  expect(text).toMatch(/^Date: /m);
  expect(text).toMatch(/\r\nFrom: .*shop@velosi\.example>?\r\n/);
  expect(text.endsWith('\r\n\r\nhi\r\n.\r\nend\r\n')).toBe(true);
});

test('a line of any length, and a message larger than memory keeps bodies, arrive byte for byte', async () => {
  const before = count();
  const body = `${'x'.repeat(5_000)}\n${'ä'.repeat(300)}\n`.repeat(150);
  expect((await program('sendmail -i ada@else.example', `Subject: long\n\n${body}`)).code).toBe(0);
  const { text } = await lastTaken(before);
  expect(text.slice(text.indexOf('\r\n\r\n') + 4)).toBe(body.replaceAll('\n', '\r\n'));
});

test.each([
  ['-f nobody@refused.example a@else.example', 'hi', 77, 'not from here'],
  ['a@else.example b@else.example c@else.example d@else.example', 'hi', 65, '452 4.5.3'],
  ['a@else.example', Buffer.alloc(3 * 1024 * 1024, 'x\n'), 65, '552 5.3.4'],
  ['a@else.example', 'nul\0', 65, '554 5.6.0'],
])('sendmail %s is refused with words and exit code', async (line, text, code, words) => {
  const before = count();
  const ran = await program(
    `sendmail ${line}`,
    Buffer.concat([Buffer.from('\n'), Buffer.from(text)]),
  );
  expect(ran).toMatchObject({ code, stderr: expect.stringContaining(words) });
  expect(count()).toBe(before);
});

test('-bs speaks SMTP', async () => {
  const before = count();
  const said = await program(
    'sendmail -bs',
    'EHLO me\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@else.example>\r\nDATA\r\nSubject: bs\r\n\r\nhi\r\n.\r\nQUIT\r\n',
  );
  expect(said.code).toBe(0);
  expect(said.stdout).toMatch(/^220 .*\r\n354 .*\r\n250 2\.0\.0 .*\r\n221 /s);
  expect((await lastTaken(before)).text).toContain('Subject: bs');
});

test('mailq and exim show what waits and act on it', async () => {
  const body = `Subject: waits\n\n${'A line of a message that waits.\n'.repeat(20_000)}`;
  await program('sendmail -i later@else.example', body);
  const { id } = await relayd.event('recipient.settled', ({ outcome }) => outcome === 'deferred');
  const exim = eximId(id as MessageId);
  expect((await program('mailq')).stdout).toMatch(
    new RegExp(`^ 0m  \\d+K ${exim} <${me.username}@\\S+>\n          later@else.example\n\n$`),
  );
  const copy = (await program(`exim -Mvc ${exim}`)).stdout;
  expect(copy.slice(copy.indexOf('\n\n') + 2)).toBe(body.slice(body.indexOf('\n\n') + 2));
  expect((await program(`exim -Mf ${exim}`)).stdout).toBe(`Message ${exim} is now frozen\n`);
  expect((await program(`exim -Mt ${exim}`)).stdout).toBe(`Message ${exim} is no longer frozen\n`);
  expect((await program(`exim -Mrm ${exim}`)).stdout).toBe(`Message ${exim} has been removed\n`);
  expect(await program(`exim -Mrm ${exim}`)).toMatchObject({ code: 1 });
}, 40_000);

test('exim asks the daemon for routes and options', async () => {
  expect((await program('mailq')).stdout).toBe('');
  expect((await program('exim -bt ada@else.example')).stdout).toContain('transport = out\n');
  expect((await program('exim -bP spool_directory')).stdout).toMatch(
    /^spool_directory = \/.*queue\n$/,
  );
});

test('what needs no daemon answers without one; wrong options exit with 64', async () => {
  expect((await program('newaliases')).stdout).toContain('nothing to do');
  expect((await program('exim -bV')).stdout).toMatch(
    /^relayd version \d+\.\d+\.\d+, answering as Exim\n/,
  );
  expect((await program('sendmail --help')).stdout).toContain('-N never | success,failure,delay');
  expect(await program('sendmail -zz')).toMatchObject({ code: 64, stdout: '' });
});

test('a daemon that is down: exit code 75 with words, whatever was asked', async () => {
  const nowhere = join(relayd.directory, 'nowhere', 'relay.yaml');
  const absent = { code: 75, stderr: expect.stringMatching(/^sendmail: .*socket/) };
  const socket = { PATH: '/usr/bin:/bin', RELAYD_SUBMISSION: join(relayd.directory, 'none.sock') };
  const child = spawn(process.execPath, [entry, 'sendmail', 'a@else.example'], { env: socket });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  child.stdin.end('x'.repeat(1_000_000)); // more than a pipe holds: the writer is not cut off
  const code = await new Promise((resolve) => child.on('close', resolve));
  expect({ code, stderr }).toMatchObject(absent);
  expect(await program('exim -bp', '', nowhere)).toMatchObject({
    code: 78,
    stderr: expect.stringContaining('there is no configuration file'),
  });
  await relayd.kill();
  expect(await program('sendmail a@else.example', 'hi')).toMatchObject(absent);
  expect(await program('mailq')).toMatchObject({ code: 75, stdout: '' });
  expect(await program('sendmail -bs')).toMatchObject({
    code: 75,
    stdout: '421 4.3.2 relayd cannot be reached\r\n',
    stderr: expect.stringMatching(/^sendmail: relayd is not running/),
  });
});
