import { execFile, execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../../test/support/free-port.ts';
import { type PostfixOptions, startPostfix } from '../../test/support/postfix.ts';
import { guard } from '../guard.ts';
import type { Peer, PeerOptions, Secure, StartPeer } from './peer.ts';

/** Postfix as a well-kept smarthost: connections reused, no artificial brakes, fsync as ever. */
const tuned = {
  default_process_limit: 110,
  smtp_destination_concurrency_limit: 50,
  initial_destination_concurrency: 20,
  smtp_connection_reuse_count_limit: 0,
  max_use: 2000,
  in_flow_delay: 0,
};

/** What the load asks of either: 50 MiB messages, and more than 50 clients at once from one address. */
const needed = { smtpd_client_connection_count_limit: 0, message_size_limit: 52_428_800 };

type Main = PostfixOptions['main'];

export interface PostfixPeer extends Peer {
  /** Lets all go that `holding` held. */
  release(): Promise<void>;
}

async function start(options: PeerOptions, main: Main): Promise<PostfixPeer> {
  const port = await freePort();
  const server = await startPostfix({
    port,
    ...(options.secure !== undefined && { files: saslFiles(options.secure) }),
    main: {
      ...needed,
      smtpd_relay_restrictions: 'permit_mynetworks, reject',
      relayhost: relayhost(options),
      ...main,
      ...(options.secure !== undefined && secureMain(options.secure)),
    },
  });
  const forget = guard(server.pid);
  const run = promisify(execFile);
  const release = async () => {
    const etc = join(server.directory, 'etc');
    // Released mail is deferred mail: it would wait for the next run of the queue.
    await run('postsuper', ['-c', etc, '-H', 'ALL']);
    await run('postfix', ['-c', etc, 'flush']);
  };
  const close = async () => {
    await server.close();
    forget();
  };
  return { port, pid: server.pid, release, close };
}

const relayhost = ({ sinkPort }: PeerOptions): string => `[127.0.0.1]:${sinkPort}`;

const tunedFor = (options: PeerOptions): Main => ({
  ...tuned,
  smtp_connection_cache_destinations: relayhost(options),
});

/** As Debian ships it, but for what makes it relay. */
export const startStockPostfix: StartPeer = (options) => start(options, {});

export const startTunedPostfix: StartPeer = (options) => start(options, tunedFor(options));

/** Tuned, and everything that it accepts waits until `release`. */
export const startHoldingPostfix = (options: PeerOptions): Promise<PostfixPeer> =>
  start(options, { ...tunedFor(options), smtpd_recipient_restrictions: 'static:HOLD' });

function secureMain(secure: Secure): Main {
  return {
    mynetworks: '',
    smtpd_tls_security_level: 'encrypt',
    smtpd_tls_chain_files: `${secure.keyFile}, ${secure.certificateFile}`,
    smtpd_sasl_auth_enable: 'yes',
    smtpd_tls_auth_only: 'yes',
    smtpd_relay_restrictions: 'permit_sasl_authenticated, reject',
    ...(secure.upstream && {
      smtp_tls_security_level: 'secure',
      smtp_tls_secure_cert_match: 'sink.test',
      smtp_tls_CAfile: secure.caFile,
      smtp_tls_connection_reuse: 'yes',
    }),
  };
}

/** Cyrus SASL reads passwords from a database of its own. */
function saslFiles({ directory, username, password }: Secure): Record<string, string> {
  const database = join(directory, 'sasldb2');
  const [name = '', realm = ''] = username.split('@');
  execFileSync('saslpasswd2', ['-c', '-p', '-f', database, '-u', realm, name], { input: password });
  execFileSync('chown', ['postfix', database]);
  return {
    'sasl/smtpd.conf': `pwcheck_method: auxprop
auxprop_plugin: sasldb
sasldb_path: ${database}
mech_list: PLAIN
`,
  };
}
