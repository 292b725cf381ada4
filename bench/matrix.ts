import type { Measured } from './measured.ts';
import type { PeerName } from './peers/peers.ts';
import { type Comparison, compare } from './scenarios/compared.ts';
import { distance } from './scenarios/distance.ts';
import { large } from './scenarios/large.ts';
import { longQueueCommands } from './scenarios/long-queue-commands.ts';
import { longQueueRates } from './scenarios/long-queue-rates.ts';
import { mixed } from './scenarios/mixed.ts';
import { soak } from './scenarios/soak.ts';
import { stalls } from './scenarios/stalls.ts';
import { waiting } from './scenarios/waiting.ts';

/** What one run of a scenario gave. */
export interface Outcome {
  readonly measured: Measured;
  /** Peers that failed, and how. */
  readonly failures: readonly string[];
}

export type Say = (line: string) => void;

export interface Scenario {
  readonly name: string;
  readonly title: string;
  /** How much of it is done, mostly messages. */
  readonly size: number;
  /** The same of a quick run; null: it has no part in one. */
  readonly quick: number | null;
  /** No part of a whole run either: it takes long, and is asked for by its name. */
  readonly byNameOnly?: true;
  run(size: number, rounds: number, say: Say): Promise<Outcome>;
}

const all: readonly PeerName[] = [
  'relayd',
  'postfix',
  'postfix-stock',
  'exim',
  'opensmtpd',
  'haraka',
];
const two: readonly PeerName[] = ['relayd', 'postfix'];
const three: readonly PeerName[] = [...two, 'exim'];

/** name, title, messages in a whole and in a quick run, peers; then what differs from 50 held sessions with 4 KiB. */
type Row = readonly [
  string,
  string,
  number,
  number | null,
  readonly PeerName[],
  (Partial<Comparison['shape']> & Pick<Comparison, 'secure'>)?,
];

const single = { held: false };
const timed = { byClient: true };

const COMPARISONS: readonly Row[] = [
  ['single', 'one message per session, 50 sessions', 10_000, 1_500, all, single],
  ['held', '50 sessions held', 10_000, 1_500, all],
  ['sequential', 'one client in sequence', 1_000, 250, all, { ...single, ...timed, sessions: 1 }],
  [
    'fifty',
    'times at 50 sessions, one message each',
    10_000,
    1_500,
    three,
    { ...single, ...timed },
  ],
  ['sessions-1', 'one session held', 2_000, null, two, { sessions: 1 }],
  ['sessions-10', '10 sessions held', 5_000, null, two, { sessions: 10 }],
  ['sessions-100', '100 sessions held', 10_000, null, two, { sessions: 100 }],
  ['size-100k', '100 KiB, 50 sessions held', 3_000, null, two, { bytes: 102_400 }],
  ['size-1m', '1 MiB, 50 sessions held', 600, 200, two, { bytes: 1_048_576 }],
  ['size-10m', '10 MiB, 10 sessions held', 60, null, two, { bytes: 10_485_760, sessions: 10 }],
  ['login', 'AUTH over STARTTLS, held', 10_000, null, three, { ...timed, secure: 'clients' }],
  [
    'tls',
    'AUTH and TLS on both sides, held',
    10_000,
    1_500,
    three,
    { ...timed, secure: 'both sides' },
  ],
  [
    'tls-single',
    'AUTH and TLS on both sides, one message per session',
    4_000,
    600,
    three,
    { ...single, ...timed, secure: 'both sides' },
  ],
];

const compared = ([name, title, size, quick, peers, differs = {}]: Row): Scenario => {
  const { secure, ...shape } = differs;
  return {
    ...{ name, title, size, quick },
    run: (messages, rounds, say) => {
      const whole = { sessions: 50, bytes: 4096, held: true, ...shape };
      return compare({ peers, messages, rounds, shape: whole, ...(secure && { secure }) }, say);
    },
  };
};

const alone = async (measuring: Promise<Measured>): Promise<Outcome> => ({
  measured: await measuring,
  failures: [],
});

export const MATRIX: readonly Scenario[] = [
  ...COMPARISONS.map(compared),
  {
    name: 'distance',
    title: 'upstream 50 ms away, 20 connections',
    ...{ size: 2_000, quick: 400 },
    run: (size, rounds) => alone(distance(size, rounds)),
  },
  {
    name: 'mixed',
    title: '1,000 senders over 100 accounts: the 80 whose upstreams always work',
    ...{ size: 10_000, quick: 2_000 },
    run: (size, rounds, say) => alone(mixed(size, rounds, say)),
  },
  {
    name: 'waiting',
    title: 'accepted while nothing may go on, then all may, 50 sessions held',
    ...{ size: 100_000, quick: 5_000 },
    run: (size) => alone(waiting(size)),
  },
  {
    name: 'long-queue',
    title: 'an empty queue and one where 1,000,000 messages wait, 50 sessions held',
    ...{ size: 1_000_000, quick: 100_000 },
    run: (size, rounds, say) => alone(longQueueRates(size, rounds, say)),
  },
  {
    name: 'long-queue-commands',
    title: 'relayctl with 1,000,000 messages in the queue',
    ...{ size: 1_000_000, quick: null },
    run: (size) => alone(longQueueCommands(size)),
  },
  {
    name: 'large',
    title: '100 clients send 20 MiB each at once',
    ...{ size: 100, quick: 20 },
    run: (size) => alone(large(size)),
  },
  {
    name: 'stalls',
    title: '100 clients stall in a body, 100 read no replies, an upstream reads slowly',
    ...{ size: 100, quick: 100 },
    run: (size) => alone(stalls(size)),
  },
  {
    name: 'soak',
    title: '1,000,000 messages one after the other',
    ...{ size: 1_000_000, quick: null, byNameOnly: true },
    run: (size, _rounds, say) => alone(soak(size, say)),
  },
];
