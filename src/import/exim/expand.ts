import { type ConditionText, readCondition, regex } from './conditions.ts';
import { applyOperator } from './operators.ts';
import { ForcedFailure, type Scope, Unsupported } from './scope.ts';

/**
 * Exim's string expansion (chapter 11 of its specification), as far as choosing servers and logins
 * needs it. What is asked for beyond that throws Unsupported and becomes a line of the report.
 */

interface Cursor {
  readonly text: string;
  at: number;
  readonly scope: Scope;
  /** $value, and $0 to $9 of the last match. */
  value: string | null;
  groups: readonly string[];
}

export function expand(text: string, scope: Scope, groups: readonly string[] = []): string {
  const cursor: Cursor = { text, at: 0, scope, value: null, groups };
  return run(cursor, false, false);
}

/** Up to the end, or the brace that closes the argument at hand. */
function run(cursor: Cursor, inBraces: boolean, skip: boolean): string {
  let result = '';
  while (cursor.at < cursor.text.length) {
    const character = cursor.text[cursor.at] ?? '';
    if (inBraces && character === '}') break;
    if (character === '\\') result += escaped(cursor);
    else if (character === '$') result += dollar(cursor, skip);
    else {
      result += character;
      cursor.at += 1;
    }
  }
  return result;
}

function escaped(cursor: Cursor): string {
  const next = cursor.text[cursor.at + 1] ?? '';
  if (next === 'N') {
    const end = cursor.text.indexOf('\\N', cursor.at + 2);
    const literal = cursor.text.slice(cursor.at + 2, end < 0 ? undefined : end);
    cursor.at = end < 0 ? cursor.text.length : end + 2;
    return literal;
  }
  cursor.at += 2;
  return { n: '\n', r: '\r', t: '\t' }[next] ?? next;
}

function dollar(cursor: Cursor, skip: boolean): string {
  const rest = cursor.text.slice(cursor.at + 1);
  const [plain, name, field] =
    /^(?:((?:[rbl]?h|[rbl]?header)_[^\s:{}]+):?|([A-Za-z_][A-Za-z0-9_]*|\d+))/.exec(rest) ?? [];
  if (plain !== undefined) {
    cursor.at += 1 + plain.length;
    return skip ? '' : variable(cursor, name ?? field ?? '');
  }
  if (!rest.startsWith('{')) {
    cursor.at += 2;
    return rest[0] ?? '';
  }
  cursor.at += 2;
  return braced(cursor, skip);
}

function variable({ scope, value, groups }: Cursor, name: string): string {
  if (/^\d+$/.test(name)) return groups[Number(name)] ?? '';
  if (name === 'value' && value !== null) return value;
  const found = scope.variable(name);
  if (found === null)
    throw new Unsupported(`it depends on $${name}, which is not known beforehand`);
  return found;
}

/** After `${`: an item, an operator or a variable. */
function braced(cursor: Cursor, skip: boolean): string {
  const [, word = ''] = /^\s*([a-z0-9_]+)/i.exec(cursor.text.slice(cursor.at)) ?? [];
  const item = ITEMS[word];
  if (item !== undefined && /^\s*\w+\s*[\s{]/.test(cursor.text.slice(cursor.at))) {
    skipSpace(cursor);
    cursor.at += word.length;
    const result = item(cursor, skip);
    close(cursor);
    return result;
  }
  const rest = cursor.text.slice(cursor.at);
  const [operator, name] = /^\s*([a-z0-9_]+):/.exec(rest) ?? [];
  const header = /^\s*[rbl]?h(?:eader)?_/.test(rest);
  if (operator !== undefined && name !== undefined && !header) {
    cursor.at += operator.length;
    const subject = run(cursor, true, skip);
    close(cursor);
    return skip ? '' : applyOperator(name, subject);
  }
  const [all, simple] = /^\s*([^\s:{}]+):?\s*(?=\})/.exec(rest) ?? [];
  if (all === undefined || simple === undefined) throw unknownItem(word);
  cursor.at += all.length;
  close(cursor);
  return skip ? '' : variable(cursor, simple);
}

function unknownItem(word: string): Unsupported {
  return new Unsupported(`it uses \${${word}…}, which is worked out only while mail flows`);
}

type Item = (cursor: Cursor, skip: boolean) => string;

const ITEMS: Readonly<Record<string, Item>> = {
  if: (cursor, skip) => {
    const holds = readCondition(conditionText(cursor), skip);
    return branches(cursor, holds ? 'true' : null, { skip, bare: 'true' });
  },
  lookup: (cursor, skip) => {
    const saved = cursor.value;
    const key = peek(cursor) === '{' ? argument(cursor, skip) : null;
    const [all = '', type = ''] =
      /^\s*([a-z0-9_,=*@-]+)\s*/i.exec(cursor.text.slice(cursor.at)) ?? [];
    cursor.at += all.length;
    const file = argument(cursor, skip);
    if (!skip && key === null) throw new Unsupported(`it asks a database (lookup ${type})`);
    const found = skip ? null : cursor.scope.lookup(type, key ?? '', file.trim());
    cursor.value = found;
    const result = branches(cursor, found, { skip, bare: found ?? '' });
    cursor.value = saved;
    return result;
  },
  extract: (cursor, skip) => {
    const saved = cursor.value;
    const first = argument(cursor, skip).trim();
    const byNumber = /^-?\d+$/.test(first);
    const separators = byNumber ? argument(cursor, skip) : '';
    const subject = argument(cursor, skip);
    const found = skip ? null : byNumber ? nth(first, separators, subject) : named(first, subject);
    cursor.value = found;
    const result = branches(cursor, found, { skip, bare: found ?? '' });
    cursor.value = saved;
    return result;
  },
  sg: (cursor, skip) => {
    const [subject = '', pattern = '', by = ''] = [1, 2, 3].map(() => argument(cursor, skip));
    if (skip) return '';
    return subject.replace(regex(pattern, 'gs'), (...found: string[]) =>
      by.replace(/\$(?:(\d)|\{(\d)\})/g, (_, a, b) => found[Number(a ?? b)] ?? ''),
    );
  },
  readfile: (cursor, skip) => {
    const path = argument(cursor, skip).trim();
    const lineEnd = peek(cursor) === '{' ? argument(cursor, skip) : '\n';
    if (skip) return '';
    const text = cursor.scope.read(path);
    if (text === null) throw new Unsupported(`${path} cannot be read`);
    return text.replaceAll('\n', lineEnd);
  },
};

function nth(index: string, separators: string, subject: string): string | null {
  const parts = subject.split(regex(`[${separators.replace(/[\\\]^-]/g, '\\$&')}]`, ''));
  const number = Number(index);
  if (number === 0) return subject;
  return (number > 0 ? parts[number - 1] : parts.at(number)) ?? null;
}

/** `key = value` pairs, values quoted where they hold spaces. */
function named(key: string, subject: string): string | null {
  const pairs = subject.matchAll(/([^\s=]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|(\S*))/g);
  for (const [, name, quoted, bare] of pairs) {
    if (name?.toLowerCase() === key.toLowerCase())
      return quoted?.replace(/\\(.)/g, '$1') ?? bare ?? '';
  }
  return null;
}

/** `{yes}{no}`, `{yes}fail`, or nothing: the one that holds is worked out, the other passed over. */
function branches(
  cursor: Cursor,
  found: string | null,
  { skip, bare }: { readonly skip: boolean; readonly bare: string },
): string {
  if (peek(cursor) !== '{') {
    if (failWord(cursor) && found === null && !skip) throw new ForcedFailure();
    return found === null ? '' : bare;
  }
  const yes = argument(cursor, skip || found === null);
  if (failWord(cursor)) {
    if (found === null && !skip) throw new ForcedFailure();
    return yes;
  }
  const no = peek(cursor) === '{' ? argument(cursor, skip || found !== null) : '';
  return found === null ? no : yes;
}

function failWord(cursor: Cursor): boolean {
  skipSpace(cursor);
  if (!/^fail\s*\}/.test(cursor.text.slice(cursor.at))) return false;
  cursor.at += 4;
  return true;
}

function conditionText(cursor: Cursor): ConditionText {
  return {
    scope: cursor.scope,
    take(pattern) {
      const [found] = pattern.exec(cursor.text.slice(cursor.at)) ?? [];
      if (found === undefined) return null;
      cursor.at += found.length;
      return found;
    },
    argument: (skip) => argument(cursor, skip),
    matched(groups) {
      cursor.groups = groups;
    },
  };
}

function argument(cursor: Cursor, skip: boolean): string {
  skipSpace(cursor);
  if (cursor.text[cursor.at] !== '{') throw malformed(cursor);
  cursor.at += 1;
  const result = run(cursor, true, skip);
  close(cursor);
  return result;
}

function close(cursor: Cursor): void {
  skipSpace(cursor);
  if (cursor.text[cursor.at] !== '}') throw malformed(cursor);
  cursor.at += 1;
}

function malformed({ text }: Cursor): Unsupported {
  return new Unsupported(`the braces do not match in ${text.slice(0, 60)}`);
}

function skipSpace(cursor: Cursor): void {
  while (/\s/.test(cursor.text[cursor.at] ?? '')) cursor.at += 1;
}

function peek(cursor: Cursor): string {
  skipSpace(cursor);
  return cursor.text[cursor.at] ?? '';
}
