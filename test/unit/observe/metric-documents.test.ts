import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { METRICS, type MetricDeclaration } from '../../../src/observe/metric-catalogue.ts';
import { anchorsOf } from '../../support/anchors.ts';

const root = join(import.meta.dirname, '../../..');
const text = (path: string): string => readFileSync(join(root, path), 'utf8');
const declared = new Map<string, MetricDeclaration>(Object.entries(METRICS));

interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

const rules = (
  parse(text('config/alerts.rules.yaml')) as { groups: readonly { rules: readonly AlertRule[] }[] }
).groups.flatMap((group) => group.rules);
const alertNames = rules.map(({ alert }) => alert);

interface Panel {
  readonly title: string;
  readonly id: number;
  readonly targets?: readonly { readonly expr: string }[];
}

const panels = (JSON.parse(text('config/grafana-dashboard.json')) as { panels: readonly Panel[] })
  .panels;

const expressions = [
  ...rules.map(({ alert, expr }) => ({ at: alert, expr })),
  ...panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ at: title, expr }))),
];

/** Names of metrics in a text that the catalogue does not have; those of histograms have endings. */
function unknownIn(words: string): string[] {
  const named = words.match(/\b(?:relayd|process|nodejs)_[a-z_]+[a-z]\b(?!\.)/g) ?? [];
  return named.filter((name) => {
    const base = name.replace(/_(?:bucket|sum|count)$/, '');
    return !declared.has(name) && declared.get(base)?.type !== 'histogram';
  });
}

test('code, documents, alert rules and dashboard name only metrics that exist', () => {
  const files = globSync(
    [
      'src/**/*.ts',
      '*.md',
      'docs/**/*.md',
      'config/*.{yaml,json}',
      'man/*',
      'relay.example.yaml',
      'test/peers/alerts/*.yaml',
    ],
    { cwd: root },
  );
  expect(files.length).toBeGreaterThan(300);
  expect(files.flatMap((path) => unknownIn(text(path)).map((name) => `${path}: ${name}`))).toEqual(
    [],
  );
  expect(unknownIn('`relayd_queue_recipient`, relayd_paused_bucket, relayd_paused')).toEqual([
    'relayd_queue_recipient',
    'relayd_paused_bucket',
  ]);
});

test('docs/metrics.md has every metric, with its type, once', () => {
  const rows = [...text('docs/metrics.md').matchAll(/^\| `(\w+)` \| (\w+) \|/gm)];
  expect(rows.map(([, name, type]) => `${name} ${type}`).toSorted()).toEqual(
    [...declared].map(([name, { type }]) => `${name} ${type}`).toSorted(),
  );
});

/** Set by Prometheus at a scrape, or of the histogram's own. */
const COMMON = ['instance', 'job', 'le'];

test('expressions match and group by labels that their metrics have', () => {
  const wrong = expressions.flatMap(({ at, expr }) => {
    const matched = [...expr.matchAll(/(\w+?)(?:_bucket)?\{([^}]*)\}/g)].flatMap(
      ([, name = '', matchers = '']) =>
        [...matchers.matchAll(/(\w+)(?:=~|!=|!~|=)"([^"]*)"/g)]
          .filter(([, label = '', values = '']) => !allows(name, label, values))
          .map(([matcher]) => `${at}: ${name} ${matcher}`),
    );
    const labels = new Set(
      [...expr.matchAll(/\w+/g)].flatMap(([name]) => Object.keys(labelsOf(name))),
    );
    const grouped = [...expr.matchAll(/\b(?:by|on) \(([^)]*)\)/g)]
      .flatMap(([, list = '']) => list.split(', '))
      .filter((label) => !COMMON.includes(label) && !labels.has(label))
      .map((label) => `${at}: by ${label}`);
    return [...matched, ...grouped];
  });
  expect(wrong).toEqual([]);
});

function labelsOf(name: string): NonNullable<MetricDeclaration['labels']> {
  return (declared.get(name) ?? declared.get(name.replace(/_bucket$/, '')))?.labels ?? {};
}

function allows(name: string, label: string, values: string): boolean {
  if (name === 'ALERTS' || COMMON.includes(label)) return true;
  const known = labelsOf(name)[label];
  if (typeof known !== 'object') return known !== undefined;
  return values.split('|').every((value) => known.includes(value));
}

test('every alert says how bad it is, what it means and where its runbook is', () => {
  expect(new Set(alertNames).size).toBe(alertNames.length);
  for (const { alert, labels, annotations } of rules) {
    expect(['critical', 'warning', 'info'], alert).toContain(labels.severity);
    expect(Object.keys(annotations), alert).toEqual(['summary', 'description', 'runbook_url']);
    expect(annotations.summary, alert).not.toMatch(/\.$/);
    expect(annotations.runbook_url, alert).toBe(`docs/runbooks.md#${alert.toLowerCase()}`);
  }
});

test('every alert has a runbook with what to look at and how to mend it, and no other has', () => {
  const runbooks = text('docs/runbooks.md');
  const [, ...sections] = runbooks.split(/^## /m);
  expect(sections.map((section) => section.split('\n')[0])).toEqual(alertNames);
  expect(anchorsOf(runbooks).slice(1)).toEqual(alertNames.map((name) => name.toLowerCase()));
  for (const section of sections) {
    expect(section).toMatch(/^- Look(?: and mend)?: /m);
    expect(section).toMatch(/^- (?:Mend|Look and mend): /m);
  }
});

test('every alert has a case in which it fires and a time at which nothing does', () => {
  const files = globSync('test/peers/alerts/*.yaml', { cwd: root });
  const fired = files.flatMap((path) => {
    const { tests } = parse(text(path)) as { tests: readonly { name: string }[] };
    expect(JSON.stringify(tests)).toContain('"exp_samples":[]');
    return [...text(path).matchAll(/alertname="(\w+)", alertstate="firing"/g)].map(
      ([, name]) => name,
    );
  });
  expect([...new Set(fired)].toSorted()).toEqual(alertNames.toSorted());
});

test('panels of the dashboard have an id and a title of their own', () => {
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  const shown = panels.filter(({ targets }) => targets !== undefined);
  expect(shown.length).toBeGreaterThan(40);
  expect(new Set(shown.map(({ title }) => title)).size).toBe(shown.length);
});
