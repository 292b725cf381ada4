/**
 * The bench's own load, a process beside whom it loads: what smtp-source cannot do (AUTH, STARTTLS, many senders,
 * the time of each message). Takes a `ClientLoad` as JSON and says a `ClientReport` as JSON.
 */
import { percentile } from '../statistics.ts';
import type { ClientLoad, ClientReport } from './load.ts';
import { openSession, type Session, type Target } from './session.ts';

const load = JSON.parse(process.argv[2] ?? '{}') as ClientLoad;
const target: Target = {
  port: load.port,
  login: load.secure ?? null,
};
const line = `${'x'.repeat(62)}\r\n`;
const body = `Subject: bench\r\n\r\n${line.repeat(Math.ceil(load.bytes / line.length))}`;
const timesMs: number[] = [];
let next = 0;

/** Many senders share the accounts evenly, in an order that is the same in every run. */
const reversePath = (number: number): string =>
  load.senders === undefined
    ? 'app@bench.test'
    : `app${number % load.senders.count}@d${number % load.senders.domains}.bench.test`;

async function client(): Promise<void> {
  let session: Session | null = null;
  while (next < load.messages) {
    const number = next++;
    const startMs = performance.now();
    session ??= await openSession(target);
    await session.send(reversePath(number), body);
    timesMs.push(performance.now() - startMs);
    if (load.held) continue;
    await session.quit();
    session = null;
  }
  await session?.quit();
}

const startMs = performance.now();
await Promise.all(Array.from({ length: load.sessions }, client));
const tookMs = performance.now() - startMs;
timesMs.sort((a, b) => a - b);
const report: ClientReport = {
  tookMs,
  p50Ms: percentile(timesMs, 0.5),
  p99Ms: percentile(timesMs, 0.99),
};
console.log(JSON.stringify(report));
