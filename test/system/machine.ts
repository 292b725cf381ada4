import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a small server has, and what its packages need to be installed without a network. */
const packages = ['systemd', 'systemd-sysv', 'dbus', 'ca-certificates', 'libstdc++6'];
const suite = 'bookworm';
const cache = '/var/cache/relayd-peers';

export interface Result {
  readonly code: number | null;
  /** Standard output and standard error, as they came. */
  readonly out: string;
}

/** A booted Debian with a network of its own. */
export interface Machine {
  /** Its file system, from outside. */
  readonly root: string;
  run(program: string, args: readonly string[], input?: string): Promise<Result>;
  /** Throws with its output when it fails. */
  must(program: string, args: readonly string[], input?: string): Promise<string>;
  /** A program of ours, with this machine's files, in that network. */
  spawnBeside(program: string, args: readonly string[]): ChildProcess;
  /** Asks until the answer fits. */
  until(what: string, fits: () => Promise<boolean>, withinMs?: number): Promise<void>;
  close(): Promise<void>;
}

/** Boots a copy of the tree that debootstrap made once for this list of packages. */
export async function bootMachine(): Promise<Machine> {
  const work = mkdtempSync(join(tmpdir(), 'relayd-machine-'));
  const root = join(work, 'root');
  for (const folder of ['root', 'upper', 'work']) mkdirSync(join(work, folder));
  const layers = `lowerdir=${debianTree()},upperdir=${work}/upper,workdir=${work}/work`;
  execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', layers, root]);
  const options = ['--register=no', '--keep-unit', '--private-network', '--console=pipe'];
  const nspawn = spawn('systemd-nspawn', ['--quiet', '-D', root, ...options, '--boot'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [nspawn.stdout, nspawn.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  }
  const ended = new Promise<void>((resolve) => {
    nspawn.once('close', () => resolve());
  });
  const stopNow = (): void => void nspawn.kill('SIGKILL');
  process.once('exit', stopNow);

  const machine: Machine = {
    root,
    run: (program, args, input = '') => inside(leaderOf(nspawn), program, args, input),
    async must(program, args, input) {
      const { code, out } = await machine.run(program, args, input);
      if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}\n${out}`);
      return out;
    },
    spawnBeside: (program, args) =>
      spawn('nsenter', ['-t', String(leaderOf(nspawn)), '-n', '--', program, ...args], {
        stdio: ['pipe', 'pipe', 'inherit'],
      }),
    until: pollUntil,
    async close() {
      // SIGTERM has nspawn shut the machine down; what does not end by itself is cut off.
      nspawn.kill('SIGTERM');
      await Promise.race([ended, sleep(10_000, undefined, { ref: false })]);
      nspawn.kill('SIGKILL');
      await ended;
      process.off('exit', stopNow);
      execFileSync('umount', [root]);
      rmSync(work, { recursive: true, force: true });
    },
  };
  try {
    await pollUntil('boot', async () => {
      if (nspawn.exitCode !== null) throw new Error(`systemd-nspawn ended\n${said}`);
      if (leaderOf(nspawn) === null) return false;
      const { out } = await machine.run('systemctl', ['is-system-running']);
      return /^(?:running|degraded)/.test(out);
    });
  } catch (error) {
    await machine.close();
    throw error;
  }
  return machine;
}

/** Made once and kept: another list of packages is another tree. */
function debianTree(): string {
  const key = createHash('sha256')
    .update([suite, ...packages].join())
    .digest('hex')
    .slice(0, 12);
  const tree = join(cache, `debian-${suite}-${key}`);
  if (existsSync(tree)) return tree;
  const unfinished = `${tree}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  const options = ['--variant=minbase', `--include=${packages.join()}`];
  execFileSync('debootstrap', [...options, suite, unfinished], { stdio: 'ignore' });
  renameSync(unfinished, tree);
  return tree;
}

/** Process 1 of the machine, as this one numbers it; null before there is one. */
function leaderOf({ pid }: ChildProcess): number | null {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return children === '' ? null : Number(children.split(' ')[0]);
}

const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

function inside(
  leader: number | null,
  program: string,
  args: readonly string[],
  input: string,
): Promise<Result> {
  const environment = [
    `PATH=${path}`,
    'HOME=/root',
    'LANG=C.UTF-8',
    'DEBIAN_FRONTEND=noninteractive',
  ];
  const command = ['-t', String(leader), '-a', '--', 'env', '-i', ...environment, program, ...args];
  return new Promise((resolve, reject) => {
    const child = spawn('nsenter', command, { stdio: ['pipe', 'pipe', 'pipe'] });
    let out = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        out += text;
      });
    }
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, out }));
    child.stdin.once('error', () => {}).end(input);
  });
}

async function pollUntil(
  what: string,
  fits: () => Promise<boolean>,
  withinMs = 30_000,
): Promise<void> {
  const begun = performance.now();
  while (!(await fits())) {
    if (performance.now() - begun > withinMs) throw new Error(`not within ${withinMs} ms: ${what}`);
    await sleep(50);
  }
}
