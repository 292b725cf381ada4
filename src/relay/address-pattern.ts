import type { AddressPattern } from './account.ts';
import {
  type ComparableAddress,
  comparableAddress,
  comparableDomain,
  isQuoted,
} from './address.ts';

/**
 * A pattern of relay.yaml: `addr`, `@domain`, `*`, and both parts may hold `*` for any run of
 * characters (`*@sub.*`). A quoted local part is literal, stars included.
 */
interface ParsedPattern {
  readonly local: Glob;
  readonly domain: Glob;
}

/** The literal pieces between the stars; one piece means no star. */
type Glob = readonly string[];

const ANYTHING: Glob = ['', ''];

/**
 * Whether an address is one of those the pattern names. Letter case counts in neither part,
 * U-labels equal their A-labels, and the address's `+detail` is ignored unless the pattern's local
 * part has a `+`.
 * The empty address (null reverse-path) matches only `*`.
 */
export function matchesAddress(pattern: AddressPattern, address: string): boolean {
  return addressMatcher(address)(pattern);
}

export function matchesAny(patterns: readonly AddressPattern[], address: string): boolean {
  return patterns.some(addressMatcher(address));
}

/** `matchesAddress` for one address and many patterns: the address is taken apart once, if at all. */
export function addressMatcher(address: string): (pattern: AddressPattern) => boolean {
  return (pattern) => {
    if (pattern === '*') return true;
    const subject = subjectOf(address);
    return subject !== null && matches(pattern, subject);
  };
}

/** The address asked about last: a message asks about its sender many times in a row. */
let last: { address: string; subject: ComparableAddress | null } = { address: '', subject: null };

function subjectOf(address: string): ComparableAddress | null {
  if (last.address !== address) last = { address, subject: comparableAddress(address) };
  return last.subject;
}

function matches(pattern: AddressPattern, subject: ComparableAddress): boolean {
  const parsed = parsePattern(pattern);
  if (parsed === null || !globMatches(parsed.domain, subject.domain)) return false;
  if (globMatches(parsed.local, subject.local)) return true;
  const plus = subject.local.indexOf('+');
  const ignoresDetail = plus > 0 && !parsed.local.some((piece) => piece.includes('+'));
  return ignoresDetail && globMatches(parsed.local, subject.local.slice(0, plus));
}

/**
 * Patterns come from one configuration and are asked about for every message: each is read once.
 */
const parsedPatterns = new Map<AddressPattern, ParsedPattern | null>();
/** Reloads bring new ones; beyond this the memory of old ones is dropped. */
const parsedPatternsMax = 10_000;

function parsePattern(pattern: AddressPattern): ParsedPattern | null {
  const known = parsedPatterns.get(pattern);
  if (known !== undefined) return known;
  if (parsedPatterns.size >= parsedPatternsMax) parsedPatterns.clear();
  const parsed = readPattern(pattern);
  parsedPatterns.set(pattern, parsed);
  return parsed;
}

/** Null for what names no address (no `@` and not `*`): it matches nothing. */
function readPattern(pattern: AddressPattern): ParsedPattern | null {
  if (pattern === '*') return { local: ANYTHING, domain: ANYTHING };
  const at = pattern.lastIndexOf('@');
  if (at < 0) return null;
  const domain = comparableDomain(pattern.slice(at + 1)).split('*');
  if (at === 0) return { local: ANYTHING, domain };
  const { local } = comparableAddress(pattern) ?? { local: '' };
  return { local: isQuoted(pattern.slice(0, at)) ? [local] : local.split('*'), domain };
}

/**
 * Leftmost placement of each piece suffices when `*` is the only wildcard: linear, no backtracking.
 */
function globMatches(glob: Glob, text: string): boolean {
  const first = glob[0] ?? '';
  if (glob.length === 1) return text === first;
  const last = glob.at(-1) ?? '';
  if (!text.startsWith(first) || !text.endsWith(last)) return false;
  const end = text.length - last.length;
  let from = first.length;
  for (const piece of glob.slice(1, -1)) {
    const found = text.indexOf(piece, from);
    if (found < 0) return false;
    from = found + piece.length;
  }
  return from <= end;
}
