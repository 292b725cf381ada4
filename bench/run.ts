/**
 * `npm run bench [-- --quick]`: relayd and Postfix side by side, written to bench/results.md.
 * Needs root and Debian's postfix package (scripts/install-peers), and bin/relayd built.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Sink, startSink } from './load.ts';
import { machineFacts } from './machine.ts';
import type { Peer } from './peers/peer.ts';
import { postfix } from './peers/postfix.ts';
import { relayd } from './peers/relayd.ts';
import { quiet } from './quiet.ts';
import { type Bound, type Figure, report, type Target } from './report.ts';
import { backlog } from './scenarios/backlog.ts';
import { distance } from './scenarios/distance.ts';
import { type Latency, latency } from './scenarios/latency.ts';
import { memory } from './scenarios/memory.ts';
import { type Throughput, throughput } from './scenarios/throughput.ts';

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });
const size = values.quick
  ? {
      rounds: 1,
      messages: 1_500,
      sequential: 200,
      warmUp: 500,
      waiting: 5_000,
      clients: 20,
      far: 400,
    }
  : {
      rounds: 3,
      messages: 10_000,
      sequential: 1_000,
      warmUp: 2_000,
      waiting: 100_000,
      clients: 100,
      far: 4_000,
    };

interface Pair {
  readonly relayd: Peer;
  readonly postfix: Peer;
  /** Each has its own, so that a late message of one is not counted for the other. */
  readonly sinks: { readonly relayd: Sink; readonly postfix: Sink };
}

const names = ['relayd', 'postfix'] as const;

/** Both in turn, round after round, each when both are at rest. */
async function interleaved<T>(
  pair: Pair,
  what: string,
  run: (peer: Peer, sink: Sink) => Promise<T>,
): Promise<Record<(typeof names)[number], T[]>> {
  const results: Record<(typeof names)[number], T[]> = { relayd: [], postfix: [] };
  for (let round = 1; round <= size.rounds; round++) {
    for (const name of names) {
      await quiet([pair.relayd.pid, pair.postfix.pid]);
      console.error(`${what}, round ${round} of ${size.rounds}: ${name}`);
      results[name].push(await run(pair[name], pair.sinks[name]));
    }
  }
  return results;
}

async function throughputFigures(pair: Pair, held: boolean, rate: Target): Promise<Figure[]> {
  const how = held ? 'sessions held' : 'one message per session';
  const rounds = await interleaved(pair, how, (peer, sink) =>
    throughput(peer, sink, { messages: size.messages, held }),
  );
  const figure = (
    of: (result: Throughput) => number,
    row: Pick<Figure, 'what' | 'unit' | 'target'>,
  ): Figure => ({ ...row, relayd: rounds.relayd.map(of), postfix: rounds.postfix.map(of) });
  return [
    figure((result) => result.perSecond, { what: `end to end, ${how}`, unit: '/s', target: rate }),
    figure((result) => result.acceptedPerSecond, { what: 'accepted', unit: '/s', target: null }),
    figure((result) => result.cpuSecondsPer1000, {
      what: 'CPU per 1000 messages',
      unit: 's',
      target: { atMost: 0.2 },
    }),
    figure((result) => result.peakBytes / 1024 ** 2, {
      what: 'peak memory (PSS)',
      unit: 'MiB',
      target: null,
    }),
  ];
}

async function latencyFigures(pair: Pair): Promise<Figure[]> {
  const rounds = await interleaved(pair, 'accept latency', (peer) =>
    latency(peer, size.sequential),
  );
  const figure = (key: keyof Latency, what: string, target: Target | null): Figure => ({
    what,
    unit: 'ms',
    target,
    relayd: rounds.relayd.map((result) => result[key]),
    postfix: rounds.postfix.map((result) => result[key]),
  });
  return [
    figure('p50Ms', 'accept, one client in sequence, p50', { atMost: 1 }),
    figure('p99Ms', 'accept, one client in sequence, p99', null),
  ];
}

async function compare(): Promise<Figure[]> {
  const opened = new AsyncDisposableStack();
  const keep = <T extends { close(): Promise<void> }>(part: T): T =>
    opened.adopt(part, () => part.close());
  try {
    const sinks = { relayd: keep(await startSink()), postfix: keep(await startSink()) };
    const pair: Pair = {
      sinks,
      relayd: keep(await relayd.start(sinks.relayd.port)),
      postfix: keep(await postfix.start(sinks.postfix.port)),
    };
    for (const name of names) {
      await throughput(pair[name], sinks[name], { messages: size.warmUp, held: true });
    }
    return [
      ...(await throughputFigures(pair, false, { atLeast: 4 })),
      ...(await throughputFigures(pair, true, { atLeast: 6 })),
      ...(await latencyFigures(pair)),
    ];
  } finally {
    await opened.disposeAsync();
  }
}

async function backlogBounds(): Promise<Bound[]> {
  console.error(`${size.waiting} waiting messages`);
  const sink = await startSink();
  try {
    const result = await backlog(sink.port, size.waiting);
    return [
      {
        what: `memory (RSS) with ${result.messages} waiting messages`,
        unit: 'MiB',
        value: result.residentBytes / 1024 ** 2,
        atMost: 200,
      },
      {
        what: 'accepted into the backlog',
        unit: '/s',
        value: result.acceptedPerSecond,
        atMost: null,
      },
    ];
  } finally {
    await sink.close();
  }
}

async function largeBounds(): Promise<Bound[]> {
  const messageMib = 20;
  console.error(`${size.clients} clients with ${messageMib} MiB each`);
  const sink = await startSink();
  try {
    const bytes = await memory(sink.port, { clients: size.clients, messageMib });
    const what = `peak memory (RSS), ${size.clients} clients sending ${messageMib} MiB each at once`;
    return [{ what, unit: 'MiB', value: bytes / 1024 ** 2, atMost: 350 }];
  } finally {
    await sink.close();
  }
}

async function farBounds(): Promise<Bound[]> {
  console.error('an upstream that is 50 ms away');
  const sink = await startSink();
  try {
    const { perSecond, roundTrips } = await distance(sink, size.far);
    return [
      { what: 'upstream 50 ms away, 20 connections', unit: '/s', value: perSecond, atMost: null },
      { what: 'its round trips per message', unit: '', value: roundTrips, atMost: 2.2 },
    ];
  } finally {
    await sink.close();
  }
}

const figures = await compare();
const alone = [await backlogBounds(), await largeBounds(), await farBounds()].flat();
const text = report(machineFacts(), figures, alone);
if (!values.quick) writeFileSync(join(import.meta.dirname, 'results.md'), text);
process.stdout.write(text);
