import { Document } from 'yaml';
import { exampleValues } from './example-values.ts';
import { entrySchema, type JsonSchema, shownValue } from './json-schema.ts';

const columnsMax = 100;

const HEAD = `# relay.yaml - the configuration of relayd, with every key it knows.
#
# GENERATED from the schema by \`npm run generate\`; copy it, then edit the copy.
# Keys in use stand as they are; the others are shown as #key: value, with their default where there is one.
# Durations: 30s 5m 4h 5d. Sizes: 64KiB 25MiB. Rates: N/s N/m N/h N/d.
# Secrets are never text here: {env: NAME}, {file: PATH}, {credential: NAME} (systemd LoadCredential) or
# {command: [program, argument]}. Only in a file with mode 0600 may a secret stand itself.
# File names are relative to the directory of this file. \`relayctl config check\` names every mistake.
`;

/** Where a line goes: how deep, and from which column on it is switched off. */
interface Place {
  readonly indent: string;
  /** Indentation of the outermost mapping that is not in use; null in use. */
  readonly offAt: string | null;
}

/** relay.example.yaml: a usable file that also shows each key it does not use. */
export function exampleFile(schema: JsonSchema): string {
  const lines: string[] = [];
  for (const [key, child] of Object.entries(schema.properties ?? {})) {
    const values: Readonly<Record<string, unknown>> = exampleValues;
    lines.push('', ...keyLines(key, { schema: child, value: values[key] }, top));
  }
  return `${HEAD}${lines.join('\n')}\n`;
}

const top: Place = { indent: '', offAt: null };

interface Entry {
  readonly schema: JsonSchema;
  readonly value: unknown;
}

/** One key of a mapping: what it means, then its value or what it could be. */
function keyLines(key: string, { schema, value }: Entry, place: Place): string[] {
  const inner =
    value === undefined && place.offAt === null ? { ...place, offAt: place.indent } : place;
  const about = comment(schema.description ?? '', place.indent);
  const name = JSON.stringify(key) === `"${key}"` && /^[\w-]+$/.test(key) ? key : flow(key);
  const deeper = { ...inner, indent: `${place.indent}  ` };
  const nested = nestedLines({ schema, value }, deeper);
  if (nested !== null) return [...about, line(`${name}:`, inner), ...nested];
  return [...about, line(`${name}: ${flow(value ?? shownValue(schema))}`, inner)];
}

/** Lines of a value that is itself a mapping or a list of mappings; null for everything else. */
function nestedLines({ schema, value }: Entry, place: Place): string[] | null {
  if (schema.properties !== undefined) return mappingLines({ schema, value }, place);
  const entries = entrySchema(schema);
  if (entries?.properties !== undefined) return recordLines(entries, value, place);
  if (schema.items?.properties !== undefined) return listLines(schema.items, value, place);
  return null;
}

function mappingLines({ schema, value }: Entry, place: Place): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, child]) =>
    keyLines(key, { schema: child, value: property(value, key) }, place),
  );
}

/** The first entry shows all keys, the others only what they use. */
function recordLines(schema: JsonSchema, value: unknown, place: Place): string[] {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  const deeper = { ...place, indent: `${place.indent}  ` };
  return entries.flatMap(([name, entry], index) => [
    line(`${name}:`, place),
    ...(index === 0 ? mappingLines({ schema, value: entry }, deeper) : usedLines(entry, deeper)),
  ]);
}

function listLines(schema: JsonSchema, value: unknown, place: Place): string[] {
  const items: readonly unknown[] = Array.isArray(value) ? value : [undefined];
  const deeper = { ...place, indent: `${place.indent}  ` };
  return items.flatMap((item, index) => {
    if (index > 0) return [line(`- ${flow(item)}`, place)];
    return withDash(mappingLines({ schema, value: item }, deeper), place);
  });
}

/** The dash goes to the first key that is in use; what stands before it is comment. */
function withDash(lines: readonly string[], { indent, offAt }: Place): string[] {
  const prefix = line('', { indent, offAt });
  const first = lines.findIndex((text) => !text.startsWith(`${indent}  #`));
  return lines.map((text, index) =>
    index === first ? `${prefix}- ${text.slice(prefix.length + 2)}` : text,
  );
}

function usedLines(entry: unknown, place: Place): string[] {
  return Object.entries(entry ?? {}).map(([key, value]) => line(`${key}: ${flow(value)}`, place));
}

function property(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null
    ? (value as Readonly<Record<string, unknown>>)[key]
    : undefined;
}

function line(text: string, { indent, offAt }: Place): string {
  return offAt === null ? `${indent}${text}` : `${offAt}#${indent.slice(offAt.length)}${text}`;
}

/** A value on one line. */
function flow(value: unknown): string {
  const document = new Document(value, { version: '1.2' });
  return document
    .toString({ collectionStyle: 'flow', flowCollectionPadding: false, lineWidth: 0 })
    .trimEnd();
}

function comment(text: string, indent: string): string[] {
  const lines: string[] = [];
  let current = `${indent}#`;
  for (const word of text.split(' ').filter((part) => part !== '')) {
    if (current.length + 1 + word.length > columnsMax) {
      lines.push(current);
      current = `${indent}#`;
    }
    current += ` ${word}`;
  }
  return current === `${indent}#` ? lines : [...lines, current];
}
