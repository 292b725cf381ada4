/**
 * `node bench/long-queue.ts [--messages N]`: how long relayctl takes with a long queue, and how much
 * memory. Needs `npm run build` before.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startDaemon } from '../test/support/daemon.ts';
import { configOfFill, fillQueue } from './fill-queue.ts';

const { values } = parseArgs({ options: { messages: { type: 'string', default: '1000000' } } });
const relayctl = join(import.meta.dirname, '../bin/relayctl');
const rounds = 5;

const COMMANDS = [
  'queue list',
  'queue stats',
  'queue stats --by account,reason',
  'queue stats --by recipient-domain',
  'queue show ID',
  'queue list --sort size',
  'queue list --reason quota',
  'queue list --recipient nobody@nowhere.example',
  'queue remove --all --dry-run',
  'queue flush --plan',
];

interface Ran {
  readonly tookMs: number;
  readonly memoryBytes: number;
  readonly out: string;
}

async function run(args: readonly string[]): Promise<Ran> {
  const startedMs = performance.now();
  const child = spawn(relayctl, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let [out, memoryBytes] = ['', 0];
  child.stdout.on('data', (chunk: Buffer) => {
    if (out.length < 1_000) out += chunk.toString();
  });
  const ended = once(child, 'close');
  while (child.exitCode === null) {
    memoryBytes = Math.max(memoryBytes, peakOf(child.pid ?? 0));
    await pause(2);
  }
  await ended;
  if (child.exitCode !== 0) throw new Error(`relayctl ${args.join(' ')}: exit ${child.exitCode}`);
  return { tookMs: performance.now() - startedMs, memoryBytes, out };
}

/** The launcher becomes the program: its process is the one to look at. */
function peakOf(pid: number): number {
  try {
    const peak = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return Number(peak?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

const directory = mkdtempSync(join(tmpdir(), 'relayd-long-queue-'));
try {
  fillQueue(join(directory, 'queue'), Number(values.messages), Date.now());
  const daemon = await startDaemon({
    from: 'built',
    directory,
    config: configOfFill(),
  });
  try {
    const config = ['--config', daemon.configFile];
    const id = (await run([...config, 'queue', 'list', '--ids', '--limit', '1'])).out.trim();
    console.log('| command | median | slowest | memory |\n| --- | --- | --- | --- |');
    for (const command of COMMANDS) {
      const args = [...config, ...command.replace('ID', id).split(' ')];
      const all: Ran[] = [];
      for (let round = 0; round < rounds; round++) all.push(await run(args));
      const times = all.map(({ tookMs }) => Math.round(tookMs)).sort((a, b) => a - b);
      const memory = Math.max(...all.map(({ memoryBytes }) => memoryBytes));
      const cells = [command, `${times[2]} ms`, `${times.at(-1)} ms`];
      console.log(`| ${cells.join(' | ')} | ${Math.round(memory / 2 ** 20)} MiB |`);
    }
  } finally {
    await daemon.close();
  }
} finally {
  await rm(directory, { recursive: true, force: true });
}
