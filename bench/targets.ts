import { METRICS, type Metric } from './measured.ts';
import { figure, type Results } from './results.ts';
import { connections, roundTripMs } from './scenarios/distance.ts';

/** Something that was promised of a figure or of the share between two. */
export interface Target {
  readonly what: string;
  /** Whose results it is about. */
  readonly scenario: string;
  /** The least a target asks for must have been done; a quick run may not count. */
  readonly leastSize?: number;
  readonly bound: { readonly atLeast: number } | { readonly atMost: number };
  readonly unit: string;
  /** The document that says where the time goes, for when it is missed. */
  readonly profile?: string;
  /** From the medians; null when something is missing. */
  value(results: Results): number | null;
}

const profile = 'docs/decisions/025-where-a-message-spends-its-time.md';

type Judged = Pick<Target, 'bound' | 'leastSize' | 'profile'>;
type Place = readonly [scenario: string, subject: string, metric: Metric];

const atLeast = (bound: number, leastSize = 0): Judged => ({
  bound: { atLeast: bound },
  leastSize,
});
const atMost = (bound: number, leastSize = 0): Judged => ({ bound: { atMost: bound }, leastSize });

const share = (what: string, above: Place, below: Place, judged: Judged): Target => ({
  ...{ what, scenario: above[0], unit: 'x', ...judged },
  value: (results) => {
    const [over, under] = [figure(results, above), figure(results, below)];
    return over === null || under === null ? null : over.median / under.median;
  },
});

const against = (
  peer: string,
  what: string,
  [scenario, metric]: readonly [string, Metric],
  judged: Judged,
): Target =>
  share(what, [scenario, 'relayd', metric], [scenario, peer, metric], { profile, ...judged });

const plain = (what: string, place: Place, judged: Judged): Target => ({
  ...{ what, scenario: place[0], unit: METRICS[place[2]].unit, ...judged },
  value: (results) => figure(results, place)?.median ?? null,
});

const million = 1_000_000;

/** What was asked for, in the order in which it was asked. */
export const TARGETS: readonly Target[] = [
  against(
    'postfix',
    'end to end, one message per session: of tuned Postfix',
    ['single', 'rate'],
    atLeast(4),
  ),
  against('postfix', 'end to end, sessions held: of tuned Postfix', ['held', 'rate'], atLeast(6)),
  against(
    'postfix',
    'CPU per message, one per session: of tuned Postfix',
    ['single', 'cpu'],
    atMost(0.2),
  ),
  against(
    'postfix',
    'CPU per message, sessions held: of tuned Postfix',
    ['held', 'cpu'],
    atMost(0.2),
  ),
  against('exim', 'end to end, one message per session: of Exim', ['single', 'rate'], atLeast(12)),
  against('exim', 'end to end, sessions held: of Exim', ['held', 'rate'], atLeast(12)),
  against('exim', 'CPU per message, one per session: of Exim', ['single', 'cpu'], atMost(0.05)),
  against('exim', 'CPU per message, sessions held: of Exim', ['held', 'cpu'], atMost(0.05)),
  against(
    'postfix',
    'accept, one client in sequence, p50: of Postfix',
    ['sequential', 'p50'],
    atMost(1),
  ),
  against('postfix', 'accept at 50 sessions, p99: of Postfix', ['fifty', 'p99'], atMost(0.5)),
  against('postfix', '1 MiB messages, end to end: of Postfix', ['size-1m', 'rate'], atLeast(1)),
  against('postfix', 'TLS on both sides, sessions held: of Postfix', ['tls', 'rate'], atLeast(3)),
  against(
    'postfix',
    'TLS on both sides, one message per session: of Postfix',
    ['tls-single', 'rate'],
    atLeast(3),
  ),
  share(
    '1,000,000 waiting, accept: of the empty queue',
    ['long-queue', 'waiting', 'accepted'],
    ['long-queue', 'empty', 'accepted'],
    atLeast(0.9, million),
  ),
  share(
    '1,000,000 waiting, end to end: of the empty queue',
    ['long-queue', 'waiting', 'rate'],
    ['long-queue', 'empty', 'rate'],
    atLeast(0.9, million),
  ),
  {
    what: '1,000,000 waiting, RSS more than with the empty queue',
    ...{ scenario: 'long-queue', unit: 'MiB', ...atMost(50, million) },
    value: (results) => {
      const full = figure(results, ['long-queue', 'waiting', 'rss']);
      const empty = figure(results, ['long-queue', 'empty', 'rss']);
      return full === null || empty === null ? null : full.median - empty.median;
    },
  },
  plain('1,000,000 waiting, start-up', ['long-queue', 'waiting', 'start'], atMost(3, million)),
  share(
    '80 accounts while 20 are down: of their rate while none is (95 % counts as full)',
    ['mixed', '20 down', 'rate'],
    ['mixed', 'all up', 'rate'],
    atLeast(0.95),
  ),
  plain(
    `${connections} connections, ${roundTripMs} ms away: messages per second of one account`,
    ['distance', 'relayd', 'rate'],
    { profile, ...atLeast(Math.round(connections / (2.2 * (roundTripMs / 1000)))) },
  ),
  plain('100,000 waiting: PSS', ['waiting', 'relayd', 'pss'], atMost(200, 100_000)),
  plain('100 clients with 20 MiB each, peak RSS', ['large', 'relayd', 'peak'], atMost(350, 100)),
  plain('slow readers and stalls: RSS growth in 20 s', ['stalls', 'relayd', 'growth'], atMost(10)),
  plain(
    'soak of 1,000,000 messages: RSS growth after warm-up (10 MiB count as none)',
    ['soak', 'relayd', 'growth'],
    atMost(10, million),
  ),
];

export type Verdict = 'met' | 'MISSED' | 'not measured' | 'too small a run';

export interface Judgement {
  readonly value: number | null;
  readonly verdict: Verdict;
}

export function judge(target: Target, results: Results): Judgement {
  const value = target.value(results);
  if (value === null) return { value, verdict: 'not measured' };
  if ((results[target.scenario]?.size ?? 0) < (target.leastSize ?? 0)) {
    return { value, verdict: 'too small a run' };
  }
  const { bound } = target;
  const met = 'atLeast' in bound ? value >= bound.atLeast : value <= bound.atMost;
  return { value, verdict: met ? 'met' : 'MISSED' };
}
