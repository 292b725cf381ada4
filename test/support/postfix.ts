import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface PostfixOptions {
  /** smtpd listens on 127.0.0.1 there. */
  readonly port: number;
  /** Lines of main.cf besides those that make it a Postfix of its own. */
  readonly main: Readonly<Record<string, string | number>>;
  /** Files to lay into its configuration directory; Debian's SASL reads `sasl/smtpd.conf` there. */
  readonly files?: Readonly<Record<string, string>>;
}

/** A Postfix with its own configuration and queue; the machine's own is not touched. */
export interface Postfix {
  readonly pid: number;
  readonly directory: string;
  log(): string;
  close(): Promise<void>;
}

const daemons = '/usr/lib/postfix/sbin';

/** Every service that a relay needs, none in a chroot. */
const services = (port: number): string => `
127.0.0.1:${port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
tlsproxy unix - - n - 0 tlsproxy
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`;

/** Needs Debian's package and root; resolves when smtpd greets. */
export async function startPostfix(options: PostfixOptions): Promise<Postfix> {
  if (!existsSync(join(daemons, 'master'))) {
    throw new Error('Postfix is not installed: run scripts/install-peers');
  }
  const directory = mkdtempSync(join(tmpdir(), 'postfix-'));
  chmodSync(directory, 0o755); // its daemons give up root and must still reach their queue
  const config = join(directory, 'etc');
  for (const name of ['etc', 'queue', 'data']) mkdirSync(join(directory, name));
  execFileSync('chown', ['postfix', join(directory, 'data')]);
  for (const [name, text] of Object.entries(options.files ?? {})) {
    mkdirSync(dirname(join(config, name)), { recursive: true });
    writeFileSync(join(config, name), text);
  }
  const main = { ...ownPlace(directory), ...options.main };
  const lines = Object.entries(main).map(([key, value]) => `${key} = ${value}\n`);
  writeFileSync(join(config, 'main.cf'), lines.join(''));
  writeFileSync(join(config, 'master.cf'), services(options.port).trimStart());
  execFileSync('postfix', ['-c', config, 'check'], { stdio: ['ignore', 'ignore', 'pipe'] });

  const master = spawn(join(daemons, 'master'), ['-c', config, '-d'], {
    stdio: 'ignore',
    detached: true, // its own process group, which it ends with itself
    env: { ...process.env, MAIL_CONFIG: config },
  });
  const log = () => {
    const file = join(directory, 'mail.log');
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  };
  const close = async () => {
    await end(master);
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await greets(options.port, master);
  } catch (error) {
    const said = log();
    await close();
    throw new Error(`Postfix does not start: ${String(error)}\n${said}`);
  }
  return { pid: master.pid ?? 0, directory, log, close };
}

function ownPlace(directory: string): Record<string, string> {
  return {
    compatibility_level: '3.7',
    queue_directory: join(directory, 'queue'),
    data_directory: join(directory, 'data'),
    command_directory: '/usr/sbin',
    daemon_directory: daemons,
    mail_owner: 'postfix',
    setgid_group: 'postdrop',
    maillog_file: join(directory, 'mail.log'),
    maillog_file_prefixes: directory,
    myhostname: 'postfix.test',
    mydestination: '',
    inet_interfaces: '127.0.0.1',
    inet_protocols: 'ipv4',
    mynetworks: '127.0.0.0/8',
    alias_maps: '',
    alias_database: '',
    smtp_dns_support_level: 'disabled',
    smtp_host_lookup: 'native',
  };
}

/** Waits for the 220 of whatever listens there; rejects when `server` ends or ten seconds are over. */
export async function greets(port: number, server: ChildProcess): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (Date.now() < deadline) {
    if (server.exitCode !== null) throw new Error(`it ended with ${server.exitCode}`);
    const socket = createConnection(port, '127.0.0.1');
    try {
      const signal = AbortSignal.timeout(deadline - Date.now());
      const [chunk] = (await once(socket, 'data', { signal })) as [Buffer];
      if (chunk.toString().startsWith('220')) return;
    } catch {
      await sleep(50); // refused: not up yet
    } finally {
      socket.destroy();
    }
  }
  throw new Error(`nothing greets on port ${port}`);
}

/** Ends a server that we started; its children end with it. */
export async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const exited = once(server, 'exit');
  server.kill('SIGTERM');
  const timer = setTimeout(() => server.kill('SIGKILL'), 5_000);
  await exited;
  clearTimeout(timer);
}
