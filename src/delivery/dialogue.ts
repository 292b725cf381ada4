/** Kept of one transaction, and of the opening: more than any honest dialogue has. */
const entriesMax = 200;
const entryCharactersMax = 2_000;
/** What is made of it for the history. */
const lineCharactersMax = 300;
const headCharactersMax = 1_000;
const tailCharactersMax = 1_500;

/**
 * What was said on a session: its opening and the last transaction, so that a failure can be shown
 * to whoever has to explain it. Logins are not in it, nor is content. Nothing is formatted before
 * somebody asks.
 */
export class Dialogue {
  #opening: readonly string[] | null = null;
  #current: string[] = [];
  #left = 0;
  /** Between AUTH and its last reply all that is said may be a secret. */
  #secret = false;

  /** A transaction begins; what came before the first one is the opening. */
  begin(): void {
    this.#opening ??= this.#current;
    this.#current = [];
    this.#left = 0;
  }

  /** One command or several, as they go out. */
  sent(commands: string): void {
    if (this.#secret) {
      this.#add('>', '[secret]');
      return;
    }
    const login = /^AUTH +\S+/i.exec(commands);
    this.#secret = login !== null;
    this.#add('>', login === null ? commands : `${login[0]} [secret]`);
  }

  /** One reply as it came, of one line or several. */
  received(reply: string): void {
    const challenge = this.#secret && reply.startsWith('334');
    this.#secret = challenge;
    this.#add('<', challenge ? '334 [secret]' : reply);
  }

  /** Not said by anybody. */
  remark(text: string): void {
    this.#add('', `(${text})`);
  }

  /** Line by line, cut in the middle when it is long. */
  lines(): string[] {
    const all = [...(this.#opening ?? []), ...this.#current].flatMap(linesOf);
    if (this.#left > 0) all.push(`(${this.#left} more not kept)`);
    const head = fitting(all, headCharactersMax);
    const rest = all.slice(head);
    const tail = fitting(rest.toReversed(), tailCharactersMax);
    const cut = rest.length - tail;
    const remark = cut === 0 ? [] : [`(${cut} lines left out)`];
    return [...all.slice(0, head), ...remark, ...rest.slice(cut)];
  }

  #add(mark: string, text: string): void {
    if (this.#current.length < entriesMax) {
      this.#current.push(`${mark}${text.slice(0, entryCharactersMax)}`);
    } else {
      this.#left += 1;
    }
  }
}

/** Every occurrence of a secret, plain or in base64, is hidden: a server may repeat what it got. */
export function withoutSecrets(lines: readonly string[], secrets: readonly string[]): string[] {
  const hidden = secrets
    .filter((secret) => secret !== '')
    .flatMap((secret) => [secret, Buffer.from(secret).toString('base64')]);
  return lines.map((line) =>
    hidden.reduce((text, secret) => text.replaceAll(secret, '[secret]'), line),
  );
}

function linesOf(entry: string): string[] {
  const mark = entry[0] === '(' ? '' : `${entry[0]} `;
  return entry
    .slice(mark === '' ? 0 : 1)
    .split(/\r?\n/)
    .filter((line) => line !== '')
    .map((line) => `${mark}${line}`.slice(0, lineCharactersMax));
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
