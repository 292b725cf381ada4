import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RelayEvent } from '../../src/relay/events.ts';
import { freePort } from './free-port.ts';
import { type Exit, type LoggedEvent, readJournal } from './journal.ts';

const root = join(import.meta.dirname, '../..');

export interface DaemonOptions {
  /** Keys of relay.yaml; what a test does not care about (ports, directories) is filled in. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** The text of relay.yaml instead of `config`, taken as it is. */
  readonly configText?: string;
  /** Of an earlier daemon, whose queue is to be taken over. Default: a new one, removed at the end. */
  readonly directory?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** `source` runs src/daemon/main.ts; `built` runs bin/relayd and needs `npm run build` before. */
  readonly from?: 'source' | 'built';
  /** Of what is built, another folder than this project's. */
  readonly home?: string;
  /** A program and its arguments that run relayd in other surroundings. */
  readonly under?: readonly string[];
}

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** relayd as a child process with its own directory. */
export interface Daemon {
  readonly pid: number;
  readonly directory: string;
  readonly configFile: string;
  /** Ports of the TCP listeners, in the order of the configuration. */
  readonly ports: readonly number[];
  /** Port of /metrics and /healthz. */
  readonly observePort: number;
  readonly events: readonly LoggedEvent[];
  readonly stderr: () => string;
  readonly exited: Promise<Exit>;
  /** The first event of that name that `fits`, past or to come; rejects after `withinMs` or when the daemon ends. */
  event(
    name: RelayEvent['is'],
    fits?: (event: LoggedEvent) => boolean,
    withinMs?: number,
  ): Promise<LoggedEvent>;
  relayctl(...args: readonly string[]): Promise<CommandResult>;
  /** Sends the signal and waits for the end. */
  kill(signal?: NodeJS.Signals): Promise<Exit>;
  /** Ends it if it still runs, and removes its directory unless the caller gave it. */
  close(): Promise<void>;
}

/** A configuration that could not be started from, with what the daemon said. */
export class DaemonError extends Error {
  override name = 'DaemonError';
  readonly result: CommandResult;

  constructor(result: CommandResult) {
    super(`relayd ended with ${result.code}\n${result.stdout}${result.stderr}`);
    this.result = result;
  }
}

const alive = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

/** Starts relayd and waits until it serves. Rejects with DaemonError when it ends before. */
export async function startDaemon(options: DaemonOptions = {}): Promise<Daemon> {
  const directory = options.directory ?? mkdtempSync(join(tmpdir(), 'relayd-'));
  const observePort = await freePort();
  const configFile = join(directory, 'relay.yaml');
  const text =
    options.configText ?? JSON.stringify(complete(directory, observePort, options.config), null, 2);
  writeFileSync(configFile, text, { mode: 0o600 }); // strict enough for literal passwords
  const run = runner(options);
  const child = run('relayd', ['--config', configFile]);
  const journal = readJournal(child);

  const daemon: Daemon = {
    pid: child.pid ?? 0,
    directory,
    configFile,
    get ports() {
      return journal.events
        .filter(({ event }) => event === 'listener.opened')
        .flatMap(({ listen }) => /:(\d+)$/.exec(String(listen))?.[1] ?? [])
        .map(Number);
    },
    observePort,
    events: journal.events,
    stderr: journal.stderr,
    exited: journal.exited,
    event: (name, fits = () => true, withinMs = 15_000) =>
      journal.find((line) => line.event === name && fits(line), withinMs, name),
    relayctl: (...args) => collect(run('relayctl', ['--config', configFile, ...args])),
    async kill(signal = 'SIGTERM') {
      child.kill(signal);
      return journal.exited;
    },
    async close() {
      child.kill('SIGKILL');
      await journal.exited;
      if (options.directory === undefined) await rm(directory, { recursive: true, force: true });
    },
  };
  try {
    await daemon.event('daemon.started', () => true, 60_000);
  } catch (error) {
    child.kill('SIGKILL');
    const { code } = await journal.exited;
    await daemon.close();
    const said = journal.events.map((event) => JSON.stringify(event)).join('\n');
    if (code === null) throw error;
    throw new DaemonError({ code, stdout: said, stderr: journal.stderr() });
  }
  return daemon;
}

/** Runs relayd or relayctl to its end. */
export function runCommand(
  program: 'relayd' | 'relayctl',
  args: readonly string[],
  options: Pick<DaemonOptions, 'environment' | 'from'> = {},
): Promise<CommandResult> {
  return collect(runner(options)(program, args));
}

function complete(directory: string, observePort: number, config: DaemonOptions['config']) {
  return {
    hostname: 'relay.test',
    listeners: [{ listen: '127.0.0.1:0' }],
    control: { socket: join(directory, 'control.sock') },
    observe: { listen: `127.0.0.1:${observePort}` },
    ...config,
    queue: { directory: join(directory, 'queue'), ...(config?.queue as object | undefined) },
  };
}

const entries = { relayd: 'src/daemon/main.ts', relayctl: 'src/cli/relayctl.ts' };

function runner(options: Pick<DaemonOptions, 'environment' | 'from' | 'home' | 'under'>) {
  return (program: 'relayd' | 'relayctl', args: readonly string[]): ChildProcess => {
    const [command, first] =
      options.from === 'built'
        ? [join(options.home ?? root, 'bin', program), []]
        : [process.execPath, [join(root, entries[program])]];
    const under = program === 'relayd' ? (options.under ?? []) : [];
    const [outer = command, ...inner] = [...under, command, ...first, ...args];
    const child = spawn(outer, inner, {
      cwd: root,
      env: { ...process.env, RELAYD_CONFIG: undefined, ...options.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    alive.add(child);
    child.once('close', () => alive.delete(child));
    return child;
  };
}

async function collect(child: ChildProcess): Promise<CommandResult> {
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr?.setEncoding('utf8').on('data', (chunk) => {
    stderr += chunk;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}
