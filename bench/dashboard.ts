/**
 * `node bench/dashboard.ts [--messages N]`: how long the dashboard's pages take with a long queue, and
 * how late the daemon's event loop gets while one of them is open and live.
 */
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { get, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startDaemon } from '../test/support/daemon.ts';
import { configOfFill, fillQueue } from './fill-queue.ts';

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '1000000' },
    built: { type: 'boolean', default: false },
  },
});
const rounds = 15;
/** Somebody has the overview open for so long, and a page is loaded every second. */
const watchedMs = 60_000;

const PAGES = [
  '/',
  '/queue',
  '/queue?account=account7',
  '/queue?state=held',
  '/queue?reason=throttled',
  '/search?q=%40d17.example',
];

async function read(base: string, path: string): Promise<{ tookMs: number; bytes: number }> {
  const startedMs = performance.now();
  const text = await (await fetch(base + path)).text();
  return { tookMs: performance.now() - startedMs, bytes: text.length };
}

/** Keeps the news coming. Gives how many frames came. */
async function watch(base: string, until: AbortSignal): Promise<number> {
  const opened = Promise.withResolvers<IncomingMessage>();
  const request = get(`${base}/events`, { agent: false }, opened.resolve);
  const response = await opened.promise;
  let frames = 0;
  response.setEncoding('utf8').on('data', (text: string) => {
    frames += text.split('event: snapshot').length - 1;
  });
  const over = Promise.withResolvers<void>();
  until.addEventListener('abort', () => over.resolve());
  await over.promise;
  request.destroy();
  return frames;
}

/** How late a timer of the daemon fired since it was asked last; being asked makes it look again. */
async function lagMs(base: string): Promise<number> {
  const text = await (await fetch(`${base}/metrics`)).text();
  const found = /^relayd_event_loop_lag_seconds\{statistic="max"\} (\S+)$/m.exec(text);
  return Number(found?.[1] ?? Number.NaN) * 1_000;
}

/** Of numbers in rising order. */
const share = (sorted: readonly number[], part: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;

const ms = (value: number): string => `${Math.round(value)} ms`;

const directory = mkdtempSync(join(tmpdir(), 'relayd-dashboard-'));
try {
  fillQueue(join(directory, 'queue'), Number(values.messages), Date.now());
  const daemon = await startDaemon({
    ...(values.built && { from: 'built' as const }),
    directory,
    config: configOfFill(),
  });
  try {
    const base = `http://127.0.0.1:${daemon.observePort}`;
    const first = await read(base, '/');
    console.log(`first answer of / after the start: ${ms(first.tookMs)}, ${first.bytes} bytes\n`);
    console.log('| page | median | slowest | bytes |\n| --- | --- | --- | --- |');
    for (const page of PAGES) {
      const all: { tookMs: number; bytes: number }[] = [];
      for (let round = 0; round < rounds; round++) {
        all.push(await read(base, page));
        // Longer than an answer is kept.
        await pause(550);
      }
      const times = all.map(({ tookMs }) => tookMs).sort((a, b) => a - b);
      const cells = [page, ms(times[rounds >> 1] ?? 0), ms(times.at(-1) ?? 0), all[0]?.bytes];
      console.log(`| ${cells.join(' | ')} |`);
    }
    const over = new AbortController();
    const frames = watch(base, over.signal);
    const endMs = performance.now() + watchedMs;
    const open: number[] = [];
    const lags: number[] = [];
    for (let turn = 0; performance.now() < endMs; turn++) {
      await pause(100);
      lags.push(await lagMs(base));
      if (turn % 10 === 0) open.push((await read(base, turn % 20 === 0 ? '/' : '/queue')).tookMs);
    }
    over.abort();
    const [slow, late] = [open, lags].map((all) => all.toSorted((x, y) => x - y));
    console.log(`\nopen for ${watchedMs / 1000} s: ${await frames} frames of news`);
    console.log(
      `pages meanwhile: median ${ms(share(slow ?? [], 0.5))}, slowest ${ms(slow?.at(-1) ?? 0)}`,
    );
    const [p50, p99] = [share(late ?? [], 0.5), share(late ?? [], 0.99)];
    console.log(
      `event loop lag (${lags.length} looks): p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`,
    );
  } finally {
    await daemon.close();
  }
} finally {
  await rm(directory, { recursive: true, force: true });
}
