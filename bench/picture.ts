import type { Metric } from './measured.ts';
import { PEERS } from './peers/peers.ts';
import { figure, type Results } from './results.ts';

interface Panel {
  readonly title: string;
  readonly scenario: string;
  readonly metric: Metric;
}

const PANELS: readonly Panel[] = [
  {
    title: 'Messages per second, end to end, sessions held',
    ...{ scenario: 'held', metric: 'rate' },
  },
  {
    title: 'Messages per second, end to end, one message per session',
    ...{ scenario: 'single', metric: 'rate' },
  },
  {
    title: 'Seconds of CPU per 1,000 messages, sessions held (less is better)',
    ...{ scenario: 'held', metric: 'cpu' },
  },
];

const width = 720;
const labelWidth = 120;
const valueWidth = 70;
const barHeight = 14;
const step = 20;
const titleHeight = 34;

/** No background of its own: it stands on the page's, light or dark. */
const STYLE = `text{font:12px sans-serif;fill:#24292f}.title{font-weight:600}
.peer{fill:#8c959f}.relayd{fill:#0969da}
@media (prefers-color-scheme:dark){text{fill:#e6edf3}.peer{fill:#6e7681}.relayd{fill:#4493f8}}`;

/** bench/results.svg: the medians of the peers as bars, one panel under the other. */
export function picture(results: Results): string {
  let y = 0;
  const drawn = PANELS.flatMap((panel) => {
    const bars = barsOf(panel, results);
    if (bars.length === 0) return [];
    const lines = draw(panel.title, bars, y);
    y += titleHeight + bars.length * step;
    return lines;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y + 10}" width="${width}" role="img">`,
    `<title>relayd beside other mail servers</title><style>${STYLE}</style>`,
    ...drawn,
    '</svg>',
    '',
  ].join('\n');
}

interface Bar {
  readonly peer: string;
  readonly title: string;
  readonly value: number;
}

function barsOf({ scenario, metric }: Panel, results: Results): Bar[] {
  return Object.entries(PEERS).flatMap(([peer, { title }]) => {
    const found = figure(results, [scenario, peer, metric]);
    return found === null ? [] : [{ peer, title, value: found.median }];
  });
}

function draw(title: string, bars: readonly Bar[], top: number): string[] {
  const scale = (width - labelWidth - valueWidth) / Math.max(...bars.map(({ value }) => value));
  return [
    `<text class="title" x="0" y="${top + 20}">${title}</text>`,
    ...bars.map((bar, index) => {
      const y = top + titleHeight + index * step;
      const length = Math.max(1, bar.value * scale).toFixed(0);
      const kind = bar.peer === 'relayd' ? 'relayd' : 'peer';
      const text = bar.value >= 100 ? bar.value.toFixed(0) : String(+bar.value.toPrecision(3));
      return [
        `<text x="${labelWidth - 8}" y="${y + 11}" text-anchor="end">${bar.title}</text>`,
        `<rect class="${kind}" x="${labelWidth}" y="${y}" width="${length}" height="${barHeight}"/>`,
        `<text x="${labelWidth + Number(length) + 6}" y="${y + 11}">${text}</text>`,
      ].join('');
    }),
  ];
}
