import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../test/support/free-port.ts';
import { launch } from './launch.ts';
import type { StartPeer } from './peer.ts';

const home = '/var/cache/relayd-peers/opensmtpd';

/** Its paths are compiled in, so it gets a view of the file system in which they are its own. In clear only. */
export const startOpensmtpd: StartPeer = async ({ sinkPort, secure }) => {
  if (secure !== undefined) throw new Error('OpenSMTPD is measured in clear only');
  if (!existsSync(join(home, 'usr/sbin/smtpd'))) {
    throw new Error('OpenSMTPD is not unpacked: run scripts/install-peers');
  }
  const directory = mkdtempSync(join(tmpdir(), 'bench-opensmtpd-'));
  chmodSync(directory, 0o755);
  for (const name of ['spool', 'run', 'home/empty']) {
    mkdirSync(join(directory, name), { recursive: true });
  }
  chmodSync(join(directory, 'spool'), 0o711);
  const port = await freePort();
  writeFileSync(
    join(directory, 'smtpd.conf'),
    `listen on 127.0.0.1 port ${port} hostname opensmtpd.test
action "sink" relay host smtp://127.0.0.1:${sinkPort}
match from any for any action "sink"
`,
  );
  const libraries = join(home, 'usr/lib');
  return launch({
    directory,
    port,
    ownMounts: true,
    command: ['sh', '-c', START, 'sh', directory, join(home, 'usr/sbin/smtpd')],
    environment: {
      LD_LIBRARY_PATH: readdirSync(libraries)
        .map((name) => join(libraries, name))
        .join(':'),
    },
  });
};

/** The mount points are folders that its package would have made. */
const START = `set -e
mkdir -p /var/spool/smtpd /var/lib/opensmtpd
mount --bind "$1/spool" /var/spool/smtpd
mount --bind "$1/home" /var/lib/opensmtpd
mount --bind "$1/run" /run
exec "$2" -d -f "$1/smtpd.conf"`;
