/*
 * npm run fuzz -- [TARGET...] [--seconds 60] [--seed N]
 *
 * Every target in a process of its own, at the same time. Each goes through rounds of random inputs;
 * its memory is measured between them, and who is silent for a minute hangs.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { round } from './round.ts';
import { TARGETS } from './targets.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
  },
});
const seconds = Number(values.seconds);
const seed = Number(values.seed);
const unknown = positionals.filter((name) => TARGETS[name] === undefined);
if (unknown.length > 0 || !(seconds > 0) || !Number.isSafeInteger(seed)) {
  console.error(
    `usage: npm run fuzz -- [${Object.keys(TARGETS).join('|')}] [--seconds N] [--seed N]`,
  );
  process.exit(64);
}

const silentMsMax = 60_000;
/** Caches fill and functions get compiled at first; what grows by more after that is a leak. */
const growthBytesMax = 24 * 1024 * 1024;

const heapBytes = (): number => {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

async function child(name: string): Promise<void> {
  const target = TARGETS[name];
  if (target === undefined) throw new Error(`no target ${name}`);
  const open = await target.open();
  const endMs = Date.now() + seconds * 1_000;
  const heaps: number[] = [];
  let count = 0;
  for (let number = 0; Date.now() < endMs; number += 1) {
    process.send?.({ round: number });
    count += await round(name, { target, open }, seed + number);
    heaps.push(heapBytes());
  }
  await open.close();
  const warm = heaps[Math.floor(heaps.length / 3)] ?? 0;
  const grown = Math.min(...heaps.slice(-3)) - warm;
  const mib = (grown / 1024 / 1024).toFixed(1);
  console.log(`${name}: ${count} inputs from seed ${seed}, ${mib} MiB more in memory`);
  if (grown > growthBytesMax) throw new Error(`${name}: memory grew by ${mib} MiB`);
}

/** Resolves to whether the target held. */
async function watched(name: string): Promise<boolean> {
  const args = [name, '--seconds', String(seconds), '--seed', String(seed)];
  const env = { ...process.env, FUZZ_CHILD: '1' };
  const running: ChildProcess = fork(import.meta.filename, args, {
    env,
    execArgv: ['--expose-gc', '--disable-warning=ExperimentalWarning'],
  });
  let last = 0;
  let timer: NodeJS.Timeout | undefined;
  const listen = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      console.error(`${name}: hangs; repeat with: npm run fuzz -- ${name} --seed ${seed + last}`);
      running.kill('SIGKILL');
    }, silentMsMax);
  };
  listen();
  running.on('message', (message: { readonly round: number }) => {
    last = message.round;
    listen();
  });
  const [code, signal] = await once(running, 'exit');
  clearTimeout(timer);
  if (code !== 0) console.error(`${name}: FAILED (${signal ?? code}), seed ${seed}, round ${last}`);
  return code === 0;
}

if (process.env.FUZZ_CHILD === '1') {
  await child(positionals[0] ?? '');
  process.disconnect?.();
} else {
  const names = positionals.length > 0 ? positionals : Object.keys(TARGETS);
  const held = await Promise.all(names.map(watched));
  process.exitCode = held.every(Boolean) ? 0 : 1;
}
