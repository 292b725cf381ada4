import { expect, test } from 'vitest';
import { Dialogue } from '../../../src/delivery/dialogue.ts';
import { type TraceLine, Traces } from '../../../src/delivery/traces.ts';

test('the opening and the last transaction, line by line', () => {
  const dialogue = new Dialogue();
  dialogue.received('220 smtp.example');
  dialogue.sent('EHLO relay.example');
  dialogue.received('250-smtp.example\n250 PIPELINING');
  for (const to of ['first', 'second']) {
    dialogue.begin();
    dialogue.sent(`MAIL FROM:<a@b.example>\r\nRCPT TO:<${to}@c.example>\r\nDATA\r\n`);
    dialogue.received('250 Ok');
    dialogue.received(`550 ${to}`);
  }
  dialogue.remark('the message');
  expect(dialogue.lines()).toEqual([
    '< 220 smtp.example',
    '> EHLO relay.example',
    '< 250-smtp.example',
    '< 250 PIPELINING',
    '> MAIL FROM:<a@b.example>',
    '> RCPT TO:<second@c.example>',
    '> DATA',
    '< 250 Ok',
    '< 550 second',
    '(the message)',
  ]);
});

test.each([
  [
    ['AUTH PLAIN AGFiYwBwYXNz', '<235 ok', 'QUIT'],
    ['> AUTH PLAIN [secret]', '< 235 ok', '> QUIT'],
  ],
  [
    [
      'AUTH LOGIN',
      '<334 VXNlcm5hbWU6',
      'dXNlcg==',
      '<334 UGFzc3dvcmQ6',
      'cGFzcw==',
      '<535 no',
      'QUIT',
    ],
    [
      '> AUTH LOGIN',
      '< 334 [secret]',
      '> [secret]',
      '< 334 [secret]',
      '> [secret]',
      '< 535 no',
      '> QUIT',
    ],
  ],
  [
    ['auth xoauth2 dXNlcj0', '<334 eyJz', '', '<535 no'],
    ['> auth xoauth2 [secret]', '< 334 [secret]', '> [secret]', '< 535 no'],
  ],
  [
    ['AUTH PLAIN AGEAYg==', '<535 AGEAYg== is wrong, so is b-word', '<250 Yi13b3Jk'],
    ['> AUTH PLAIN [secret]', '< 535 [secret] is wrong, so is [secret]', '< 250 [secret]'],
  ],
  [['MAIL FROM:<auth@x.example>'], ['> MAIL FROM:<auth@x.example>']],
])('logins are not in it, nor in what is told: %j', (said, lines) => {
  const traces = new Traces(() => 5);
  const dialogue = new Dialogue(['b-word', ''], traces.tap('a'));
  const told: TraceLine[] = [];
  traces.watch('a', (line) => told.push(line));
  for (const one of said) {
    if (one.startsWith('<')) dialogue.received(one.slice(1));
    else dialogue.sent(one);
  }
  expect(dialogue.lines()).toEqual(lines);
  expect(told.map(({ is, text }) => `${is === 'sent' ? '>' : '<'} ${text}`)).toEqual(lines);
});

test('however much is said, little is kept, and the end of it', () => {
  const dialogue = new Dialogue();
  dialogue.begin();
  for (let at = 0; at < 100_000; at++) dialogue.received(`250 ${at} ${'x'.repeat(5_000)}`);
  const lines = dialogue.lines();
  expect(lines.join('\n').length).toBeLessThan(3_000);
  expect(lines.at(-1)).toBe('(99800 more not kept)');
  expect(lines.some((line) => /^\(\d+ lines left out\)$/.test(line))).toBe(true);
});

test('a secret that a long reply repeats is hidden where the reply is cut, too', () => {
  const dialogue = new Dialogue(['hunter2-hunter2']);
  const filler = '535-no\n'.repeat(284);
  dialogue.received(`${filler}535 hunter2-hunter2 ${'x'.repeat(3_000)}`);
  expect(dialogue.lines().join('\n')).not.toContain('hunter');
});
