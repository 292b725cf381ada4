import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startDaemon } from '../../test/support/daemon.ts';
import { configOfFill, fillQueue } from '../fill-queue.ts';
import { type Measured, mib, type Values } from '../measured.ts';
import { peakResidentBytes } from '../process-tree.ts';
import { spread } from '../statistics.ts';

const relayctl = join(import.meta.dirname, '../../bin/relayctl');
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

/** How long relayctl takes with so many messages in the queue, and how much memory. */
export async function longQueueCommands(messages: number): Promise<Measured> {
  const directory = mkdtempSync(join(tmpdir(), 'bench-long-queue-'));
  try {
    fillQueue(join(directory, 'queue'), messages, Date.now());
    const daemon = await startDaemon({ from: 'built', directory, config: configOfFill() });
    try {
      const config = ['--config', daemon.configFile];
      const id = (await run([...config, 'queue', 'list', '--ids', '--limit', '1'])).out.trim();
      const measured: Record<string, Values[]> = {};
      for (const command of COMMANDS) {
        measured[command] = [await time([...config, ...command.replace('ID', id).split(' ')])];
      }
      return measured;
    } finally {
      await daemon.close();
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function time(args: readonly string[]): Promise<Values> {
  const all: Ran[] = [];
  for (let round = 0; round < rounds; round++) all.push(await run(args));
  const { median, max } = spread(all.map(({ tookMs }) => tookMs));
  const peak = spread(all.map(({ peakBytes }) => peakBytes)).max / mib;
  return { p50: median, slowest: max, peak };
}

interface Ran {
  readonly tookMs: number;
  readonly peakBytes: number;
  /** How the answer begins. */
  readonly out: string;
}

async function run(args: readonly string[]): Promise<Ran> {
  const startedMs = performance.now();
  const child = spawn(relayctl, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let [out, peakBytes] = ['', 0];
  child.stdout.on('data', (chunk: Buffer) => {
    if (out.length < 1_000) out += chunk.toString();
  });
  const ended = once(child, 'close');
  while (child.exitCode === null) {
    // The launcher becomes the program: its process is the one to look at.
    peakBytes = Math.max(peakBytes, peakResidentBytes(child.pid ?? 0));
    await pause(2);
  }
  await ended;
  if (child.exitCode !== 0) throw new Error(`relayctl ${args.join(' ')}: exit ${child.exitCode}`);
  return { tookMs: performance.now() - startedMs, peakBytes, out };
}
