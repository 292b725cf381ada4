import { cut } from '../lib/printable.ts';
import { noTap, type Tap } from './traces.ts';

/** Kept of one transaction, and of the opening: more than any honest dialogue has. */
const entriesMax = 200;
const entryCharactersMax = 2_000;
/** What is made of it for the history. */
const lineCharactersMax = 300;
const headCharactersMax = 1_000;
const tailCharactersMax = 1_500;

/**
 * What was said on a session: its opening and the last transaction, so that a failure can be shown
 * to whoever has to explain it, and told to whoever watches. Logins are not in it, nor is content;
 * nor is any secret that a server repeats. Nothing is formatted before somebody asks.
 */
export class Dialogue {
  #opening: readonly string[] | null = null;
  #current: string[] = [];
  #left = 0;
  /** Between AUTH and its last reply all that is said may be a secret. */
  #loggingIn = false;
  readonly #tap: Tap;
  /** Those of the account, and what was said to log in. */
  readonly #secrets: string[];

  constructor(secrets: readonly string[] = [], tap: Tap = noTap) {
    this.#secrets = [...secrets];
    this.#tap = tap;
  }

  /** A transaction begins; what came before the first one is the opening. */
  begin(): void {
    this.#opening ??= this.#current;
    this.#current = [];
    this.#left = 0;
  }

  /** One command or several, as they go out. */
  sent(commands: string): void {
    const shown = this.#loggingIn ? this.#login(commands) : this.#command(commands);
    this.#add('>', shown);
    if (!this.#tap.live) return;
    for (const one of this.#hiding(shown).trimEnd().split('\r\n')) this.#tap.tell('sent', one);
  }

  /** One reply as it came, of one line or several. */
  received(reply: string): void {
    this.#loggingIn &&= reply.startsWith('334');
    const shown = this.#loggingIn ? '334 [secret]' : reply;
    this.#add('<', shown);
    if (this.#tap.live) this.#tap.tell('received', this.#hiding(shown));
  }

  /** Not said by anybody. */
  remark(text: string): void {
    this.#add('', `(${text})`);
  }

  /** Line by line, cut in the middle when it is long. */
  lines(): string[] {
    const all = [...(this.#opening ?? []), ...this.#current].flatMap((entry) =>
      linesOf(this.#hiding(entry)),
    );
    if (this.#left > 0) all.push(`(${this.#left} more not kept)`);
    const head = fitting(all, headCharactersMax);
    const rest = all.slice(head);
    const tail = fitting(rest.toReversed(), tailCharactersMax);
    const cut = rest.length - tail;
    const remark = cut === 0 ? [] : [`(${cut} lines left out)`];
    return [...all.slice(0, head), ...remark, ...rest.slice(cut)];
  }

  #command(commands: string): string {
    const [, verb, response = ''] = /^(AUTH +\S+)(.*)$/is.exec(commands) ?? [];
    if (verb === undefined) return commands;
    this.#loggingIn = true;
    return response === '' ? verb : `${verb} ${this.#login(response)}`;
  }

  /** Remembered, so that it can be told when it comes back. */
  #login(response: string): string {
    this.#secrets.push(response.trim());
    return '[secret]';
  }

  /** A server may repeat what it got: every secret is hidden, plain and in base64. */
  #hiding(text: string): string {
    return this.#secrets
      .filter((secret) => secret !== '')
      .flatMap((secret) => [secret, Buffer.from(secret).toString('base64')])
      .reduce((rest, secret) => rest.replaceAll(secret, '[secret]'), text);
  }

  #add(mark: string, text: string): void {
    if (this.#current.length < entriesMax) {
      // A secret that the cut goes through would no longer be known for one.
      const whole = text.length <= entryCharactersMax ? text : this.#hiding(text);
      this.#current.push(`${mark}${cut(whole, entryCharactersMax)}`);
    } else {
      this.#left += 1;
    }
  }
}

function linesOf(entry: string): string[] {
  const mark = entry[0] === '(' ? '' : `${entry[0]} `;
  return entry
    .slice(mark === '' ? 0 : 1)
    .split(/\r?\n/)
    .filter((line) => line !== '')
    .map((line) => cut(`${mark}${line}`, lineCharactersMax));
}

/** How many of the first lines have at most so many characters together. */
function fitting(lines: readonly string[], charactersMax: number): number {
  let characters = 0;
  const end = lines.findIndex((line) => {
    characters += line.length;
    return characters > charactersMax;
  });
  return end < 0 ? lines.length : end;
}
