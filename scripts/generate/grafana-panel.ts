/** One query of a panel. `{instance}` and `{account}` in it become the matchers of the variables. */
export interface Query {
  readonly expr: string;
  readonly legend?: string;
}

export interface Panel {
  readonly title: string;
  /** One sentence; shown behind the panel's (i). */
  readonly about?: string;
  readonly kind: 'stat' | 'timeseries' | 'table' | 'bargauge' | 'state-timeline';
  /** Of 24 columns. */
  readonly width: number;
  readonly unit?: string;
  readonly decimals?: number;
  /** Where a value turns orange and red; with the first larger than the second, downwards. */
  readonly limits?: readonly [orange: number | null, red: number];
  /** Words in place of numbers, with a colour. */
  readonly words?: Readonly<Record<number, readonly [text: string, colour: string]>>;
  /** Of series that always mean the same, by legend. */
  readonly colours?: Readonly<Record<string, string>>;
  readonly stacked?: boolean;
  /** A stat shows its legend in place of its number. */
  readonly named?: boolean;
  readonly max?: number;
  readonly queries: readonly Query[];
  /** Of a table: its columns in order, by the label or the letter of the query, with title and unit. */
  readonly columns?: Readonly<Record<string, readonly [title: string, unit?: string]>>;
}

export interface Row {
  readonly title: string;
  readonly height: number;
  readonly panels: readonly Panel[];
}

/** The window of Grafana's own choice. */
export const RATE = '[$__rate_interval]';

export const stat = (title: string, expr: string, more: Partial<Panel> = {}): Panel => ({
  kind: 'stat',
  width: 3,
  title,
  queries: [{ expr }],
  ...more,
});

export const graph = (
  title: string,
  queries: readonly Query[],
  more: Partial<Panel> = {},
): Panel => ({
  kind: 'timeseries',
  width: 8,
  title,
  queries,
  ...more,
});

/** Of a histogram, over all of it or for each value of a label. */
export const quantiles = (histogram: string, shares: readonly number[], by = ''): Query[] =>
  shares.map((share) => {
    const buckets = `rate(${histogram.replace('{', '_bucket{')}${RATE})`;
    const sum = `sum by (${by === '' ? 'le' : `le, ${by}`}) (${buckets})`;
    const legend = `${by === '' ? '' : `{{${by}}} `}p${share * 100}`;
    return { expr: `histogram_quantile(${share}, ${sum})`, legend };
  });

export const waiting = 'state=~"waiting|in-doubt"';
