import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eximBinary, eximEnvironment } from '../../test/support/exim.ts';
import { freePort } from '../../test/support/free-port.ts';
import { launch } from './launch.ts';
import type { PeerOptions, Secure, StartPeer } from './peer.ts';

/** Giving up root clears the order to end with the parent (prctl(2)), so it is given anew. */
const asItsUser = [
  'setpriv',
  '--reuid=Debian-exim',
  '--regid=Debian-exim',
  '--clear-groups',
  '--pdeathsig=KILL',
] as const;

/** Exim as a smarthost client that delivers at once and keeps connections for what waits. */
export const startExim: StartPeer = async (options) => {
  const directory = mkdtempSync(join(tmpdir(), 'bench-exim-'));
  chmodSync(directory, 0o755);
  for (const name of ['spool', 'log']) mkdirSync(join(directory, name));
  execFileSync('chown', ['-R', 'Debian-exim:Debian-exim', directory]);
  const port = await freePort();
  const file = join(directory, 'exim.conf');
  writeFileSync(file, configuration(directory, port, options)); // root's: it trusts no other owner
  return launch({
    directory,
    port,
    command: [...asItsUser, eximBinary(), '-C', file, '-bdf', '-q1m'],
    environment: eximEnvironment(),
  });
};

const configuration = (directory: string, port: number, options: PeerOptions): string => `
primary_hostname = exim.test
spool_directory = ${directory}/spool
log_file_path = ${directory}/log/%slog
pid_file_path = ${directory}/spool/exim.pid
local_interfaces = 127.0.0.1
daemon_smtp_ports = ${port}
keep_environment = LD_LIBRARY_PATH
deliver_drop_privilege = true
split_spool_directory
smtp_accept_max = 200
smtp_accept_queue = 0
smtp_accept_queue_per_connection = 0
smtp_connect_backlog = 200
queue_run_max = 10
message_size_limit = 50M
acl_smtp_rcpt = rcpt
${options.secure === undefined ? 'tls_advertise_hosts =' : serverTls(options.secure)}

begin acl
rcpt:
${options.secure === undefined ? '' : '  require authenticated = *\n'}  accept

begin routers
sink:
  driver = manualroute
  route_list = * 127.0.0.1 byname
  self = send
  transport = sink

begin transports
sink:
  driver = smtp
  port = ${options.sinkPort}
  connection_max_messages = 2000
  hosts_try_fastopen =
  hosts_try_dane =
${options.secure?.upstream === true ? upstreamTls(options.secure) : '  hosts_avoid_tls = *'}

begin authenticators
${options.secure === undefined ? '' : plain(options.secure)}`;

const serverTls = (secure: Secure): string => `tls_advertise_hosts = *
tls_certificate = ${secure.certificateFile}
tls_privatekey = ${secure.keyFile}
auth_advertise_hosts = \${if eq{$tls_in_cipher}{}{}{*}}`;

const upstreamTls = (secure: Secure): string => `  hosts_require_tls = *
  tls_verify_certificates = ${secure.caFile}
  tls_verify_cert_hostnames =`;

const plain = (secure: Secure): string => `plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = \${if and{{eq{$auth2}{${secure.username}}}{eq{$auth3}{${secure.password}}}}}
  server_set_id = $auth2
`;
