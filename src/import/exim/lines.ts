import type { FileReader, Note, Place } from '../model.ts';

/** One setting of an Exim configuration: continuations joined, macros replaced. */
export interface ConfigLine {
  readonly text: string;
  readonly at: Place;
}

/** What Exim says of itself by macros (`_HAVE_TLS`, `_OPT_MAIN_TLS_CERTIFICATE`): a full build. */
const builtIn = /^_(?:HAVE|OPT|DRIVER|LOOKUP|EXP)_/;
const includesMax = 100;

interface Reading {
  readonly read: FileReader;
  readonly note: Note;
  readonly macros: Map<string, string>;
  readonly lines: ConfigLine[];
  /** Of each open .ifdef: whether its lines count, and whether a branch was taken already. */
  readonly branches: { active: boolean; taken: boolean }[];
  includes: number;
}

/**
 * The lines that Exim would see, in order: comments gone, `.include` followed, `.ifdef` decided,
 * macros replaced. Several files are read one after the other, as pieces of one.
 */
export function readLines(
  files: readonly { readonly path: string; readonly text: string }[],
  { read, note }: { readonly read: FileReader; readonly note: Note },
): ConfigLine[] {
  const reading: Reading = {
    read,
    note,
    macros: new Map(),
    lines: [],
    branches: [],
    includes: 0,
  };
  for (const { path, text } of files) readFile(path, text, reading);
  return reading.lines;
}

function readFile(file: string, text: string, reading: Reading): void {
  for (const line of joined(file, text)) takeLine(line, reading);
}

/** Physical lines to logical ones: a backslash at the end goes on, comments within do not count. */
function joined(file: string, text: string): ConfigLine[] {
  const lines: ConfigLine[] = [];
  let open: { text: string; at: Place } | null = null;
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (line === '' && open === null) continue;
    if (line.startsWith('#')) continue;
    const goesOn = line.endsWith('\\');
    const part = goesOn ? line.slice(0, -1) : line;
    const now: { text: string; at: Place } = {
      text: (open?.text ?? '') + part,
      at: open?.at ?? { file, line: index + 1 },
    };
    open = goesOn ? now : null;
    if (!goesOn) lines.push(now);
  }
  if (open !== null) lines.push(open);
  return lines;
}

function takeLine({ text, at }: ConfigLine, reading: Reading): void {
  const { branches, macros } = reading;
  if (/^\.(?:ifn?def|elifn?def|else|endif)\b/.test(text)) {
    decide(text, reading);
    return;
  }
  if (branches.some(({ active }) => !active)) return;
  const [, name, value] = /^([A-Z][A-Za-z0-9_]*)\s*==?\s*(.*)$/.exec(text) ?? [];
  if (name !== undefined && value !== undefined) {
    macros.set(name, replaceMacros(value, macros, name));
    return;
  }
  const replaced = replaceMacros(text, macros, null);
  const [, command, path = ''] =
    /^\.(include|include_if_exists)\s+"?([^"]*?)"?$/.exec(replaced) ?? [];
  if (command === undefined) {
    reading.lines.push({ text: replaced, at });
    return;
  }
  include(path, { at, optional: command === 'include_if_exists' }, reading);
}

function include(
  path: string,
  { at, optional }: { readonly at: Place; readonly optional: boolean },
  reading: Reading,
): void {
  reading.includes += 1;
  const text = reading.includes > includesMax ? null : reading.read(path);
  if (text !== null) readFile(path, text, reading);
  else if (!optional) {
    reading.note(
      'left-out',
      at,
      `.include ${path}`,
      'the file cannot be read; name it, too, or use --root',
    );
  }
}

/** `.ifdef NAME` and its like; the name may be one of Exim's own. */
function decide(text: string, { branches, macros }: Reading): void {
  const [word = '', ...names] = text.slice(1).split(/\s+/);
  const open = branches.at(-1);
  if (word === 'endif') {
    branches.pop();
    return;
  }
  const defined = names.some((name) => macros.has(name) || builtIn.test(name));
  const holds = word === 'else' || defined !== word.includes('ndef');
  if (word.startsWith('if')) branches.push({ active: holds, taken: holds });
  else if (open !== undefined) {
    open.active = holds && !open.taken;
    open.taken ||= holds;
  }
}

/** Wherever the name of a macro stands, its text does; the longest name wins. */
function replaceMacros(
  text: string,
  macros: ReadonlyMap<string, string>,
  own: string | null,
): string {
  const names = [...macros.keys()].filter((name) => name !== own && text.includes(name));
  if (names.length === 0) return text;
  const pattern = names.toSorted((a, b) => b.length - a.length).join('|');
  return text.replace(new RegExp(pattern, 'g'), (name) => macros.get(name) ?? name);
}
