import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readCall } from '../../../src/sendmail/arguments.ts';
import type { Delivery } from '../../../src/sendmail/command.ts';
import { submit } from '../../../src/sendmail/submit.ts';

/** Answers every line by the first rule that fits; a final dot ends DATA. */
type Rules = readonly (readonly [RegExp, string])[];

const usual: Rules = [
  [/^EHLO/, '250-relay.test\r\n250 DSN'],
  [/^DATA/, '354 go on'],
  [/^QUIT/, '221 bye'],
  [/./, '250 2.1.0 Ok'],
];

async function relay(
  rules: Rules = [],
  greeting = '220 relay.test ESMTP',
): Promise<{ path: string; heard: () => string }> {
  const directory = mkdtempSync(join(tmpdir(), 'relayd-submit-'));
  let heard = '';
  const serve = (socket: Socket): void => {
    let inData = false;
    let held = '';
    socket.on('error', () => socket.destroy());
    socket.write(`${greeting}\r\n`);
    socket.on('data', (chunk) => {
      heard += chunk.toString('latin1');
      const lines = (held + chunk.toString('latin1')).split('\r\n');
      held = lines.pop() ?? '';
      for (const line of lines) {
        if (inData && line !== '.') continue;
        const said = [...rules, ...usual].find(([rule]) => rule.test(line))?.[1] ?? '';
        inData = line === 'DATA' && said.startsWith('354');
        if (said === 'hang up') socket.destroy();
        else socket.write(`${said}\r\n`);
      }
    });
  };
  const server = createServer(serve).listen(join(directory, 's.sock'));
  onTestFinished(() => {
    server.close();
    rmSync(directory, { recursive: true });
  });
  return { path: join(directory, 's.sock'), heard: () => heard };
}

async function* pieces(...texts: readonly string[]): AsyncGenerator<Buffer> {
  for (const text of texts) yield Buffer.from(text);
}

async function sendmail(line: string, path: string, input: AsyncIterable<Buffer>) {
  const { command } = readCall('sendmail', line.split(' '));
  const said: string[] = [];
  const exitCode = await submit(command as Delivery, {
    input,
    socket: async () => path,
    caller: (domain) => ({ uid: 7, name: 'ada', fullName: '', domain }),
    nowMs: () => 0,
    say: (text) => said.push(text),
  });
  return { exitCode, said };
}

test('the dialogue: envelope and header are complete, lines end with CRLF, dots are stuffed', async () => {
  const { path, heard } = await relay();
  const ran = await sendmail(
    '-v -i -B8BITMIME -N never -R hdrs -V a+b -f me x y@b.example',
    path,
    pieces('To: ', 'x\n\nhi', '\n', '.\nend'),
  );
  expect(ran).toEqual({ exitCode: 0, said: ['250 2.1.0 Ok'] });
  expect(heard()).toBe(
    [
      'EHLO relay.test',
      'MAIL FROM:<me@relay.test> BODY=8BITMIME RET=HDRS ENVID=a+2Bb',
      'RCPT TO:<x@relay.test> NOTIFY=NEVER',
      'RCPT TO:<y@b.example> NOTIFY=NEVER',
      'DATA',
      'Received: by relay.test (relayd sendmail, from userid 7);',
      '\tThu, 1 Jan 1970 00:00:00 +0000',
      'To: x@relay.test',
      'From: me@relay.test',
      '',
      'hi',
      '..',
      'end',
      '.',
      'QUIT',
      '',
    ].join('\r\n'),
  );
});

test('-t: recipients of the header without those of the command line, each once', async () => {
  const { path, heard } = await relay();
  await sendmail(
    '-t B@b.example',
    path,
    pieces('To: a@b.example, b@b.example\nBcc: a@b.example\n\n'),
  );
  expect(heard().match(/RCPT TO:<.*>/g)).toEqual(['RCPT TO:<a@b.example>']);
});

test('addresses beyond ASCII ask for SMTPUTF8', async () => {
  const { path, heard } = await relay();
  await sendmail('-f <> jürgen@b.example', path, pieces('\n'));
  expect(heard()).toContain('MAIL FROM:<> SMTPUTF8\r\n');
});

test.each([
  ['-t', 'Subject: nobody\n\n', 64, 'names no recipients'],
  ['-t', 'To: <a@b\n\n', 65, 'the field to: cannot be read'],
  ['-f a,b x', '\n', 65, 'several addresses'],
  ['a@@b', '\n', 65, 'recipient'],
])('sendmail %s with %j: exit code %i', async (line, text, exitCode, words) => {
  const { path } = await relay();
  await expect(sendmail(line, path, pieces(text))).rejects.toMatchObject({
    exitCode,
    message: expect.stringContaining(words),
  });
});

test.each([
  [
    [/^MAIL/, '553 5.7.1 not yours'],
    77,
    'sender <ada@relay.test>: relayd says 553 5.7.1 not yours',
  ],
  [[/^MAIL/, '530 5.7.0 log in'], 78, 'log in'],
  [[/^MAIL/, '452 4.3.1 disk full'], 75, 'disk full'],
  [[/^RCPT/, '501 5.1.3 bad'], 65, 'recipient <x@b.example>: relayd says 501 5.1.3 bad'],
  [[/^RCPT/, '452 4.5.3 too many'], 65, 'too many'],
  [[/^DATA/, '451 4.3.0 later'], 75, 'DATA: relayd says 451 4.3.0 later'],
  [[/^\.$/, '554 5.6.0 content'], 65, 'message: relayd says 554 5.6.0 content'],
  [[/^\.$/, 'hang up'], 75, 'whether it has taken the message is not known'],
  [[/^DATA/, 'hang up'], 75, 'relayd ended the session: the connection is closed'],
  [[/^EHLO/, 'nonsense'], 75, 'not a reply'],
] as const)('%j: exit code %i', async (rule, exitCode, words) => {
  const { path } = await relay([rule]);
  const refused = sendmail('x@b.example', path, pieces('\nhi\n'));
  await expect(refused).rejects.toMatchObject({
    exitCode,
    message: expect.stringContaining(words),
  });
});

test('a refusal at the greeting is one to try again after', async () => {
  const { path } = await relay([], '421 4.3.2 stopping');
  const refused = sendmail('x@b.example', path, pieces('\nhi\n'));
  await expect(refused).rejects.toMatchObject({ exitCode: 75 });
});

test('one recipient that is refused stops all: no DATA', async () => {
  const { path, heard } = await relay([[/^RCPT TO:<bad/, '501 5.1.3 bad']]);
  await expect(sendmail('good@b.example bad@b.example', path, pieces('\n'))).rejects.toThrow(
    'bad@b.example',
  );
  expect(heard()).not.toContain('DATA');
});

test('without a daemon the input is read to its end, and the exit code is 75', async () => {
  let read = 0;
  async function* input(): AsyncGenerator<Buffer> {
    for (; read < 5; read++) yield Buffer.from('text\n');
  }
  const path = join(tmpdir(), 'relayd-no-such.sock');
  const refused = sendmail('x@b.example', path, input());
  await expect(refused).rejects.toMatchObject({
    exitCode: 75,
    message: expect.stringContaining(path),
  });
  expect(read).toBe(5);
});

test('a header without end is refused', async () => {
  const { path } = await relay();
  const endless = pieces(...Array.from({ length: 40 }, () => `X: ${'x'.repeat(40_000)}\n`));
  await expect(sendmail('x@b.example', path, endless)).rejects.toMatchObject({ exitCode: 65 });
});
