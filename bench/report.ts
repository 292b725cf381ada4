import type { Scenario } from './matrix.ts';
import { METRICS, type Metric } from './measured.ts';
import { PEERS } from './peers/peers.ts';
import { figure, type Result, type Results } from './results.ts';
import type { Spread } from './statistics.ts';
import { judge, type Target } from './targets.ts';

/** bench/results.md: every target first, then what each scenario measured. */
export function report(
  results: Results,
  scenarios: readonly Scenario[],
  targets: readonly Target[],
): string {
  const measured = scenarios.filter(({ name }) => results[name] !== undefined);
  return [
    '# relayd beside other mail servers on one machine',
    '',
    'Written by `npm run bench` from `bench/results.json`. Every server relays all it takes to a sink of its own, with',
    'fsync before 250, from a directory of its own. Peers and relayd take turns, round after round: medians, least and most',
    'in brackets. Ratios within one run hold, absolute rates belong to the machine. Load is smtp-source, or the',
    "bench's own client (`bench/load/client-main.ts`) where AUTH, TLS, many senders or times are asked for, the same for every peer;",
    'upstream is smtp-sink, or `bench/load/sink-main.ts` where it has to speak TLS. What each peer is like: `bench/peers/`.',
    '',
    '## Targets',
    '',
    '| | wanted | measured | | of |',
    '| --- | --- | --- | --- | --- |',
    ...targets.map((target) => targetRow(target, results)),
    '',
    ...measured.flatMap((scenario) => section(scenario, results)),
    '## Machines',
    '',
    ...machines(results),
    '',
  ].join('\n');
}

function targetRow(target: Target, results: Results): string {
  const { value, verdict } = judge(target, results);
  const { bound, unit, what, scenario, profile } = target;
  const wanted = 'atLeast' in bound ? `>= ${bound.atLeast}` : `<= ${bound.atMost}`;
  const result = results[scenario];
  const cells = [
    what,
    withUnit(wanted, unit),
    value === null ? '' : withUnit(round(value), unit),
    verdict === 'MISSED' && profile !== undefined ? `MISSED ([why](../${profile}))` : verdict,
    result === undefined || value === null ? '' : origin(result),
  ];
  return `| ${cells.join(' | ')} |`;
}

/** Subjects are lines, metrics are columns. */
function section({ name, title, size }: Scenario, results: Results): string[] {
  const result = results[name];
  if (result === undefined) return [];
  const subjects = Object.keys(result.measured);
  const measured = (Object.keys(METRICS) as Metric[]).filter((metric) =>
    subjects.some((subject) => figure(results, [name, subject, metric]) !== null),
  );
  const titles = measured.map((metric) => {
    const { title: words, unit } = METRICS[metric];
    return unit === '' ? words : `${words}, ${unit}`;
  });
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    `## ${title}`,
    '',
    `\`--only ${name}\`, ${origin(result)}, size ${result.size.toLocaleString('en')}${
      result.size < size ? ` of ${size.toLocaleString('en')}` : ''
    }, ${roundsOf(result)}`,
    '',
    line(['', ...titles]),
    line(['---', ...titles.map(() => '---')]),
    ...subjects.map((subject) =>
      line([
        titleOf(subject),
        ...measured.map((metric) => formatSpread(figure(results, [name, subject, metric]))),
      ]),
    ),
    '',
    ...result.failures.flatMap((failure) => [`Failed: ${failure}`, '']),
  ];
}

/** Of the first subject: what is measured once at the end is no round. */
function roundsOf({ measured }: Result): string {
  const rounds = Object.values(measured)[0]?.length ?? 0;
  return rounds === 1 ? '1 round' : `${rounds} rounds`;
}

/** Each once, with what was measured on it. */
function machines(results: Results): string[] {
  const byFacts = Map.groupBy(Object.entries(results), ([, { machine }]) => machine.join('; '));
  return [...byFacts].map(
    ([facts, scenarios]) => `- ${facts}: ${scenarios.map(([name]) => name).join(', ')}`,
  );
}

const titleOf = (subject: string): string =>
  Object.entries(PEERS).find(([name]) => name === subject)?.[1].title ?? subject;

const origin = ({ at, commit }: Result): string =>
  `${at.slice(0, 16).replace('T', ' ')}, ${commit}`;

const withUnit = (text: string, unit: string): string => (unit === '' ? text : `${text} ${unit}`);

const formatSpread = (found: Spread | null): string => {
  if (found === null) return '';
  const { median, min, max } = found;
  return min === max ? round(median) : `${round(median)} (${round(min)}-${round(max)})`;
};

/** Three digits that matter. */
const round = (value: number): string =>
  Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
