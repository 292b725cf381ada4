import { expect, test } from 'vitest';
import { personalityOf, readCall } from '../../../src/sendmail/arguments.ts';
import type { Personality } from '../../../src/sendmail/command.ts';

const command = (line: string, personality: Personality = 'sendmail') =>
  readCall(
    personality,
    line.split(' ').filter((word) => word !== ''),
  ).command;

test.each([
  ['/usr/sbin/sendmail', 'sendmail'],
  ['/usr/bin/mailq', 'mailq'],
  ['newaliases', 'newaliases'],
  ['/usr/sbin/exim4', 'exim'],
  ['exim', 'exim'],
  ['rmail', 'sendmail'],
])('%s is %s', (program, personality) => {
  expect(personalityOf(program)).toBe(personality);
});

const plain = {
  is: 'deliver',
  recipients: ['a@b.example'],
  extract: false,
  dotsIgnored: false,
  sender: null,
  fullName: null,
  body: null,
  notify: null,
  ret: null,
  envid: null,
  verbose: false,
};

test.each([
  ['a@b.example', {}],
  ['-bm -- a@b.example', {}],
  // cron
  [
    '-FCronDaemon -i -B8BITMIME -oem a@b.example',
    { fullName: 'CronDaemon', dotsIgnored: true, body: '8BITMIME' },
  ],
  // PHP
  ['-t -i', { extract: true, dotsIgnored: true, recipients: [] }],
  // git send-email, mutt
  ['-i -f me@c.example a@b.example', { dotsIgnored: true, sender: 'me@c.example' }],
  ['-oem -oi -fme@c.example -- a@b.example', { dotsIgnored: true, sender: 'me@c.example' }],
  [
    '-ti -r <> -odi -om -m -h 3 -O DeliveryMode=b',
    { extract: true, dotsIgnored: true, sender: '', recipients: [] },
  ],
  [
    '-N success,delay -R hdrs -V id=1 a@b.example',
    { notify: 'SUCCESS,DELAY', ret: 'HDRS', envid: 'id=1' },
  ],
  ['-oMr local -v a@b.example', { verbose: true }],
] as const)('sendmail %s', (line, expected) => {
  expect(command(line)).toEqual({ ...plain, ...expected });
});

test.each([
  ['-bp', { is: 'list', undeliveredOnly: false }],
  ['-bpr', { is: 'list', undeliveredOnly: false }],
  ['-bpru', { is: 'list', undeliveredOnly: true }],
  ['-bpc', { is: 'count' }],
  ['-bs', { is: 'dialogue' }],
  ['-bi', { is: 'newaliases' }],
  ['-bV', { is: 'version' }],
  ['-bP spool_directory', { is: 'options', names: ['spool_directory'] }],
  [
    '-f me@c.example -bt a@b.example',
    { is: 'route', addresses: ['a@b.example'], sender: 'me@c.example' },
  ],
  ['-q', { is: 'run', force: 'due', match: null }],
  ['-qf', { is: 'run', force: 'waiting', match: null }],
  ['-qff', { is: 'run', force: 'all', match: null }],
  [
    '-R b.example',
    { is: 'run', force: 'due', match: { side: 'recipient', text: 'b.example', pattern: false } },
  ],
  ['-Srff ^me', { is: 'run', force: 'all', match: { side: 'sender', text: '^me', pattern: true } }],
  ['-M a b', { is: 'act', act: 'deliver', ids: ['a', 'b'] }],
  ['-Mrm a', { is: 'act', act: 'remove', ids: ['a'] }],
  ['-Mf a', { is: 'act', act: 'hold', ids: ['a'] }],
  ['-Mt a', { is: 'act', act: 'release', ids: ['a'] }],
  ['-Mg a', { is: 'act', act: 'bounce', ids: ['a'] }],
  ['-Mvl a', { is: 'show', what: 'log', id: 'a' }],
  ['-Mvh a', { is: 'show', what: 'header', id: 'a' }],
  ['-Mvb a', { is: 'show', what: 'body', id: 'a' }],
  ['-Mvc a', { is: 'show', what: 'copy', id: 'a' }],
] as const)('exim %s', (line, expected) => {
  expect(command(line, 'exim')).toEqual(expected);
});

test('mailq and newaliases say by their name what they do', () => {
  expect(command('', 'mailq')).toEqual({ is: 'list', undeliveredOnly: false });
  expect(command('', 'newaliases')).toEqual({ is: 'newaliases' });
});

test.each([
  ['', 'give recipients, or -t'],
  ['-zz a@b.example', 'there is no option -zz; `sendmail --help`'],
  ['-f', '-f needs a value'],
  ['-bd -q30m', 'the daemon is relayd'],
  ['-q30m', 'no interval is needed'],
  ['-N maybe a@b.example', 'never, or success'],
  ['-R some a@b.example', 'full or hdrs'],
  ['-V äöü a@b.example', 'ASCII'],
  ['-B 9BIT a@b.example', '7BIT or 8BITMIME'],
  ['-Mrm', 'no message ids given'],
  ['-Mvh a b', 'one message id'],
  ['-bt', 'give the addresses'],
  ['-q id', 'use -M'],
])('sendmail %s is wrong', (line, message) => {
  const read = command(line);
  expect(read).toMatchObject({ is: 'wrong', message: expect.stringContaining(message) });
});

test('DSN options are those of sendmail, -R and -S of exim', () => {
  expect(command('-N never a', 'exim')).toMatchObject({ is: 'wrong' });
  expect(command('-S text', 'sendmail')).toMatchObject({ is: 'wrong' });
  expect(command('-R a b', 'exim')).toMatchObject({
    is: 'wrong',
    message: expect.stringContaining('one text'),
  });
});
