import { stringify } from 'yaml';
import { presetNames, readPreset } from '../../src/config/presets.ts';
import { entrySchema, isEmpty, type JsonSchema } from './json-schema.ts';
import { roff } from './roff.ts';

/** man/relay.yaml.5: every key with type, default and meaning, and the presets. */
export function manualPage(schema: JsonSchema): string {
  const lines = [
    '.\\" GENERATED from the schema by `npm run generate`. DO NOT EDIT.',
    '.TH RELAY.YAML 5 "" relayd "File formats"',
    '.SH NAME',
    'relay.yaml \\- configuration of the mail relay relayd',
    ...DESCRIPTION.flatMap(({ title, text }) => [`.SH ${title}`, ...paragraphs(text)]),
    ...Object.entries(schema.properties ?? {}).flatMap(([key, child]) => section(key, child)),
    ...providers(),
    '.SH SEE ALSO',
    '.BR relayd (8),',
    '.BR relayctl (1)',
  ];
  return `${lines.join('\n')}\n`;
}

const DESCRIPTION = [
  {
    title: 'DESCRIPTION',
    text: [
      'relay.yaml says where local apps submit mail, who they are, which upstream accounts there are, and ' +
        'which sender leaves by which account. The daemon reads it at start and on SIGHUP; a reload of a file ' +
        'with errors leaves the configuration in force.',
      'Unknown keys are errors. `relayctl config check` shows all errors at once, with line and column.',
      'File names are relative to the directory of relay.yaml.',
    ],
  },
  {
    title: 'NOTATION',
    text: [
      'Durations are written 250ms, 30s, 5m, 4h, 5d or combined as in 1h30m; sizes 512B, 64KiB, 25MiB, 1GiB; ' +
        'rates as a count per second, minute, hour or day: 14/s, 20/m, 600/h, 500/d.',
      'An address pattern is an address, @domain for all of a domain, *@sub.* with stars for any text, or "*" ' +
        'for everything. What begins with * or @ must be in quotes.',
    ],
  },
  {
    title: 'SECRETS',
    text: [
      'A secret is {env: NAME} for an environment variable, {file: PATH}, {credential: NAME} for one that ' +
        'systemd passed with LoadCredential=, or {command: [PROGRAM, ARGUMENT, ...]} for the output of a ' +
        'program, which is run without a shell and must end within 10 seconds. Line breaks at the end are ' +
        'dropped.',
      'The secret itself is taken only when relay.yaml is readable by its owner alone (mode 0600 or stricter). ' +
        'Secrets are never shown, by no command and in no log.',
    ],
  },
];

function section(key: string, schema: JsonSchema): string[] {
  return [`.SH ${key.toUpperCase()}`, ...keyLines(key, schema)];
}

/** A key, then all below it, each with its full path. */
function keyLines(path: string, schema: JsonSchema, required = false): string[] {
  const own = [
    '.TP',
    `.B ${roff(path)}`,
    `${roff(facts(schema, required))}`,
    ...(schema.description === undefined ? [] : ['.br', roff(schema.description)]),
    ...example(schema),
  ];
  const children = keyLinesBelow(path, schema);
  const entries = entrySchema(schema);
  const below = entries?.properties === undefined ? [] : keyLinesBelow(`${path}.NAME`, entries);
  const items =
    schema.items?.properties === undefined ? [] : keyLinesBelow(`${path}[]`, schema.items);
  return [...own, ...children, ...below, ...items];
}

function keyLinesBelow(path: string, schema: JsonSchema): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, child]) =>
    keyLines(`${path}.${key}`, child, schema.required?.includes(key)),
  );
}

/** Type and default in one line: `(duration; default 5m)`. */
function facts(schema: JsonSchema, required: boolean): string {
  const parts = [typeWords(schema)];
  if (required) parts.push('required');
  const { default: standard } = schema;
  if (standard !== undefined && !isEmpty(standard)) parts.push(`default ${inline(standard)}`);
  return `(${parts.join('; ')})`;
}

function typeWords(schema: JsonSchema): string {
  if (schema.enum !== undefined) return schema.enum.join(' | ');
  if (schema.const !== undefined) return String(schema.const);
  if (schema.anyOf !== undefined) {
    const secret = schema.anyOf.some((choice) => choice.properties?.credential !== undefined);
    return secret ? 'secret' : [...new Set(schema.anyOf.map(typeWords))].join(' or ');
  }
  if (schema.items !== undefined) {
    return schema.items.properties === undefined ? `list of ${typeWords(schema.items)}` : 'list';
  }
  if (schema.title !== undefined) return schema.title;
  if (schema.type === 'integer') return `number from ${schema.minimum} to ${schema.maximum}`;
  if (schema.type === 'object') return 'mapping';
  return schema.type === 'boolean' ? 'true | false' : 'text';
}

function example(schema: JsonSchema): string[] {
  const [first] = schema.examples ?? [];
  const plain = schema.default === undefined || isEmpty(schema.default);
  return first === undefined || schema.enum !== undefined || !plain
    ? []
    : ['.br', `Example: ${roff(inline(first))}`];
}

function inline(value: unknown): string {
  return stringify(value, {
    collectionStyle: 'flow',
    flowCollectionPadding: false,
    lineWidth: 0,
  }).trimEnd();
}

function providers(): string[] {
  const entries = presetNames().flatMap((name) => {
    const preset = readPreset(name);
    if (preset === null) return [];
    const regions = [...new Set([...Object.keys(preset.hosts), ...preset.regions])];
    const text = [
      `${preset.title}: ${preset.host ?? 'host to be given'}, port ${preset.port}, ${preset.tls}.`,
      ...(preset.username === undefined ? [] : [`Username ${preset.username}.`]),
      ...(regions.length === 0 ? [] : [`Regions: ${regions.join(', ')}.`]),
      ...preset.notes,
    ].join(' ');
    return ['.TP', `.B ${roff(name)}`, roff(text), '.br', roff(preset.documentation)];
  });
  return ['.SH PROVIDERS', 'Presets for accounts.NAME.provider:', ...entries];
}

function paragraphs(texts: readonly string[]): string[] {
  return texts.flatMap((text) => ['.PP', roff(text)]);
}
