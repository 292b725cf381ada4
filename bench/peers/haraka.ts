import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { freePort } from '../../test/support/free-port.ts';
import { launch } from './launch.ts';
import type { StartPeer } from './peer.ts';

const program = '/var/cache/relayd-peers/haraka/node_modules/Haraka/bin/haraka';

/** Haraka's own queue for outgoing mail, on the Node that relayd runs on. In clear only. */
export const startHaraka: StartPeer = async ({ sinkPort, secure }) => {
  if (secure !== undefined) throw new Error('Haraka is measured in clear only');
  if (!existsSync(program)) throw new Error('Haraka is not installed: run scripts/install-peers');
  const directory = mkdtempSync(join(tmpdir(), 'bench-haraka-'));
  const port = await freePort();
  const files: Readonly<Record<string, string>> = {
    'config/plugins': 'to_sink\n',
    'config/smtp.ini': `listen=127.0.0.1:${port}\n`,
    'config/connection.ini': CONNECTION,
    'config/log.ini': '[main]\nlevel=notice\n',
    'config/outbound.ini': 'local_mx_ok=true\nenable_tls=false\n',
    'config/me': 'haraka.test\n',
    'config/host_list': '',
    'plugins/to_sink.js': plugin(sinkPort),
  };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
  mkdirSync(join(directory, 'queue'));
  return launch({ directory, port, command: [process.execPath, program, '-c', directory] });
};

/** Its own defaults are only read where this file is missing, so that all it needs stands here. */
const CONNECTION = `[main]
smtputf8=true
[headers]
add_received=true
max_lines=1000
max_received=100
[max]
bytes=52428800
mime_parts=1000
line_length=512
data_line_length=992
[message]
greeting[]=haraka.test
[uuid]
`;

const plugin = (sinkPort: number): string => `
exports.hook_connect = (next, connection) => {
  connection.relaying = true;
  next();
};
exports.hook_rcpt = (next) => next(OK);
exports.hook_get_mx = (next) =>
  next(OK, { exchange: '127.0.0.1', port: ${sinkPort}, priority: 0 });
`;
