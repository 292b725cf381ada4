import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { makeCa, makeCertificate } from '../../support/certificates.ts';

const root = join(import.meta.dirname, '../../..');
/** Where scripts/install-peers unpacks what cannot be installed beside Postfix. */
const unpacked = '/var/cache/relayd-peers';

export interface MachineOptions {
  /** Programs that scripts/install-peers unpacked; they are in /usr here, as if installed. */
  readonly programs: readonly string[];
  /** Files, by absolute name; a mode may stand behind the name: `/etc/x 0600`. */
  readonly files: Readonly<Record<string, string>>;
  /** Shell commands that run before anything else, as root. */
  readonly prepare?: string;
  /** The one provider there is answers to these names, at port 587. */
  readonly providers: readonly string[];
  readonly accounts: Readonly<Record<string, string>>;
}

export interface Delivered {
  readonly authenticatedAs: string | null;
  readonly reversePath: string;
  readonly recipients: readonly string[];
  readonly header: string;
}

/**
 * A machine of its own to install mail servers on: what is written to /etc, /usr, /var and /run is gone at its end, no
 * port is taken, and the provider is at the other end of a network. Needs root.
 */
export interface Machine {
  /** As typed by root at a terminal; both outputs in one. */
  run(command: string): Promise<{ code: number | null; output: string }>;
  /** What the provider has taken, once it is so many messages. */
  delivered(count: number): Promise<readonly Delivered[]>;
  close(): Promise<void>;
}

export async function startMachine(options: MachineOptions): Promise<Machine> {
  const directory = mkdtempSync(join(tmpdir(), 'machine-'));
  const ca = await makeCa();
  const pair = await makeCertificate(ca, { names: options.providers });
  const own = (name: string, content: string) => writeFileSync(join(directory, name), content);
  own('ca.pem', ca.certificate);
  own('cert.pem', pair.certificate);
  own('key.pem', pair.key);
  own('setup', setup(directory, options));
  mkdirSync(join(directory, 'files'));
  const names = ['--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const anchor = spawn('unshare', [...names, 'sh', join(directory, 'setup')], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const close = async () => {
    const exited = once(anchor, 'exit');
    anchor.kill('SIGKILL'); // everything inside ends with it
    if (anchor.exitCode === null && anchor.signalCode === null) await exited;
    rmSync(directory, { recursive: true, force: true });
  };
  const complaints = text(anchor.stderr);
  const ready = createInterface({ input: anchor.stdout })[Symbol.asyncIterator]().next();
  if ((await ready).done) {
    await close();
    throw new Error(`the machine does not start: ${await complaints}`);
  }
  const inside = innerProcess(anchor);
  const run: Machine['run'] = async (command) => {
    const within = ['-t', String(inside), '--mount', '--net', '--pid'];
    const shell = spawn('nsenter', [...within, 'sh', '-c', `exec 2>&1; cd /root\n${command}`], {
      env: { PATH: '/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', LANG: 'C.UTF-8' },
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: 60_000,
      killSignal: 'SIGKILL',
    });
    const [output, [code]] = await Promise.all([
      text(shell.stdout),
      once(shell, 'exit') as Promise<[number | null]>,
    ]);
    return { code, output };
  };
  const provider = await startProvider({ inside, directory, accounts: options.accounts });
  const prepared = await run(`set -e\n${options.prepare ?? ''}`);
  if (prepared.code !== 0) {
    await close();
    throw new Error(`the machine cannot be prepared: ${prepared.output}`);
  }
  return { run, delivered: provider.delivered, close };
}

/** The shell that unshare forked: the first process of the machine. */
function innerProcess({ pid = 0 }: ChildProcess): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim());
}

interface ProviderOptions {
  readonly inside: number;
  readonly directory: string;
  readonly accounts: MachineOptions['accounts'];
}

/** In a network of its own, so that no program takes it for this host. */
async function startProvider(options: ProviderOptions): Promise<Pick<Machine, 'delivered'>> {
  const taken: Delivered[] = [];
  const arrivals = new EventEmitter();
  const take = (mail: Delivered) => {
    taken.push(mail);
    arrivals.emit('mail');
  };
  await Promise.all(['587', '2525'].map((port) => startPort(port, options, take)));
  return {
    async delivered(count) {
      const signal = AbortSignal.timeout(20_000);
      while (taken.length < count) {
        await once(arrivals, 'mail', { signal }).catch(() => {
          throw new Error(`only ${taken.length} of ${count} arrived`);
        });
      }
      return taken;
    },
  };
}

async function startPort(
  port: string,
  { inside, directory, accounts }: ProviderOptions,
  take: (mail: Delivered) => void,
): Promise<void> {
  const file = (name: string) => join(directory, name);
  const server = spawn(
    'nsenter',
    [
      ...['-t', String(inside), '--mount', '--pid', 'nsenter', '--net=/run/provider-network'],
      ...[process.execPath, join(root, 'test/support/upstream-main.ts')],
      ...['--address', '192.0.2.25', '--port', port],
      ...['--certificate', file('cert.pem'), '--key', file('key.pem')],
      ...Object.entries(accounts).flatMap((pair) => ['--account', pair.join(':')]),
    ],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const lines = createInterface({ input: server.stdout });
  lines.on('line', (line) => {
    const said = JSON.parse(line);
    if (said.is !== 'received') return;
    const recipients = said.recipients.map((each: { forwardPath: string }) => each.forwardPath);
    take({ ...said, recipients });
  });
  await Promise.race([
    once(lines, 'line'),
    once(server, 'exit').then(() => Promise.reject(new Error('the provider does not start'))),
  ]);
}

/** Layers over the real directories, two networks, a package's users, and stand-ins for systemd and the launchers. */
function setup(directory: string, options: MachineOptions): string {
  const lower = (name: string) =>
    [...options.programs.map((program) => `${unpacked}/${program}/${name}`), `/${name}`]
      .filter((path) => existsSync(path))
      .join(':');
  const files = Object.entries(options.files).map(([key, content], index) => {
    const [path = '', mode = '0644'] = key.split(' ');
    writeFileSync(join(directory, String(index)), content);
    return `install -D -m ${mode} ${join(directory, String(index))} ${path}`;
  });
  return `set -e
mkdir ${directory}/layers
mount -t tmpfs none ${directory}/layers
for name in etc usr var; do
  mkdir -p ${directory}/layers/$name ${directory}/layers/$name-work
done
mount -t overlay overlay -o lowerdir=${lower('usr')},upperdir=${directory}/layers/usr,workdir=${directory}/layers/usr-work /usr
mount -t overlay overlay -o lowerdir=${lower('etc')},upperdir=${directory}/layers/etc,workdir=${directory}/layers/etc-work /etc
mount -t overlay overlay -o lowerdir=/var,upperdir=${directory}/layers/var,workdir=${directory}/layers/var-work /var
mount -t tmpfs none /run
mount -t tmpfs none /root
ip link set lo up
touch /run/provider-network
unshare --net=/run/provider-network true
ip link add gate type veth peer name provider
ip link set provider netns /run/provider-network
ip addr add 192.0.2.1/24 dev gate
ip link set gate up
nsenter --net=/run/provider-network sh -c 'ip link set lo up; ip addr add 192.0.2.25/24 dev provider; ip link set provider up'
cat >/etc/hosts <<END
127.0.0.1 localhost
192.0.2.1 web1.shop.example web1
${options.providers.map((name) => `192.0.2.25 ${name}`).join('\n')}
END
echo web1.shop.example >/etc/mailname
echo 'nameserver 127.0.0.1' >/etc/resolv.conf
cat ${directory}/ca.pem >>/etc/ssl/certs/ca-certificates.crt
id relayd >/dev/null 2>&1 || useradd --system --user-group --no-create-home relayd
mkdir -p /usr/local/bin ${directory}/relayd/bin
for name in relayd:daemon/main relayctl:cli/relayctl; do
  printf '#!/bin/sh\\nexec %s %s "$@"\\n' ${process.execPath} ${root}/src/\${name#*:}.ts >${directory}/relayd/bin/\${name%%:*}
done
chmod 755 ${directory} ${directory}/relayd/bin/*
ln -s ${root}/systemd ${directory}/relayd/systemd
ln -s ${directory}/relayd/bin/* /usr/local/bin/
mount -t tmpfs none /opt
ln -s ${directory}/relayd /opt/relayd
install -m 755 ${root}/test/peers/guides/systemctl /usr/local/bin/systemctl
chmod 755 /usr/local/bin/*
${files.join('\n')}
echo ready
exec perl -e '$SIG{CHLD} = "IGNORE"; sleep' # whoever ends is gone at once
`;
}
