import { ADDRESS_IN_TEXT } from '../mail/address-in-text.ts';

/** A message is known to its provider by this field: without it nobody could look it up. */
const KEPT = new Set(['messageIdField']);

/** Shorter local parts are no names, and would be found in any text. */
const bareCharactersMin = 3;

/**
 * A copy of a JSON value in which nobody's local part can be read. The same one becomes the same
 * stand-in, so that a reader can still tell people apart. `known`: addresses whose local part is
 * looked for in prose also where it stands alone.
 */
export function redactAddresses<T>(value: T, known: readonly string[]): T {
  const names = new Map<string, string>();
  const standIn = (local: string): string => {
    const key = local.toLowerCase();
    const name = names.get(key) ?? `redacted-${names.size + 1}`;
    names.set(key, name);
    return name;
  };
  const locals = known.flatMap((address) => {
    const at = address.lastIndexOf('@');
    return at < 1 ? [] : [address.slice(0, at)];
  });
  // The longest first: one may be a part of another.
  locals.sort((a, b) => b.length - a.length);
  const rules = locals.map((local) => {
    const end = local.length < bareCharactersMin ? '(?=@)' : '(?![\\w.-]*[\\w-])';
    return { local, pattern: new RegExp(`(?<![\\w.-])${escaped(local)}${end}`, 'giu') };
  });
  const text = (given: string): string => {
    const known_ = rules.reduce(
      (rest, { local, pattern }) => rest.replace(pattern, standIn(local)),
      given,
    );
    return known_.replace(ADDRESS_IN_TEXT, (found) => {
      const at = found.lastIndexOf('@');
      const local = found.slice(0, at);
      return /^redacted-\d+$/.test(local) ? found : `${standIn(local)}${found.slice(at)}`;
    });
  };
  const walk = (one: unknown, key: string): unknown => {
    if (typeof one === 'string') return KEPT.has(key) ? one : text(one);
    if (Array.isArray(one)) return one.map((item) => walk(item, key));
    if (typeof one !== 'object' || one === null) return one;
    return Object.fromEntries(Object.entries(one).map(([name, item]) => [name, walk(item, name)]));
  };
  return walk(value, '') as T;
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
