import { nearest } from '../lib/nearest.ts';

/**
 * Words for what stands in the file where something else should. Mappings and lists are never
 * printed.
 */
export function found(value: unknown): string {
  if (value === null || value === undefined) return 'found nothing';
  if (Array.isArray(value)) return 'found a list';
  if (typeof value === 'object') return 'found a mapping';
  if (typeof value === 'string') return `found the text ${JSON.stringify(shortened(value))}`;
  if (typeof value === 'number') return `found the number ${value}`;
  return `found ${String(value)}`;
}

const shownTextMax = 60;

function shortened(text: string): string {
  return text.length > shownTextMax ? `${text.slice(0, shownTextMax)}...` : text;
}

/** `expected a duration such as 30s or 5m, found the number 5` */
export function wanted(what: string, examples: readonly string[], value: unknown): string {
  const such = examples.length === 0 ? '' : ` such as ${either(examples)}`;
  return value === undefined
    ? `missing; give ${what}${such}`
    : `expected ${what}${such}, ${found(value)}${quotesHint(what, value)}`;
}

/** `30s, 5m or 4h` */
export function either(words: readonly string[]): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

/** A number or a truth value in quotes is text to YAML, which surprises people. */
function quotesHint(what: string, value: unknown): string {
  if (typeof value !== 'string') return '';
  const bare = what.includes('number')
    ? /^\d+$/
    : what === 'true or false'
      ? /^(?:true|false)$/
      : null;
  return bare?.test(value) ? '; remove the quotes' : '';
}

/** `; did you mean "starttls"?`, or nothing when no known word is near. */
export function didYouMean(word: string, known: Iterable<string>): string {
  const guess = SYNONYMS[word];
  const words = [...known];
  const near = guess !== undefined && words.includes(guess) ? guess : nearest(word, words);
  return near === null ? '' : `; did you mean ${JSON.stringify(near)}?`;
}

/** What people who know other mail software write, and what the key is called here. */
const SYNONYMS: Readonly<Record<string, string>> = {
  user: 'username',
  login: 'username',
  pass: 'password',
  secret: 'password',
  from: 'sender',
  from_: 'sender',
  to: 'recipient',
  server: 'host',
  hostname: 'host',
  relayhost: 'host',
  bind: 'listen',
  address: 'listen',
  cert: 'certificate',
  sni: 'servername',
  ttl: 'lifetime',
  max_size: 'message_size',
  size: 'message_size',
  account: 'accounts',
  upstreams: 'accounts',
  users: 'clients',
  environment: 'env',
  path: 'file',
};
