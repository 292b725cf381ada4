import { X509Certificate } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { connect, createServer, isIP } from 'node:net';
import { dirname } from 'node:path';
import { formatListenAddress } from '../config/listen-address.ts';
import { type NamedSource, namedSources } from '../config/named-files.ts';
import type { ListenAddress, Settings } from '../relay/settings.ts';
import { ListenError, listenOn } from '../submission/listen.ts';
import { ENTER, obstacle, READ, type ServiceUser, WRITE } from './service-user.ts';
import { count } from './text.ts';

/** One thing that was tried on this machine. */
export interface Finding {
  /** `listener 127.0.0.1:587`, `accounts.gmail.password` */
  readonly subject: string;
  readonly is: 'ok' | 'warning' | 'failed';
  readonly detail: string;
}

/** What the running daemon holds already, by its own words; null: none answers. */
export interface Running {
  readonly pid: number;
  /** Addresses and the control socket, as in relay.yaml. */
  readonly holds: ReadonlySet<string>;
}

export interface BindOptions {
  readonly user: ServiceUser;
  readonly running: Running | null;
  readonly nowMs: number;
}

/** Tries what a start with this configuration would need. Leaves nothing behind. */
export async function bindFindings(settings: Settings, options: BindOptions): Promise<Finding[]> {
  const { listeners, observe, control } = settings;
  const addresses: (readonly [string, ListenAddress])[] = [
    ...listeners.map(({ listen }) => ['listener', listen] as const),
    ...(observe.listen === null ? [] : [['observe', observe.listen] as const]),
    ['control socket', { is: 'unix', path: control.socket }],
  ];
  const listening: Finding[] = [];
  // One after the other: two of them on one address would be in each other's way.
  for (const [what, address] of addresses) listening.push(await tryAddress(what, address, options));
  return [
    ...listening,
    ...readable(settings, options),
    queueDirectory(settings.queue.directory, options),
    ...certificates(settings, options.nowMs),
    ...(await hosts(settings)),
  ];
}

const ok = (subject: string, detail: string): Finding => ({ subject, is: 'ok', detail });
const failed = (subject: string, detail: string): Finding => ({ subject, is: 'failed', detail });
const warning = (subject: string, detail: string): Finding => ({ subject, is: 'warning', detail });

async function tryAddress(
  what: string,
  address: ListenAddress,
  { user, running }: BindOptions,
): Promise<Finding> {
  const text = formatListenAddress(address);
  const subject = `${what} ${text}`;
  if (address.is === 'systemd') return ok(subject, 'systemd opens it');
  if (running?.holds.has(text))
    return ok(subject, `held by the running relayd (pid ${running.pid})`);
  if (address.is === 'unix') {
    const taken = await inTheWay(address.path);
    return taken === null ? socketDirectory(subject, address.path, user) : failed(subject, taken);
  }
  const server = createServer();
  try {
    await listenOn(server, { listen: address, mode: 0o660, group: null }, null);
    return ok(subject, 'free');
  } catch (error) {
    if (!(error instanceof ListenError)) throw error;
    const { message } = error;
    if (message.endsWith(HELD_BY_SYSTEMD)) return ok(subject, 'systemd holds it (relayd.socket)');
    if (error.code !== 'EACCES') return failed(subject, message);
    return warning(subject, message);
  } finally {
    server.close();
  }
}

/** What findPortHolder says of a socket unit: the daemon is given its sockets. */
const HELD_BY_SYSTEMD = 'systemd (pid 1)';

/** What keeps a socket from being made there; one that nobody answers on is no obstacle. */
async function inTheWay(path: string): Promise<string | null> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return null;
  if (!found.isSocket()) return 'a file that is no socket is in the way';
  const socket = connect(path);
  const answered = await new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
  });
  socket.destroy();
  return answered ? 'another process listens on it' : null;
}

/** systemd makes them before the daemon starts (StateDirectory=, RuntimeDirectory=). */
const MADE_BY_SYSTEMD = ['/run/relayd', '/var/lib/relayd'];

function socketDirectory(subject: string, path: string, user: ServiceUser): Finding {
  const directory = dirname(path);
  if (!existsSync(directory) && MADE_BY_SYSTEMD.includes(directory)) {
    return ok(subject, `systemd makes ${directory}`);
  }
  const problem = obstacle(directory, user, WRITE | ENTER);
  return problem === null ? ok(subject, `${user.name} may make it`) : failed(subject, problem);
}

function queueDirectory(directory: string, { user }: BindOptions): Finding {
  const subject = 'queue.directory';
  if (existsSync(directory)) {
    const problem = obstacle(directory, user, READ | WRITE | ENTER);
    return problem === null
      ? ok(subject, `${user.name} may write to ${directory}`)
      : failed(subject, problem);
  }
  if (MADE_BY_SYSTEMD.includes(directory)) return ok(subject, `systemd makes ${directory}`);
  const problem = obstacle(dirname(directory), user, WRITE | ENTER);
  return problem === null
    ? ok(subject, `${user.name} may make ${directory}`)
    : failed(subject, problem);
}

function readable({ file }: Settings, { user }: BindOptions): Finding[] {
  const own = obstacle(file, user, READ);
  return [
    own === null
      ? ok('configuration', `${user.name} may read ${file}`)
      : failed('configuration', own),
    ...namedSources(file).map((source) => sourceFinding(source, user)),
  ];
}

function sourceFinding({ path, is, name }: NamedSource, user: ServiceUser): Finding {
  switch (is) {
    case 'environment':
      return ok(path, `${name} is set here; the service needs it in its own environment`);
    case 'credential':
      return ok(path, `${name} is here; the unit needs LoadCredential=${name}:PATH`);
    case 'program': {
      if (!name.startsWith('/'))
        return ok(path, `${name} was run; the service looks in its own PATH`);
      const problem = obstacle(name, user, ENTER);
      return problem === null ? ok(path, `${user.name} may run ${name}`) : failed(path, problem);
    }
    case 'file': {
      const problem = obstacle(name, user, READ);
      return problem === null ? ok(path, `${user.name} may read ${name}`) : failed(path, problem);
    }
  }
}

const DAY_MS = 86_400_000;
const soonDays = 14;

/** That keys fit was checked by the loader. */
function certificates({ listeners, accounts }: Settings, nowMs: number): Finding[] {
  return [
    ...listeners.flatMap(({ listen, tls, certificate }) =>
      tls === 'none' || certificate === null
        ? []
        : [
            dates(
              `certificate of ${formatListenAddress(listen)}`,
              readFileSync(certificate, 'utf8'),
              nowMs,
            ),
          ],
    ),
    ...[...accounts.values()].flatMap(({ name, tls }) =>
      tls.certificate === null
        ? []
        : [dates(`client certificate of ${name}`, tls.certificate, nowMs)],
    ),
  ];
}

function dates(subject: string, pem: string, nowMs: number): Finding {
  const { validFrom, validTo } = new X509Certificate(pem);
  const [fromMs, toMs] = [Date.parse(validFrom), Date.parse(validTo)];
  const days = Math.floor((toMs - nowMs) / DAY_MS);
  if (toMs <= nowMs) return failed(subject, `ended on ${validTo}`);
  if (fromMs > nowMs) return failed(subject, `begins on ${validFrom}`);
  const detail = `the key fits, ${count(days, 'day')} left`;
  return days < soonDays ? warning(subject, detail) : ok(subject, detail);
}

async function hosts({ accounts }: Settings): Promise<Finding[]> {
  const byHost = Map.groupBy(
    [...accounts.values()].filter(({ host, proxy }) => proxy === null && isIP(host) === 0),
    ({ host }) => host,
  );
  return Promise.all(
    [...byHost].map(async ([host, users]) => {
      const subject = `${host} of ${users.map(({ name }) => name).join(', ')}`;
      try {
        const found = await lookup(host, { all: true });
        return ok(subject, found.map(({ address }) => address).join(', '));
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        const why =
          code === 'ENOTFOUND' ? 'has no address in the DNS' : `the DNS gives no answer (${code})`;
        return failed(subject, why);
      }
    }),
  );
}
