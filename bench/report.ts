import { type Spread, spread } from './statistics.ts';

/** One figure of both peers, by round. */
export interface Figure {
  readonly what: string;
  readonly unit: string;
  readonly relayd: readonly number[];
  readonly postfix: readonly number[];
  /** What relayd's share of Postfix's figure has to be; null: only told. */
  readonly target: Target | null;
}

/** A figure of relayd alone, with its bound. */
export interface Bound {
  readonly what: string;
  readonly unit: string;
  readonly value: number;
  readonly atMost: number | null;
}

export type Target = { readonly atLeast: number } | { readonly atMost: number };

/** The tables of bench/results.md: medians, least and most in brackets. */
export function report(
  facts: readonly string[],
  figures: readonly Figure[],
  bounds: readonly Bound[],
) {
  return [
    '# relayd against Postfix on one machine',
    '',
    'Written by `npm run bench`: 4 KiB messages, fsync before 250, 50 sessions of smtp-source, upstream smtp-sink.',
    'Rounds of the two are interleaved; medians, least and most in brackets. Ratios within one run hold, absolute',
    'rates belong to the machine.',
    '',
    ...facts.map((fact) => `- ${fact}`),
    '',
    '| | relayd | Postfix | relayd / Postfix | wanted | |',
    '| --- | --- | --- | --- | --- | --- |',
    ...figures.map(figureRow),
    '',
    '| relayd alone | | wanted | |',
    '| --- | --- | --- | --- |',
    ...bounds.map(boundRow),
    '',
  ].join('\n');
}

function figureRow({ what, unit, target, ...rounds }: Figure): string {
  const own = spread(rounds.relayd);
  const other = spread(rounds.postfix);
  const ratio = own.median / other.median;
  const cells = [
    `${what}, ${unit}`,
    formatSpread(own),
    formatSpread(other),
    round(ratio),
    target === null ? '' : 'atLeast' in target ? `>= ${target.atLeast}` : `<= ${target.atMost}`,
    target === null ? '' : verdict(met(ratio, target)),
  ];
  return `| ${cells.join(' | ')} |`;
}

function boundRow({ what, unit, value, atMost }: Bound): string {
  const wanted = atMost === null ? '' : `<= ${atMost}`;
  const judged = atMost === null ? '' : verdict(value <= atMost);
  return `| ${what} | ${round(value)} ${unit} | ${wanted} | ${judged} |`;
}

const verdict = (good: boolean): string => (good ? 'met' : 'MISSED');

const met = (ratio: number, target: Target): boolean =>
  'atLeast' in target ? ratio >= target.atLeast : ratio <= target.atMost;

const formatSpread = ({ median, min, max }: Spread): string =>
  `${round(median)} (${round(min)}-${round(max)})`;

/** Three digits that matter. */
const round = (value: number): string =>
  value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
