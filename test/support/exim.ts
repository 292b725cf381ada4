import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pair } from './certificates.ts';
import { end, greets } from './postfix.ts';

/** Where scripts/install-peers unpacks Debian's Exim. */
const home = '/var/cache/relayd-peers/exim';

export interface EximOptions {
  readonly port: number;
  /** Everything accepted goes there, in clear. */
  readonly nextHopPort: number;
  readonly pair: Pair;
  /** Username to password; AUTH is offered only over TLS and demanded of everybody. */
  readonly accounts: Readonly<Record<string, string>>;
}

/** An Exim with its own configuration and spool, as its package's user. */
export interface Exim {
  readonly pid: number;
  readonly directory: string;
  log(): string;
  close(): Promise<void>;
}

/** Needs root; resolves when it greets. */
export async function startExim(options: EximOptions): Promise<Exim> {
  const binary = join(home, 'usr/sbin/exim4');
  if (!existsSync(binary)) throw new Error('Exim is not unpacked: run scripts/install-peers');
  const directory = mkdtempSync(join(tmpdir(), 'exim-'));
  chmodSync(directory, 0o755);
  for (const name of ['spool', 'log']) mkdirSync(join(directory, name));
  const file = (name: string, text: string) => writeFileSync(join(directory, name), text);
  file('cert.pem', options.pair.certificate);
  file('key.pem', options.pair.key);
  const passwords = Object.entries(options.accounts);
  file('passwords', passwords.map(([name, password]) => `"${name}": ${password}\n`).join(''));
  file('exim.conf', configuration(directory, options));
  execFileSync('chown', ['-R', 'Debian-exim:Debian-exim', directory]);
  execFileSync('chown', ['root:root', join(directory, 'exim.conf')]); // it trusts no other owner

  const server = spawn(
    'setpriv',
    [
      ...['--reuid=Debian-exim', '--regid=Debian-exim', '--clear-groups', binary],
      ...['-C', join(directory, 'exim.conf'), '-bdf', '-q1m'],
    ],
    {
      env: { PATH: process.env.PATH, LD_LIBRARY_PATH: libraries() },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let stderr = '';
  server.stderr.setEncoding('utf8').on('data', (chunk) => {
    stderr += chunk;
  });
  const log = () =>
    ['mainlog', 'paniclog']
      .map((name) => join(directory, 'log', name))
      .filter((path) => existsSync(path))
      .map((path) => readFileSync(path, 'utf8'))
      .join('');
  const close = async () => {
    await end(server);
    await rm(directory, { recursive: true, force: true, maxRetries: 5 }); // a delivery may still be ending
  };
  try {
    await greets(options.port, server);
  } catch (error) {
    const said = stderr + log();
    await close();
    throw new Error(`Exim does not start: ${String(error)}\n${said}`);
  }
  return { pid: server.pid ?? 0, directory, log, close };
}

function libraries(): string {
  const machine = execFileSync('uname', ['-m'], { encoding: 'utf8' }).trim();
  return `${join(home, 'usr/lib', `${machine}-linux-gnu`)}:${join(home, 'usr/lib')}`;
}

const configuration = (directory: string, options: EximOptions): string => `
primary_hostname = exim.test
spool_directory = ${directory}/spool
log_file_path = ${directory}/log/%slog
pid_file_path = ${directory}/spool/exim.pid
local_interfaces = 127.0.0.1
daemon_smtp_ports = ${options.port}
keep_environment = LD_LIBRARY_PATH
deliver_drop_privilege = true
tls_advertise_hosts = *
tls_certificate = ${directory}/cert.pem
tls_privatekey = ${directory}/key.pem
auth_advertise_hosts = \${if eq{$tls_in_cipher}{}{}{*}}
acl_smtp_rcpt = rcpt
dsn_advertise_hosts = *
message_size_limit = 50M
smtp_accept_queue_per_connection = 0

begin acl
rcpt:
  deny
    !authenticated = *
    message = authentication first
  deny
    local_parts = nobody
    message = no such user
  accept
    add_header = X-Authenticated-As: $authenticated_id

begin routers
next_hop:
  driver = manualroute
  route_list = * 127.0.0.1 byname
  self = send
  transport = next_hop

begin transports
next_hop:
  driver = smtp
  port = ${options.nextHopPort}
  hosts_avoid_tls = *
  hosts_try_fastopen =
  hosts_try_dane =

begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = \${if eq{$auth3}{\${lookup{$auth2}lsearch{${directory}/passwords}{$value}fail}}}
  server_set_id = $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = \${if eq{$auth2}{\${lookup{$auth1}lsearch{${directory}/passwords}{$value}fail}}}
  server_set_id = $auth1
`;

/** Exim's own answers to orders about its queue: a spool in `directory`, no daemon, nothing is sent. Needs root. */
export function queueingExim(
  directory: string,
): (args: readonly string[], input?: string) => string {
  const conf = join(directory, 'queueing.conf');
  const lines = [
    'exim_user = Debian-exim',
    'exim_group = Debian-exim',
    `spool_directory = ${join(directory, 'spool')}`,
    `log_file_path = ${join(directory, '%slog')}`,
    'primary_hostname = relay.test',
    'keep_environment =',
    'acl_not_smtp = accept',
    'begin acl',
    'begin routers',
    'out:',
    '  driver = manualroute',
    '  route_list = * 127.0.0.1::9 byname',
    '  self = send',
    '  transport = out',
    'begin transports',
    'out:',
    '  driver = smtp',
  ];
  writeFileSync(conf, `${lines.join('\n')}\n`);
  mkdirSync(join(directory, 'spool'));
  execFileSync('chown', ['Debian-exim:Debian-exim', directory, join(directory, 'spool')]);
  return (args, input = '') => {
    const { stdout, stderr } = spawnSync(join(home, 'usr/sbin/exim4'), ['-C', conf, ...args], {
      env: { PATH: process.env.PATH, LD_LIBRARY_PATH: libraries() },
      input,
      encoding: 'utf8',
    });
    return stdout + stderr;
  };
}
