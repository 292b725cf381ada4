import { execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { processIo } from '../../src/cli/io.ts';
import { run } from '../../src/cli/program.ts';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { runExim } from '../support/exim.ts';
import { freePort } from '../support/free-port.ts';
import { startUpstream } from '../support/upstream.ts';

const passwords = {
  'erp@velosi.example': 'velosi password',
  'mail@alliance.example': 'alliance/password=with+signs',
};

interface Relay {
  readonly directory: string;
  readonly configuration: string;
  readonly spool: string;
}

/** An Exim that sends each sender's mail through an account of its own, and queues all of it. */
function makeExim(upstream: { port: number; ca: string | null }, listenPort: number): Relay {
  const directory = mkdtempSync(join(tmpdir(), 'exim-relay-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  for (const name of ['spool', 'log', 'maps']) mkdirSync(join(directory, name));
  const file = (name: string, text: string) => writeFileSync(join(directory, name), text);
  file('ca.pem', upstream.ca ?? '');
  const accounts = Object.entries(passwords);
  file('maps/logins', accounts.map(([name]) => `*@${name.split('@')[1]}: ${name}\n`).join(''));
  file('maps/passwords', accounts.map(([name, password]) => `${name}: ${password}\n`).join(''));
  file('exim.conf', configuration(directory, { port: upstream.port, listenPort }));
  execFileSync('chown', ['-R', 'Debian-exim:Debian-exim', directory]);
  execFileSync('chown', ['root:root', join(directory, 'exim.conf')]); // it trusts no other owner
  execFileSync('chmod', ['755', directory]);
  return {
    directory,
    configuration: join(directory, 'exim.conf'),
    spool: join(directory, 'spool'),
  };
}

const configuration = (directory: string, ports: { port: number; listenPort: number }): string => `
MAPS = ${directory}/maps
LOGIN = \${lookup{$sender_address}nwildlsearch{MAPS/logins}{$value}fail}
primary_hostname = exim.example
spool_directory = ${directory}/spool
log_file_path = ${directory}/log/%slog
local_interfaces = <; 127.0.0.1.${ports.listenPort}
hostlist relay_from_hosts = 127.0.0.1
keep_environment = LD_LIBRARY_PATH
deliver_drop_privilege = true
acl_smtp_rcpt = accept
dsn_advertise_hosts = *
queue_only = true
trusted_users = Debian-exim

begin routers
by_sender:
  driver = manualroute
  condition = \${lookup{$sender_address}nwildlsearch{MAPS/logins}{yes}{no}}
  route_list = * 127.0.0.1::${ports.port} byname
  self = send
  transport = account

begin transports
account:
  driver = smtp
  hosts_require_auth = *
  hosts_require_tls = *
  tls_verify_hosts = *
  tls_verify_certificates = ${directory}/ca.pem

begin retry
* * F,2h,15m; F,4d,6h

begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  client_send = ^LOGIN^\${lookup{LOGIN}lsearch{MAPS/passwords}{$value}fail}
`;

/** As an app hands it to Exim over SMTP. */
async function queue({ configuration: file }: Relay, lines: readonly string[]): Promise<void> {
  const dialogue = ['EHLO app.example', ...lines, 'QUIT', ''].join('\r\n');
  const { stdout } = await runExim(file, ['-bs', '-oMa', '127.0.0.1.4455'], dialogue);
  expect(stdout).toMatch(/^250 OK id=/m);
}

const message = (from: string, subject: string): string[] => [
  'DATA',
  `From: App <${from}>`,
  `Subject: ${subject}`,
  `Message-ID: <${subject}@app.example>`,
  '',
  `text of ${subject}, gr\u00fc\u00dfe`,
  '..a line with a dot',
  '.',
];

function spoolFiles({ spool }: Relay): string[] {
  return readdirSync(join(spool, 'input'))
    .filter((name) => name.endsWith('-H'))
    .map((name) => name.slice(0, -2));
}

/** Runs relayctl as at a terminal, without a daemon. */
async function relayctl(...args: readonly string[]): Promise<string> {
  let text = '';
  const take = (more: string) => {
    text += more;
  };
  const io = { ...processIo(), out: take, err: take, columns: 200, environment: {} };
  const code = await run(args, io);
  if (code !== 0) throw new Error(`relayctl ${args.join(' ')}: ${code}\n${text}`);
  return text;
}

/** relayd from the imported files; only its own places on this machine are added. */
async function startImported(directory: string): Promise<Daemon> {
  const settings: Record<string, unknown> = parse(
    readFileSync(join(directory, 'relay.yaml'), 'utf8'),
  );
  const text = stringify({
    ...settings,
    queue: { ...(settings.queue as object), directory: join(directory, 'queue') },
    control: { socket: join(directory, 'control.sock') },
    observe: { listen: 'off' },
  });
  const daemon = await startDaemon({ directory, configText: text });
  onTestFinished(() => daemon.close());
  return daemon;
}

test('an Exim with two accounts and mail in its spool is taken over', async () => {
  const upstream = await startUpstream({ accounts: passwords });
  onTestFinished(() => upstream.close());
  const exim = makeExim(upstream, await freePort());
  expect((await runExim(exim.configuration, ['-bV'])).status).toBe(0);
  await queue(exim, [
    'MAIL FROM:<erp@velosi.example> RET=HDRS ENVID=abc+2B',
    'RCPT TO:<a@dest.example> NOTIFY=FAILURE,DELAY ORCPT=rfc822;a@dest.example',
    'RCPT TO:<b@dest.example> NOTIFY=NEVER',
    ...message('erp@velosi.example', 'first'),
  ]);
  await queue(exim, [
    'MAIL FROM:<mail@alliance.example>',
    'RCPT TO:<"c d"@dest.example>',
    ...message('mail@alliance.example', 'second'),
  ]);
  await queue(exim, [
    'MAIL FROM:<news@alliance.example>',
    'RCPT TO:<e@dest.example>',
    'RCPT TO:<later@dest.example>',
    ...message('news@alliance.example', 'third'),
  ]);
  const [, , third = ''] = spoolFiles(exim).toSorted();
  expect(spoolFiles(exim)).toHaveLength(3);

  // The third goes out to one of its two by Exim itself; what is left of it is frozen.
  upstream.script([{ at: 'rcpt', path: 'later@', times: 1, do: { reply: '451 4.2.1 later' } }]);
  await runExim(exim.configuration, ['-M', third]);
  const [own] = await upstream.taken(1);
  expect(own).toMatchObject({ authenticatedAs: 'mail@alliance.example' });
  await runExim(exim.configuration, ['-Mf', third]);

  const target = mkdtempSync(join(tmpdir(), 'relayd-taken-'));
  onTestFinished(() => rmSync(target, { recursive: true, force: true }));
  await relayctl('import', 'exim', exim.configuration, '--to', target);
  expect(await relayctl('config', 'check', join(target, 'relay.yaml'))).toMatch(/no errors\n$/);
  const copy = `${exim.spool}-copy`;
  cpSync(exim.spool, copy, { recursive: true });

  const relayd = await startImported(target);
  const first = await relayd.relayctl('--json', 'import', 'exim', '--spool', exim.spool);
  expect(first).toMatchObject({ code: 0, stderr: '' });
  const taken = JSON.parse(first.stdout).messages as { id: string; held: boolean }[];
  expect(taken).toMatchObject([
    { is: 'taken', held: false, recipients: 2 },
    { is: 'taken', held: false, recipients: 1 },
    { is: 'taken', held: true, recipients: 1 },
  ]);

  const sent = (await upstream.taken(3))
    .slice(1)
    .map(({ authenticatedAs, reversePath, recipients, body }) => ({
      authenticatedAs,
      reversePath,
      recipients: recipients.length,
      subject: /^Subject: (.*)\r$/m.exec(body.toString())?.[1],
      last: body.toString().split('\r\n\r\n')[1],
    }));
  expect(sent.toSorted((a, b) => ((a.subject ?? '') < (b.subject ?? '') ? -1 : 1))).toEqual([
    {
      authenticatedAs: 'erp@velosi.example',
      reversePath: 'erp@velosi.example',
      recipients: 2,
      subject: 'first',
      last: 'text of first, gr\u00fc\u00dfe\r\n.a line with a dot\r\n',
    },
    {
      authenticatedAs: 'mail@alliance.example',
      reversePath: 'mail@alliance.example',
      recipients: 1,
      subject: 'second',
      last: 'text of second, gr\u00fc\u00dfe\r\n.a line with a dot\r\n',
    },
  ]);

  // Exim has nothing left, and a second hand-over of the same files changes nothing.
  expect(spoolFiles(exim)).toEqual([]);
  const again = await relayd.relayctl('--json', 'import', 'exim', '--spool', copy);
  const repeated = JSON.parse(again.stdout).messages as { is: string; id: string }[];
  expect(repeated.map(({ is }) => is)).toEqual(['there-already', 'there-already', 'there-already']);
  expect(repeated.map(({ id }) => id)).toEqual(taken.map(({ id }) => id));

  const frozen = await relayd.relayctl('queue', 'release', taken[2]?.id ?? '');
  expect(frozen.code).toBe(0);
  const last = (await upstream.taken(4)).at(-1);
  expect(last).toMatchObject({
    authenticatedAs: 'mail@alliance.example',
    reversePath: 'news@alliance.example',
  });
  expect(last?.recipients).toHaveLength(1);
  expect(upstream.messages).toHaveLength(4);
});
