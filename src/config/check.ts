import { z } from 'zod';
import type { ConfigDocument } from './document.ts';
import type { Report } from './problem.ts';
import { type RelayConfig, relaySchema } from './schema/relay.ts';
import { knownKeys } from './schema-at.ts';
import { didYouMean, wanted } from './wanted.ts';

/** What of the file fits the schema. */
export interface Checked {
  readonly config: RelayConfig;
  /** The index in the file of each route and listener that is left. */
  readonly routeIndexes: readonly number[];
  readonly listenerIndexes: readonly number[];
}

/**
 * Reports everything that does not fit the schema, then leaves it out and reads the rest, so that
 * later checks see what is sound and one run shows all mistakes.
 */
export function checkSchema(document: ConfigDocument, report: Report): Checked {
  const first = relaySchema.safeParse(document.plain ?? {}, { error: describeIssue });
  if (first.success) return checked(first.data, document.plain, new Map());
  for (const issue of first.error.issues) reportIssue(issue, report);
  return salvage(document.plain, first.error.issues);
}

function reportIssue(issue: z.core.$ZodIssue, report: Report): void {
  const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
  if (issue.code === 'unrecognized_keys') {
    for (const key of issue.keys) {
      const hint = didYouMean(key, knownKeys(path));
      report.error([...path, key], `unknown key${hint}`, 'key');
    }
  } else if (issue.code === 'invalid_key') {
    report.error(path, issue.issues[0]?.message ?? 'is no valid name', 'key');
  } else {
    report.error(path, issue.message);
  }
}

/** Words for the faults that the schema has no own words for. */
const describeIssue: z.core.$ZodErrorMap = (issue) => {
  if (issue.code === 'invalid_type') {
    const { expected } = issue;
    if (expected === 'object' || expected === 'record') return container('a mapping', issue);
    if (expected === 'array') return container('a list', issue);
    return wanted(expected === 'string' ? 'text' : expected, [], issue.input);
  }
  if (issue.code === 'too_small') return 'is empty';
  return undefined;
};

/** The value is not shown: in place of a mapping people write the password itself. */
function container(what: string, { input, inst }: z.core.$ZodRawIssue): string {
  if (input === undefined) return `missing; give ${what}${suchAs(inst)}`;
  if (input === null) return `expected ${what}, found nothing; remove the key or fill it in`;
  const text = typeof input === 'object' ? wanted(what, [], input) : `expected ${what}`;
  const list = what === 'a list' && typeof input !== 'object' ? '; put the value in [ ]' : '';
  return text + list;
}

function suchAs(inst: z.core.$ZodType | z.core.$ZodCheck | undefined): string {
  const examples = inst instanceof z.ZodType ? inst.meta()?.examples : undefined;
  return Array.isArray(examples) ? ` such as ${JSON.stringify(examples[0])}` : '';
}

/** Sections whose entries stand for themselves: one bad entry leaves the others in place. */
const ENTRY_SECTIONS = ['listeners', 'clients', 'accounts', 'routes'];

/** Entries left out, by section. */
type Gone = ReadonlyMap<string, ReadonlySet<PropertyKey>>;

/**
 * What is left is good for finding more errors only: the file is refused, its warnings are not
 * shown.
 */
function salvage(plain: unknown, issues: readonly z.core.$ZodIssue[]): Checked {
  const root = structuredClone(isObject(plain) ? plain : {});
  const gone = new Map<string, Set<PropertyKey>>();
  for (const issue of issues) {
    const [section, entry] = issue.path;
    if (section === undefined) {
      if (issue.code === 'unrecognized_keys') for (const key of issue.keys) delete root[key];
    } else if (entry !== undefined && ENTRY_SECTIONS.includes(String(section))) {
      const entries = gone.get(String(section)) ?? new Set();
      gone.set(String(section), entries.add(entry));
    } else {
      delete root[String(section)];
    }
  }
  for (const [section, entries] of gone) {
    const value = root[section];
    if (Array.isArray(value)) root[section] = value.filter((_, index) => !entries.has(index));
    else if (isObject(value)) for (const entry of entries) delete value[String(entry)];
  }
  return checked(relaySchema.parse(withoutEmptyListeners(root)), plain, gone);
}

function checked(config: RelayConfig, plain: unknown, gone: Gone): Checked {
  return {
    config,
    routeIndexes: indexesLeft(plain, 'routes', gone),
    listenerIndexes: indexesLeft(plain, 'listeners', gone),
  };
}

function withoutEmptyListeners(root: Record<string, unknown>): Record<string, unknown> {
  const { listeners, ...rest } = root;
  return Array.isArray(listeners) && listeners.length === 0 ? rest : root;
}

function indexesLeft(plain: unknown, section: string, gone: Gone): number[] {
  const list = isObject(plain) ? plain[section] : null;
  if (!Array.isArray(list)) return [];
  return [...list.keys()].filter((index) => !gone.get(section)?.has(index));
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
