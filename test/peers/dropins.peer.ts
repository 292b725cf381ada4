import { execFile, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { queueingExim } from '../support/exim.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { run } from './apps/app.ts';
import { field, parts } from './message.ts';

/** Programs that call sendmail, used as their users do; and Exim's own tool that reads `exim -bp`. */

const root = join(import.meta.dirname, '..', '..');
const from = 'shop@velosi.example';
const to = 'ada@else.example';

let directory = '';
let sendmail = '';
let upstream: Upstream;
let relayd: Daemon;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'relayd-dropins-'));
  chmodSync(directory, 0o755);
  upstream = await startUpstream({
    tls: 'none',
    rules: [{ at: 'rcpt', path: 'later', do: { reply: '450 4.2.1 try later' } }],
  });
  relayd = await startDaemon({
    config: {
      listeners: [{ listen: `unix:${join(directory, 's.sock')}`, mode: '0666', auth: 'optional' }],
      clients: { local: { networks: ['unix'], senders: ['*'] } },
      accounts: { out: { host: '127.0.0.1', port: upstream.port, tls: { mode: 'none' } } },
      routes: [{ sender: '*', accounts: ['out'] }],
    },
  });
  for (const name of ['sendmail', 'exim']) {
    const script = [
      '#!/bin/sh',
      `export RELAYD_SUBMISSION=${join(directory, 's.sock')} RELAYD_CONFIG=${relayd.configFile}`,
      `exec ${process.execPath} ${join(root, 'src/sendmail/main.ts')} ${name} "$@"`,
    ];
    writeFileSync(join(directory, name), `${script.join('\n')}\n`, { mode: 0o755 });
  }
  sendmail = join(directory, 'sendmail');
});

afterAll(async () => {
  await relayd?.close();
  await upstream?.close();
  await rm(directory, { recursive: true });
});

/** Does it, and gives the message that arrived because of it. */
async function arrived(send: () => Promise<unknown>) {
  const before = upstream.messages.filter(({ reply }) => reply?.startsWith('2')).length;
  await send();
  const message = (await upstream.taken(before + 1, 50_000)).at(-1);
  const body = message?.body ?? Buffer.alloc(0);
  return {
    reversePath: message?.reversePath,
    recipients: message?.recipients.map(({ forwardPath }) => forwardPath),
    body,
    text: parts(body).content.toString().replaceAll('\r\n', '\n').trimEnd(),
  };
}

const text = 'Größe\n.\nthe end';

test('bsd-mailx', async () => {
  const settings = join(directory, 'mailrc');
  writeFileSync(settings, `set sendmail=${sendmail}\n`);
  const got = await arrived(() =>
    run(
      'env',
      [`MAILRC=${settings}`, 'bsd-mailx', '-s', 'S', '-r', from, to],
      Buffer.from('hi\nthe end'),
    ),
  );
  expect(got).toMatchObject({ reversePath: from, recipients: [to], text: 'hi\nthe end' });
  expect(field(got.body, 'Subject')).toBe('S');
});

test('s-nail', async () => {
  const got = await arrived(() =>
    run(
      's-nail',
      [
        '-:/',
        '-Sv15-compat',
        `-Smta=file://${sendmail}`,
        '-Sttycharset=utf-8',
        '-s',
        'Größe',
        '-r',
        from,
        '-b',
        'grace@else.example',
        to,
      ],
      Buffer.from(text),
    ),
  );
  expect(got.reversePath).toBe(from);
  expect(got.recipients).toEqual([to, 'grace@else.example']);
  expect(field(got.body, 'Bcc')).toBeNull();
});

test('mutt', async () => {
  const got = await arrived(() =>
    run(
      'mutt',
      [
        '-n',
        '-F',
        '/dev/null',
        '-e',
        `set sendmail="${sendmail} -oem -oi"`,
        '-e',
        `set from=${from} use_envelope_from=yes copy=no`,
        '-s',
        'S',
        '--',
        to,
      ],
      Buffer.from(text),
    ),
  );
  expect(got).toMatchObject({ reversePath: from, recipients: [to] });
  expect(field(got.body, 'Subject')).toBe('S');
});

test('PHP mail()', async () => {
  const code = `exit(mail('${to}', 'S', "${'Gr\\u{f6}\\u{df}e\\n.\\nthe end'}", "From: Shop <${from}>\\r\\nBcc: grace@else.example", '-f${from}') ? 0 : 1);`;
  const got = await arrived(() =>
    run('php', ['-d', `sendmail_path=${sendmail} -t -i`, '-r', code]),
  );
  expect(got).toMatchObject({ reversePath: from, recipients: [to, 'grace@else.example'], text });
  expect(field(got.body, 'From')).toBe(`Shop <${from}>`);
});

test('PHP mail() is false when the daemon is down', async () => {
  const elsewhere = join(directory, 'down');
  writeFileSync(
    elsewhere,
    `#!/bin/sh\nRELAYD_SUBMISSION=${directory}/none exec ${process.execPath} ${root}/src/sendmail/main.ts sendmail "$@"\n`,
    { mode: 0o755 },
  );
  const code = `var_export(mail('${to}', 'S', str_repeat('x', 200000)));`;
  const said = await run('php', ['-d', `sendmail_path=${elsewhere} -t -i`, '-r', code]);
  expect(said).toContain('false');
});

test('git send-email', async () => {
  const patch = join(directory, '0001.patch');
  writeFileSync(
    patch,
    `From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001\nFrom: Shop <${from}>\nDate: Sat, 21 Nov 2026 10:00:00 +0000\nSubject: [PATCH] a change\n\n.\nthe end\n`,
  );
  const got = await arrived(() =>
    run('git', [
      ...[
        '-c',
        'user.name=Shop',
        '-c',
        `user.email=${from}`,
        'send-email',
        '--smtp-server',
        sendmail,
      ],
      ...[
        '--confirm=never',
        '--quiet',
        '--envelope-sender',
        from,
        '--from',
        from,
        '--to',
        to,
        patch,
      ],
    ]),
  );
  expect(got.reversePath).toBe(from);
  expect(got.recipients).toContain(to);
  expect(got.text.endsWith('\n.\nthe end')).toBe(true);
});

test("Python's subprocess", async () => {
  const code = [
    'import subprocess, sys',
    `message = "To: ${to}\\nFrom: ${from}\\nSubject: S\\n\\n" + sys.argv[1]`,
    `subprocess.run(["${sendmail}", "-t", "-oi"], input=message.encode(), check=True)`,
  ].join('\n');
  const got = await arrived(() => run('/usr/bin/python3', ['-c', code, text]));
  expect(got).toMatchObject({ recipients: [to], text });
});

test("Perl's MIME::Lite", async () => {
  const code = `use MIME::Lite; my $m = MIME::Lite->new(From => '${from}', To => '${to}', Subject => 'S', Data => "hi\\n.\\nthe end"); $m->send('sendmail', '${sendmail} -t -oi -oem') or die;`;
  const got = await arrived(() => run('/usr/bin/perl', ['-e', code]));
  expect(got).toMatchObject({ recipients: [to], text: 'hi\n.\nthe end' });
});

test('cron mails what its jobs print', async () => {
  const tabs = join(directory, 'crontabs');
  mkdirSync(tabs);
  writeFileSync(join(tabs, 'root'), `MAILTO=ops@else.example\n@reboot echo hello from cron\n`, {
    mode: 0o600,
  });
  // cron has its paths compiled in: it gets a view of the file system with ours in their place, and is at a new start.
  const script = [
    'mount -t tmpfs none /run',
    'mount --bind "$1" /usr/sbin/sendmail',
    'mkdir -p /var/spool/cron/crontabs && mount --bind "$2" /var/spool/cron/crontabs',
    'mount -t tmpfs none /etc/cron.d',
    'exec cron -f',
  ].join(' && ');
  const cron = execFile('unshare', ['-m', 'sh', '-c', script, 'sh', sendmail, tabs]);
  const got = await arrived(async () => {}).finally(() => cron.kill('SIGKILL'));
  expect(got).toMatchObject({ recipients: ['ops@else.example'], text: 'hello from cron' });
  expect(field(got.body, 'From')).toMatch(/^root@\S+ \(Cron Daemon\)$/);
  expect(field(got.body, 'To')).toBe('ops@else.example');
});

test('a user without a name, and without permission for anything but the socket', async () => {
  const as = ['--reuid=54321', '--regid=54321', '--clear-groups', sendmail];
  const got = await arrived(() => run('setpriv', [...as, '-i', to], Buffer.from('\nhi')));
  expect(got.reversePath).toMatch(/^user54321@/);
  expect(got.body.toString()).toContain('from userid 54321)');
  await expect(run('setpriv', [...as, '-bp'])).rejects.toThrow(/no permission|cannot read/);
});

test('orders about the queue are answered as Exim answers them', async () => {
  const own = join(directory, 'real');
  mkdirSync(own, { mode: 0o755 });
  const real = queueingExim(own);
  const ours = (args: readonly string[]): string => {
    const { stdout, stderr } = spawnSync(join(directory, 'exim'), args, { encoding: 'utf8' });
    return stdout + stderr;
  };
  const recipients = ['later@else.example', 'later+2@else.example'];
  const message = 'To: later@else.example\nMessage-ID: <1@velosi.example>\n\nwaits\nhere\n';
  real(['-odq', '-f', from, ...recipients], message);
  await run(sendmail, ['-i', '-f', from, ...recipients], Buffer.from(message));
  await relayd.event('recipient.settled', ({ recipient }) => recipient === recipients[1]);
  const answers = [real, ours].map((exim) => {
    const id = /\w{6}-\w{6}-\w\w/.exec(exim(['-bp']))?.[0] ?? '';
    const said = [
      // Not thawed in between: relayd tries it at once, and what is being sent cannot be removed.
      ...[['-bp'], ['-bpc'], ['-bpu'], ['-Mt', id], ['-Mf', id], ['-Mf', id], ['-bp']],
      ...[['-Mvb', id], ['-Mrm', id], ['-bp'], ['-bpc'], ['-bP', 'nonsense'], ['-Mrm', 'nonsense']],
    ].map((args) => exim(args));
    // What differs by nature: the id, and the size, since each adds fields of its own.
    return said.map((text) => text.replaceAll(id, 'ID').replace(/^( 0m) +\d+ /m, '$1 SIZE '));
  });
  expect(answers[1]?.slice(0, -2)).toEqual(answers[0]?.slice(0, -2));
  expect(answers[0]?.at(-2)).toContain('nonsense is not a known option');
  expect(answers[1]?.at(-2)).toContain('nonsense is not a known option');
  expect(answers[0]?.at(-1)).toContain('malformed message id nonsense');
  expect(answers[1]?.at(-1)).toContain('malformed message id nonsense');
});

test("Exim's exiqgrep reads the queue, and what it finds can be removed", async () => {
  const exiqgrep = '/var/cache/relayd-peers/exim/usr/sbin/exiqgrep';
  const exim = join(directory, 'exim');
  for (const name of ['first', 'second']) {
    await run(
      sendmail,
      ['-f', `${name}@velosi.example`, '-i', 'later@else.example'],
      Buffer.from('\nwaits\n'),
    );
  }
  const ids = (await run('perl', [exiqgrep, '-E', exim, '-f', 'first@', '-i'])).trim().split('\n');
  expect(ids).toHaveLength(1);
  expect(await run('perl', [exiqgrep, '-E', exim, '-c'])).toMatch(/2 matches out of 2 messages/);
  await run(exim, ['-Mf', ...ids]);
  expect((await run('perl', [exiqgrep, '-E', exim, '-z', '-i'])).trim()).toBe(ids[0]);
  expect(await run(exim, ['-Mrm', ...ids])).toBe(`Message ${ids[0]} has been removed\n`);
  expect(await run('perl', [exiqgrep, '-E', exim, '-r', 'later', '-c'])).toMatch(
    /1 matches out of 1/,
  );
});
