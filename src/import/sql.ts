import { ImportError, type Imported, noteBook, type Place } from './model.ts';
import { type Fields, isFalse, isTrue, type Row, routesOfRows } from './rows.ts';

/** A table as it was read: every value as text, '' for NULL. */
export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly { readonly at: Place; readonly values: readonly string[] }[];
}

/** Words that a column of each meaning is called by, the plainest first. */
const MEANINGS: readonly (readonly [keyof Fields, RegExp])[] = [
  ['password', /pass(?:word|wd|phrase)?|secret|pwd|app_?key/],
  ['username', /user(?:name)?|login|auth_?user|account_?name/],
  [
    'sender',
    /(?:mail_?)?from(?:_?(?:address|email|mail))?|sender(?:_?(?:address|email))?|reply_?from/,
  ],
  ['host', /host(?:name)?|server|smtp_?address|endpoint/],
  ['port', /port/],
  ['enabled', /enabled?|active|is_?enabled|is_?active|in_?use|status/],
  ['ssl', /use_?ssl|ssl/],
  ['tls', /use_?tls|tls|secure|encryption|security|starttls|protocol/],
  ['sender', /e?mail(?:_?address)?|address|domain/],
  ['name', /name|organi[sz]ation|company|tenant|slug|label|customer/],
];

/** Makes an account of each row. Throws ImportError. */
export function importRows(table: Table): Imported {
  const { note, findings } = noteBook();
  const places = placesOf(table.columns);
  for (const needed of ['host', 'username', 'password'] as const) {
    if (places.has(needed)) continue;
    const columns = table.columns.join(', ') || 'none';
    throw new ImportError(`no column for the ${needed} among these: ${columns}`);
  }
  const [first] = table.rows;
  const unread = table.columns.filter((_, index) => ![...places.values()].includes(index));
  if (first !== undefined && unread.length > 0) {
    note('left-out', first.at, `columns ${unread.join(', ')}`, 'they say nothing about sending');
  }
  const rows = table.rows.flatMap(({ at, values }): Row[] => {
    const text = (field: keyof Fields): string => (values[places.get(field) ?? -1] ?? '').trim();
    const names = ['host', 'port', 'username', 'enabled', 'tls', 'ssl', 'sender', 'name'] as const;
    const fields = Object.fromEntries(names.map((field) => [field, text(field)]));
    const password = values[places.get('password') ?? -1] ?? '';
    const row = { fields: { ...fields, password } as unknown as Fields, at };
    const why = unusable(row.fields);
    const { enabled } = row.fields;
    if (enabled !== '' && !isTrue(enabled) && !isFalse(enabled)) {
      note('changed', at, `enabled: ${enabled}`, 'taken as switched on');
    }
    if (why === null) return [row];
    note('left-out', at, rowName(row.fields), why);
    return [];
  });
  if (table.rows.length === 0) throw new ImportError('the table has no rows');
  return routesOfRows(rows, { note, findings, everybody: false });
}

function rowName({ name, username, host }: Fields): string {
  return [name, username, host].find((text) => text !== '') ?? 'an empty row';
}

function unusable({ host, enabled }: Fields): string | null {
  if (isFalse(enabled)) return 'it is switched off';
  return host === '' ? 'it has no host' : null;
}

/** Each column means one thing, each thing has one column. */
function placesOf(columns: readonly string[]): Map<keyof Fields, number> {
  const names = columns.map((column) =>
    column
      .replace(/([a-z])([A-Z])/g, '$1_$2')
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '_')
      .replace(/^_+|_+$/g, '')
      .replace(/^(?:smtp|mail|email|outgoing|mailer)_(?=.)/, ''),
  );
  const places = new Map<keyof Fields, number>();
  const taken = new Set<number>();
  for (const [field, words] of MEANINGS) {
    if (places.has(field)) continue;
    const whole = new RegExp(`^(?:${words.source})$`);
    const ending = new RegExp(`(?:^|_)(?:${words.source})$`);
    const index = [whole, ending]
      .map((pattern) => names.findIndex((name, at) => !taken.has(at) && pattern.test(name)))
      .find((found) => found >= 0);
    if (index === undefined) continue;
    places.set(field, index);
    taken.add(index);
  }
  return places;
}

/** RFC 4180; `;` and tabs separate as well, as the first line shows. */
export function readCsv(path: string, text: string): Table {
  const body = text.replace(/^\ufeff/, '');
  const [head = ''] = body.split(/\r?\n/, 1);
  const counts = [',', ';', '\t'].map((separator) => ({
    separator,
    count: head.split(separator).length,
  }));
  const { separator } = counts.toSorted((a, b) => b.count - a.count)[0] ?? { separator: ',' };
  const [columns, ...rows] = records(body, separator);
  return {
    columns: columns?.values.map((value) => value.trim()) ?? [],
    rows: rows.map(({ values, line }) => ({ values, at: { file: path, line } })),
  };
}

function records(text: string, separator: string): { values: string[]; line: number }[] {
  const found: { values: string[]; line: number }[] = [];
  let [values, value, quoted, line, start]: [string[], string, boolean, number, number] = [
    [],
    '',
    false,
    1,
    1,
  ];
  const end = (): void => {
    values.push(value);
    if (values.some((one) => one !== '')) found.push({ values, line: start });
    [values, value, start] = [[], '', line + 1];
  };
  for (let index = 0; index < text.length; index++) {
    const character = text[index] ?? '';
    if (quoted && character === '"' && text[index + 1] === '"') {
      value += '"';
      index += 1;
    } else if (character === '"' && (quoted || value === '')) quoted = !quoted;
    else if (!quoted && character === separator) {
      values.push(value);
      value = '';
    } else if (!quoted && character === '\n') {
      end();
      line += 1;
    } else if (quoted || character !== '\r') {
      value += character;
      if (character === '\n') line += 1;
    }
  }
  if (value !== '' || values.length > 0) end();
  return found;
}

/** A JSON array of objects, or an object that holds one. Throws ImportError. */
export function readJson(path: string, text: string): Table {
  const objects = arrayIn(parse(path, text));
  if (objects === null) throw new ImportError(`${path} holds no list of objects`);
  const columns = [...new Set(objects.flatMap((object) => Object.keys(object)))];
  return {
    columns,
    rows: objects.map((object, index) => ({
      // JSON has no lines of its own: rows are counted.
      at: { file: path, line: index + 1 },
      values: columns.map((column) => textOf(object[column])),
    })),
  };
}

function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\ufeff/, ''));
  } catch {
    throw new ImportError(`${path} is no JSON`);
  }
}

function arrayIn(value: unknown): Record<string, unknown>[] | null {
  if (Array.isArray(value)) return value.every(isRecord) ? value : null;
  const inner = isRecord(value) ? Object.values(value).find(Array.isArray) : undefined;
  return inner?.every(isRecord) ? inner : null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function textOf(value: unknown): string {
  return value === null || value === undefined ? '' : String(value);
}
