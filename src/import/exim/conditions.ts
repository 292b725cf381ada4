import { type ListKind, type Scope, Unsupported } from './scope.ts';

/** What a condition needs of the text it stands in. */
export interface ConditionText {
  readonly scope: Scope;
  /** Reads what the pattern matches at this place; null, and nothing read, when it does not. */
  take(pattern: RegExp): string | null;
  /** The next argument in braces, expanded; not worked out with `skip`. */
  argument(skip: boolean): string;
  matched(groups: readonly string[]): void;
}

/** The conditions of `${if` (section 11.7 of Exim's specification). */
export function readCondition(text: ConditionText, skip: boolean): boolean {
  if (text.take(/^\s*!/) !== null) return !readCondition(text, skip);
  const variable = text.take(/^\s*def:[A-Za-z0-9_]+:?/);
  if (variable !== null) return !skip && defined(variable, text.scope);
  const word = text.take(/^\s*(?:[a-z][a-z0-9_]*|[<>]=?|==?)/)?.trim() ?? '';
  if (word === 'and' || word === 'or') return junction(word, text, skip);
  const known = CONDITIONS[word];
  if (known === undefined) throw new Unsupported(`it uses the condition ${word || 'at hand'}`);
  const [count, holds] = known;
  const values = Array.from({ length: count }, () => text.argument(skip));
  return !skip && holds(values, text);
}

function defined(condition: string, scope: Scope): boolean {
  const name = condition.trim().slice('def:'.length).replace(/:$/, '');
  return (scope.variable(name) ?? '') !== '';
}

/** `and{{…}{…}}`: once it is decided the rest is passed over. */
function junction(word: 'and' | 'or', text: ConditionText, skip: boolean): boolean {
  if (text.take(/^\s*\{/) === null) throw new Unsupported('its braces do not match');
  const decides = word === 'or';
  let decided = false;
  while (text.take(/^\s*\{/) !== null) {
    decided = readCondition(text, skip || decided) === decides || decided;
    if (text.take(/^\s*\}/) === null) throw new Unsupported('its braces do not match');
  }
  if (text.take(/^\s*\}/) === null) throw new Unsupported('its braces do not match');
  return decided === decides;
}

type Condition = readonly [number, (values: readonly string[], text: ConditionText) => boolean];

const ofTwo = (holds: (a: string, b: string) => boolean): Condition => [
  2,
  ([a = '', b = '']) => holds(a, b),
];
const inList = (kind: ListKind): Condition => [
  2,
  ([subject = '', list = ''], { scope }) => scope.inList(kind, subject, list),
];
const numeric = (holds: (a: number, b: number) => boolean) =>
  ofTwo((a, b) => holds(Number(a), Number(b)));

const CONDITIONS: Readonly<Record<string, Condition>> = {
  eq: ofTwo((a, b) => a === b),
  eqi: ofTwo((a, b) => a.toLowerCase() === b.toLowerCase()),
  '=': numeric((a, b) => a === b),
  '==': numeric((a, b) => a === b),
  '<': numeric((a, b) => a < b),
  '>': numeric((a, b) => a > b),
  '<=': numeric((a, b) => a <= b),
  '>=': numeric((a, b) => a >= b),
  match: [
    2,
    ([subject = '', pattern = ''], text) => {
      const found = regex(
        pattern.replace(/^\(\?i\)/, ''),
        pattern.startsWith('(?i)') ? 'is' : 's',
      ).exec(subject);
      if (found !== null) text.matched(found.map((group) => group ?? ''));
      return found !== null;
    },
  ],
  match_domain: inList('domain'),
  match_address: inList('address'),
  match_local_part: inList('local_part'),
  match_ip: inList('host'),
  inlist: ofTwo((subject, list) => list.split(/\s*:\s*/).includes(subject)),
  inlisti: ofTwo((subject, list) =>
    list
      .toLowerCase()
      .split(/\s*:\s*/)
      .includes(subject.toLowerCase()),
  ),
  exists: [1, ([path = ''], { scope }) => scope.read(path.trim()) !== null],
  bool: [1, ([value = '']) => truthOf(value)],
  bool_lax: [1, ([value = '']) => !/^\s*(?:0|no|false)?\s*$/i.test(value)],
  isip: [1, ([value = '']) => /^[\d.]+$|:/.test(value)],
  first_delivery: [0, () => true],
};

/** Throws Unsupported for what is Perl's only. */
export function regex(pattern: string, flags: string): RegExp {
  try {
    return new RegExp(pattern, flags);
  } catch {
    throw new Unsupported(`its regular expression ${pattern} is of another kind`);
  }
}

/** What a router's `condition` and `bool{}` take for true. */
export function truthOf(value: string): boolean {
  return !/^(?:\s*|-?0+|no|false)$/i.test(value.trim());
}
