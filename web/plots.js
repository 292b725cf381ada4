import { makeSeries } from './series.js';
import uPlot from './uplot.js';

/**
 * @typedef {object} Line
 * @property {string} column
 * @property {string} label
 * @property {string} colour Name of a custom property in dashboard.css.
 * @property {number[]} [dash] Lines differ in their pattern too, not in colour alone.
 * @property {boolean} [filled]
 */

/** @type {Readonly<Record<string, { lines: readonly Line[], format: (value: number) => string }>>} */
const kinds = {
  throughput: {
    lines: [
      { column: 'delivered', label: 'delivered', colour: '--plot-main', filled: true },
      { column: 'accepted', label: 'accepted', colour: '--plot-second', dash: [5, 3] },
      { column: 'deferred', label: 'deferred', colour: '--plot-warn' },
      { column: 'failed', label: 'bounced', colour: '--plot-bad', dash: [2, 2] },
    ],
    format: count,
  },
  delay: {
    lines: [
      { column: 'delayP99Ms', label: 'p99', colour: '--plot-second', dash: [5, 3] },
      { column: 'delayP50Ms', label: 'median', colour: '--plot-main', filled: true },
    ],
    format: duration,
  },
  waiting: {
    lines: [{ column: 'waiting', label: 'waiting', colour: '--plot-main', filled: true }],
    format: count,
  },
};

const spans = {
  hour: { minutes: 60, stepMinutes: 1 },
  day: { minutes: 24 * 60, stepMinutes: 10 },
};
const heightPx = 148;

/**
 * Fills the figures of the section and makes its buttons work.
 * @param {HTMLElement} section
 */
export async function drawPlots(section) {
  const series = makeSeries(await (await fetch('/series')).json());
  const figures = /** @type {HTMLElement[]} */ ([...section.querySelectorAll('[data-plot]')]);
  const buttons = /** @type {HTMLElement[]} */ ([...section.querySelectorAll('[data-range]')]);
  /** @type {keyof typeof spans} */
  let span = 'hour';
  /** @type {(() => void)[]} */
  let refreshes = [];

  const draw = () => {
    for (const figure of figures) figure.querySelector('.canvas')?.replaceChildren();
    refreshes = figures.map((figure) => plotIn(figure, (names) => series.view(names, spans[span])));
  };
  for (const button of buttons) {
    button.addEventListener('click', () => {
      span = button.dataset.range === 'day' ? 'day' : 'hour';
      for (const each of buttons) each.setAttribute('aria-pressed', String(each === button));
      for (const refresh of refreshes) refresh();
    });
  }
  for (const hidden of section.querySelectorAll('[hidden]')) hidden.removeAttribute('hidden');
  // Canvases take their colours when they are made.
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
  draw();
  return {
    /** @param {import('./series.js').Row} minute */
    add(minute) {
      series.add(minute);
      for (const refresh of refreshes) refresh();
    },
  };
}

/**
 * @param {HTMLElement} figure
 * @param {(columns: readonly string[]) => [number[], ...(number | null)[][]]} read
 * @returns {() => void} Shows what is true now.
 */
function plotIn(figure, read) {
  const kind = kinds[figure.dataset.plot ?? ''];
  const canvas = /** @type {HTMLElement | null} */ (figure.querySelector('.canvas'));
  if (kind === undefined || canvas === null) return () => undefined;
  const columns = kind.lines.map(({ column }) => column);
  const plot = new uPlot(options(kind, canvas.clientWidth), read(columns), canvas);
  canvas.setAttribute('role', 'img');
  new ResizeObserver(() => {
    if (plot.root.isConnected) plot.setSize({ width: canvas.clientWidth, height: heightPx });
  }).observe(canvas);
  const describe = () => {
    const last = kind.lines.map(({ label }, index) => {
      const value = plot.data[index + 1]?.at(-1);
      return `${label} ${value == null ? 'nothing' : kind.format(value)}`;
    });
    canvas.setAttribute('aria-label', `${figure.dataset.plot} now: ${last.join(', ')}`);
  };
  describe();
  return () => {
    plot.setData(read(columns));
    describe();
  };
}

/**
 * @param {(typeof kinds)[string]} kind
 * @param {number} width
 * @returns {uPlot.Options}
 */
function options({ lines, format }, width) {
  const style = getComputedStyle(document.documentElement);
  const colour = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
  const axis = {
    stroke: colour('--ink-soft'),
    font: `11px ${style.fontFamily}`,
    grid: { stroke: colour('--line-soft'), width: 1 },
    ticks: { show: false },
  };
  return {
    width,
    height: heightPx,
    padding: [8, 14, 0, 0],
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
    legend: { live: true, markers: { width: 2 } },
    scales: { y: { range: (_plot, _least, most) => [0, Math.max(1, most * 1.15)] } },
    axes: [
      { ...axis, size: 22, gap: 4, space: 60, values: (_plot, times) => times.map(clock) },
      { ...axis, size: 46, gap: 6, space: 36, values: (_plot, ticks) => ticks.map(format) },
    ],
    series: [
      { label: 'at', value: (_plot, time) => (time === null ? 'now' : clock(time)) },
      ...lines.map((line) => ({
        label: line.label,
        stroke: colour(line.colour),
        width: 1.5,
        points: { show: false },
        // Without a pointer over it the legend says the latest.
        value: (
          /** @type {uPlot} */ plot,
          /** @type {number | null} */ under,
          /** @type {number} */ index,
        ) => {
          const value = plot.cursor.idx == null ? plot.data[index]?.at(-1) : under;
          return value == null ? '–' : format(value);
        },
        ...(line.dash && { dash: line.dash }),
        ...(line.filled && { fill: colour('--plot-fill') }),
      })),
    ],
  };
}

const two = (/** @type {number} */ value) => String(value).padStart(2, '0');

/** @param {number} seconds Unix time. */
function clock(seconds) {
  const date = new Date(seconds * 1000);
  return `${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** @param {number} value */
function count(value) {
  if (value >= 1_000_000) return `${+(value / 1_000_000).toFixed(1)} M`;
  if (value >= 10_000) return `${+(value / 1000).toFixed(0)} k`;
  return value >= 10 || Number.isInteger(value) ? String(Math.round(value)) : value.toFixed(1);
}

/** @param {number} ms */
function duration(ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${+(ms / 1000).toFixed(1)} s`;
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`;
  return `${+(ms / 3_600_000).toFixed(1)} h`;
}
