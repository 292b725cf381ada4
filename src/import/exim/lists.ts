import type { ListKind } from './scope.ts';

/** `a : b`, `<; a ; b`; a doubled separator is the character itself. */
export function splitList(text: string): string[] {
  const [, own] = /^\s*<(\W)/.exec(text) ?? [];
  const separator = own ?? ':';
  const body = own === undefined ? text : text.replace(/^\s*<\W/, '');
  const items: string[] = [];
  let item = '';
  for (let index = 0; index < body.length; index++) {
    const character = body[index] ?? '';
    if (character !== separator) item += character;
    else if (body[index + 1] === separator) {
      item += separator;
      index += 1;
    } else {
      items.push(item.trim());
      item = '';
    }
  }
  items.push(item.trim());
  // An empty item at the end is none: `a : b :`.
  return items.at(-1) === '' ? items.slice(0, -1) : items;
}

/** How a list's members other than plain ones are looked at. */
export interface ListMembers {
  /** The text of a named list, null when there is none. */
  named(kind: ListKind, name: string): string | null;
  /** Whether the key is in a file, as `lsearch;/path` says. */
  inFile(type: string, key: string, path: string): boolean;
  /** Names of this machine, for `@`. */
  readonly ownName: string;
}

/** Whether a list takes the subject: the first member that fits decides, `!` says no. */
export function listMatches(
  kind: ListKind,
  subject: string,
  list: string,
  members: ListMembers,
): boolean {
  const items = splitList(list);
  for (const item of items) {
    const negated = item.startsWith('!');
    const member = negated ? item.slice(1).trim() : item;
    if (memberMatches(kind, subject.toLowerCase(), member, members)) return !negated;
  }
  // A list that ends with a negation takes everything else.
  return items.at(-1)?.startsWith('!') ?? false;
}

function memberMatches(
  kind: ListKind,
  subject: string,
  member: string,
  members: ListMembers,
): boolean {
  if (member === '*') return true;
  if (member.startsWith('+')) {
    const text = members.named(kind, member.slice(1));
    return text !== null && listMatches(kind, subject, text, members);
  }
  const [, type, path] = /^(?:net-)?([a-z0-9,=*@-]+)\s*;\s*(.*)$/.exec(member) ?? [];
  if (type !== undefined && path !== undefined) {
    const keys =
      kind === 'address' ? [subject, `*@${domainOf(subject)}`, domainOf(subject)] : [subject];
    return keys.some((key) => members.inFile(type, key, path));
  }
  if (kind === 'address') return addressMatches(subject, member, members);
  if (member === '@') return subject === members.ownName.toLowerCase();
  if (member === '@[]') return false;
  return matchesWild(member.toLowerCase(), subject);
}

function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1);
}

/** `local@domain` with a list or pattern as its domain, a bare domain, or a regular expression. */
function addressMatches(subject: string, member: string, members: ListMembers): boolean {
  if (member === '' || member === '<>') return subject === '';
  if (member.startsWith('^')) return matchesWild(member, subject);
  const at = member.lastIndexOf('@');
  const domain = domainOf(subject);
  if (at < 0 || member === '@') return memberMatches('domain', domain, member, members);
  const local = member.slice(0, at).toLowerCase();
  const own = subject.slice(0, subject.lastIndexOf('@'));
  return (
    (local === '' || matchesWild(local, own)) &&
    memberMatches('domain', domain, member.slice(at + 1), members)
  );
}

/** `*rest`, a regular expression that starts with `^`, or the same text. */
export function matchesWild(pattern: string, subject: string): boolean {
  if (pattern.startsWith('^')) {
    const body = pattern.replace(/\\N/g, '');
    try {
      return new RegExp(body, 'i').test(subject);
    } catch {
      return false;
    }
  }
  if (pattern.startsWith('*')) return subject.endsWith(pattern.slice(1));
  return pattern === subject;
}
