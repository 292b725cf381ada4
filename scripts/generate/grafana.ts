import { ACCOUNT_ROWS } from './grafana-account-rows.ts';
import { PROCESS, QUEUE } from './grafana-daemon-rows.ts';
import { FAILURES, FLOW, HEALTH } from './grafana-mail-rows.ts';
import type { Panel, Row } from './grafana-panel.ts';

const ROWS = [HEALTH, FLOW, ...ACCOUNT_ROWS, FAILURES, QUEUE, PROCESS];
const DATASOURCE = { type: 'prometheus', uid: '$datasource' };
const MATCHERS: Readonly<Record<string, string>> = {
  instance: 'instance=~"$instance"',
  account: 'instance=~"$instance",account=~"$account"',
};

/** config/grafana-dashboard.json, as Grafana's own export would have it. */
export function grafanaDashboard(): string {
  const panels: object[] = [];
  let y = 0;
  for (const row of ROWS) {
    panels.push({
      id: panels.length + 1,
      type: 'row',
      title: row.title,
      collapsed: false,
      gridPos: { x: 0, y, w: 24, h: 1 },
      panels: [],
    });
    y = laidOut(row, y + 1, panels);
  }
  return `${JSON.stringify({ ...HEAD, panels }, null, 2)}\n`;
}

/** Puts the panels of a row side by side from `top`; gives the first line below them. */
function laidOut({ height, panels }: Row, top: number, into: object[]): number {
  let [x, y] = [0, top];
  for (const one of panels) {
    if (x + one.width > 24) [x, y] = [0, y + height];
    into.push({
      id: into.length + 1,
      ...panelOf(one),
      gridPos: { x, y, w: one.width, h: height },
    });
    x += one.width;
  }
  return y + height;
}

function panelOf(panel: Panel): object {
  const { title, about = '', kind, queries } = panel;
  const defaults = {
    unit: panel.unit ?? 'short',
    ...(panel.decimals === undefined ? {} : { decimals: panel.decimals }),
    min: 0,
    ...(kind === 'table' ? { noValue: 'none' } : {}),
    ...(panel.max === undefined ? {} : { max: panel.max }),
    color: { mode: kind === 'timeseries' ? 'palette-classic' : 'thresholds' },
    thresholds: { mode: 'absolute', steps: steps(panel.limits) },
    mappings: Object.entries(panel.words ?? {}).map(([value, [text, color]], index) => ({
      type: 'value',
      options: { [value]: { text, color, index } },
    })),
    custom: custom(panel),
  };
  return {
    type: kind,
    title,
    description: about,
    datasource: DATASOURCE,
    fieldConfig: { defaults, overrides: overrides(panel) },
    options: options(panel),
    targets: queries.map(({ expr, legend = '' }, index) => ({
      refId: String.fromCharCode(65 + index),
      datasource: DATASOURCE,
      editorMode: 'code',
      expr: expr.replace(/\{(instance|account)\b/g, (_, name: string) => `{${MATCHERS[name]}`),
      legendFormat: legend,
      ...(kind === 'table'
        ? { format: 'table', instant: true, range: false }
        : { range: kind !== 'bargauge', instant: kind === 'bargauge' }),
    })),
    ...(kind === 'table' ? { transformations: tableOf(panel) } : {}),
  };
}

function steps(limits: Panel['limits']): object[] {
  const [orange, red] = limits ?? [null, null];
  if (red === null) return [{ color: 'green', value: null }];
  if (orange === null) return [step('green', null), step('red', red)];
  return orange > red
    ? [step('red', null), step('orange', red), step('green', orange)]
    : [step('green', null), step('orange', orange), step('red', red)];
}

const step = (color: string, value: number | null): object => ({ color, value });

function custom({ kind, stacked = false }: Panel): object {
  switch (kind) {
    case 'timeseries':
      return {
        lineWidth: 1,
        fillOpacity: stacked ? 30 : 8,
        showPoints: 'never',
        stacking: { mode: stacked ? 'normal' : 'none', group: 'A' },
      };
    case 'state-timeline':
      return { lineWidth: 0, fillOpacity: 80 };
    case 'table':
      return { align: 'auto', cellOptions: { type: 'auto' } };
    case 'stat':
    case 'bargauge':
      return {};
  }
}

function options({ kind, named = false }: Panel): object {
  const reduceOptions = { calcs: ['lastNotNull'], fields: '', values: false };
  switch (kind) {
    case 'timeseries':
      return {
        legend: { displayMode: 'table', placement: 'bottom', calcs: ['lastNotNull', 'max'] },
        tooltip: { mode: 'multi', sort: 'desc' },
      };
    case 'stat':
      return {
        reduceOptions,
        colorMode: 'value',
        graphMode: named ? 'none' : 'area',
        textMode: named ? 'name' : 'value',
      };
    case 'bargauge':
      return { reduceOptions, orientation: 'horizontal', displayMode: 'gradient' };
    case 'state-timeline':
      return { showValue: 'auto', rowHeight: 0.8, mergeValues: true };
    case 'table':
      return { showHeader: true, cellHeight: 'sm' };
  }
}

/** Columns that are wanted, under their titles; several queries become one row per label set. */
function tableOf({ columns = {}, queries }: Panel): object[] {
  const nameOf = (key: string): string => {
    if (!/^[A-Z]$/.test(key)) return key;
    return queries.length === 1 ? 'Value' : `Value #${key}`;
  };
  const names = Object.keys(columns).map(nameOf);
  return [
    ...(queries.length > 1 ? [{ id: 'merge', options: {} }] : []),
    { id: 'filterFieldsByName', options: { include: { names } } },
    {
      id: 'organize',
      options: {
        indexByName: Object.fromEntries(names.map((name, index) => [name, index])),
        renameByName: Object.fromEntries(
          Object.entries(columns).map(([key, [title]]) => [nameOf(key), title]),
        ),
      },
    },
  ];
}

function overrides({ columns = {}, colours = {} }: Panel): object[] {
  const units = Object.values(columns).flatMap(([title, unit]) =>
    unit === undefined ? [] : [override(title, 'unit', unit)],
  );
  const fixed = Object.entries(colours).map(([legend, fixedColor]) =>
    override(legend, 'color', { mode: 'fixed', fixedColor }),
  );
  return [...units, ...fixed];
}

const override = (name: string, id: string, value: unknown): object => ({
  matcher: { id: 'byName', options: name },
  properties: [{ id, value }],
});

const variable = (name: string, label: string, definition: string): object => ({
  name,
  label,
  type: 'query',
  datasource: DATASOURCE,
  definition,
  query: { query: definition, refId: name },
  refresh: 2,
  sort: 1,
  multi: true,
  includeAll: true,
  allValue: '.*',
  current: { text: ['All'], value: ['$__all'] },
});

const HEAD = {
  uid: 'relayd',
  title: 'relayd',
  description: 'A mail relay: is all well, what moves, what waits and why.',
  tags: ['relayd', 'mail', 'smtp'],
  schemaVersion: 39,
  version: 1,
  editable: true,
  graphTooltip: 1,
  refresh: '30s',
  time: { from: 'now-6h', to: 'now' },
  timezone: 'browser',
  annotations: { list: [] },
  links: [],
  templating: {
    list: [
      {
        name: 'datasource',
        label: 'Data source',
        type: 'datasource',
        query: 'prometheus',
        current: {},
      },
      variable('instance', 'Relay', 'label_values(relayd_build_info, instance)'),
      variable(
        'account',
        'Account',
        'label_values(relayd_account_state{instance=~"$instance"}, account)',
      ),
    ],
  },
};
