/*
 * Addresses of a From field (RFC 5322 section 3.4). Who may send as whom hangs on them, so what
 * could be read in two ways is not read at all.
 */

/** What one element of the list has shown so far. */
interface Element {
  /** Text outside angle brackets: a display name, or the address itself. */
  plain: string;
  /** What stood between angle brackets. */
  angle: string | null;
  /** The first comment, brackets included; '' without. */
  comment: string;
}

export interface Mailbox {
  readonly address: string;
  /** As it may stand before `<address>`: atoms, a quoted string, encoded words. '' without. */
  readonly name: string;
}

/**
 * The addresses in an unfolded field value, as they stand there: with display names, comments,
 * groups and quoted strings. Empty for a list without any (`undisclosed:;`); null when it cannot be
 * read beyond doubt.
 */
export function parseAddressList(value: string): readonly string[] | null {
  const only = ONLY_ADDRESS.exec(value)?.[1];
  if (only !== undefined && only.length <= addressLengthMax) return [only];
  return parseMailboxes(value)?.map(({ address }) => address) ?? null;
}

/** The same with the display names. */
export function parseMailboxes(value: string): readonly Mailbox[] | null {
  const mailboxes: Mailbox[] = [];
  let element: Element = { plain: '', angle: null, comment: '' };
  const close = (): boolean => {
    const address = addressOf(element);
    if (address !== null && address !== '') mailboxes.push({ address, name: nameOf(element) });
    element = { plain: '', angle: null, comment: '' };
    return address !== null;
  };
  let index = 0;
  while (index < value.length) {
    const token = tokenAt(value, index);
    if (token === null) return null;
    index += token.length;
    const [first] = token;
    if (first === '(') {
      element.comment ||= token;
    } else if (first === '<') {
      if (element.angle !== null) return null;
      element.angle = withoutComments(token.slice(1, -1));
      if (element.angle === null) return null;
    } else if (first === ',' || first === ';') {
      if (!close()) return null;
    } else if (first === ':') {
      // The name of a group; its members follow.
      if (element.angle !== null) return null;
      element.plain = '';
    } else {
      if (element.angle !== null && token.trim() !== '') return null;
      element.plain += token;
    }
  }
  return close() ? mailboxes : null;
}

/**
 * The next comment, angle-addr, quoted string, domain literal, delimiter or run of text; null:
 * unfinished.
 */
export function tokenAt(text: string, from: number): string | null {
  switch (text[from]) {
    case '(':
      return enclosed(text, from);
    case '<':
      return enclosed(text, from);
    case '"':
      return enclosed(text, from);
    case '[':
      return enclosed(text, from);
    case ',':
    case ';':
    case ':':
      return text.slice(from, from + 1);
    case ')':
    case '>':
    case ']':
      return null;
    default:
      return /^[^()<>[\]",;:]+/.exec(text.slice(from))?.[0] ?? null;
  }
}

const CLOSING: Readonly<Record<string, string>> = { '(': ')', '<': '>', '"': '"', '[': ']' };

/**
 * The text up to the bracket that closes the one at `from`, both included; null when there is none.
 */
function enclosed(text: string, from: number): string | null {
  const open: string[] = [];
  for (let index = from; index < text.length; index++) {
    const character = text[index] ?? '';
    const inside = open.at(-1);
    if (character === '\\' && inside !== '<' && inside !== '[') {
      index += 1;
    } else if (inside !== undefined && character === CLOSING[inside]) {
      open.pop();
      if (open.length === 0) return text.slice(from, index + 1);
    } else if (opens(character, inside)) {
      open.push(character);
    }
  }
  return null;
}

/**
 * Comments nest; an angle-addr may hold comments, quoted strings and literals; the others hold text
 * only.
 */
function opens(character: string, inside: string | undefined): boolean {
  if (inside === undefined) return true;
  if (inside === '(') return character === '(';
  return inside === '<' && (character === '(' || character === '"' || character === '[');
}

/** Null when a comment does not end. */
function withoutComments(text: string): string | null {
  let rest = '';
  let index = 0;
  while (index < text.length) {
    const character = text[index] ?? '';
    const whole = CLOSING[character] === undefined ? character : enclosed(text, index);
    if (whole === null) return null;
    if (character !== '(') rest += whole;
    index += whole.length;
  }
  return rest;
}

/** RFC 5322 section 3.4: an old way to give the name is a comment after the bare address. */
function nameOf({ plain, angle, comment }: Element): string {
  if (angle !== null) return plain.trim();
  const text = comment.slice(1, -1).replace(/\\(.)/gs, '$1').trim();
  const isPhrase = /^[A-Za-z0-9 !#$%&'*+/=?^_`{|}~-]*$/.test(text);
  return isPhrase ? text : `"${text.replace(/["\\]/g, '\\$&')}"`;
}

/** RFC 5322 section 2.1.1: the longest line. */
const addressLengthMax = 998;

/** '' for an element without anything in it, null for one that is no address. */
function addressOf(element: Element): string | null {
  const { plain, angle } = element;
  if (angle === null && plain.trim() === '') return '';
  const raw = (angle ?? plain).trim();
  if (raw.length > addressLengthMax) return null;
  // RFC 5322 section 4.4: white space around dots and `@`, and a route, are obsolete but to be
  // read.
  const spec = raw.replace(/\s*([.@])\s*/g, '$1');
  const address = angle === null ? spec : spec.replace(/^@[^\s,:"]+(?:,@[^\s,:"]+)*:/, '');
  return ADDRESS.test(address) ? address : null;
}

/** Nothing that RFC 5322 section 3.2.3 keeps for other uses, and no white space. */
const PLAIN = String.raw`[^\s@<>()[\]",;:\\\x00-\x1f\x7f]+`;
const QUOTED = String.raw`"(?:[^"\\\x00-\x1f\x7f]|\\[\x20-\x7e])*"`;
const LITERAL = String.raw`\[[^\s[\]\\]*\]`;
/** What nearly every From field is: one plain address in angle brackets, behind words or nothing. */
const ONLY_ADDRESS = new RegExp(String.raw`^[^()<>[\]",;:]*<(${PLAIN}@${PLAIN})>$`);
const ADDRESS = new RegExp(`^(?:${PLAIN}|${QUOTED})@(?:${PLAIN}|${LITERAL})$`);
