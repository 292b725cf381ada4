/*
 * The language of the dialogue files. A dialogue begins with a comment that names its RFC section and says what it
 * shows; an empty line ends it. Its lines:
 *
 *   @ strict             the relay of relays.ts it talks to; without it, `plain`
 *   S 250 2.1.0          the relay replies: code, and how the text of its first line begins
 *   S+ SIZE 1000         a line of that reply begins so
 *   S- AUTH              no line of that reply begins so
 *   C EHLO app.example   the client sends a line
 *   R .\r\n              the client sends these bytes in a segment of their own; \r \n \t \0 \\ \xE4, and
 *                        \{x*500} for 500 times x
 *   LOGIN                greeting, EHLO and AUTH as the client `shop`
 *   TLS                  the client starts a TLS handshake
 *   CLOSED               the relay closes the connection
 *   Q messages 1         the relay has taken so many messages in this dialogue
 *   Q from a@b.example   of the last of them: the reverse-path,
 *   Q to a@b c@d         the forward-paths,
 *   Q ends body\r\n      how its bytes end,
 *   Q has text           what its bytes contain,
 *   Q lacks text         and what they do not
 */
export type Line =
  | { readonly is: 'reply'; readonly code: number; readonly text: string }
  | { readonly is: 'reply-has' | 'reply-lacks'; readonly text: string }
  | { readonly is: 'send'; readonly bytes: Buffer }
  | { readonly is: 'login' | 'tls' | 'closed' }
  | { readonly is: 'queue'; readonly about: QueueQuestion; readonly text: string };

export type QueueQuestion = 'messages' | 'from' | 'to' | 'ends' | 'has' | 'lacks';

export interface Dialogue {
  readonly title: string;
  readonly relay: string;
  readonly lines: readonly (Line & { readonly number: number })[];
}

/** Throws with the line's number at what is not of the language. */
export function parseDialogues(text: string, file: string): Dialogue[] {
  const dialogues: Dialogue[] = [];
  let number = 1;
  for (const block of text.split(/\n{2,}/)) {
    const first = number;
    number += block.split('\n').length + 1;
    if (block.trim() !== '') dialogues.push(parseDialogue(block.trim(), { file, first }));
  }
  return dialogues;
}

function parseDialogue(block: string, at: { file: string; first: number }): Dialogue {
  let title = '';
  let relay = 'plain';
  const lines: (Line & { number: number })[] = [];
  for (const [index, line] of block.split('\n').entries()) {
    const number = at.first + index;
    if (line.startsWith('#')) title = `${title} ${line.slice(1).trim()}`.trim();
    else if (line.startsWith('@ ')) relay = line.slice(2).trim();
    else {
      const parsed = parseLine(line);
      if (parsed === null) throw new Error(`${at.file}:${number}: not understood: ${line}`);
      lines.push({ ...parsed, number });
    }
  }
  if (!/^RFC \d+/.test(title)) {
    throw new Error(`${at.file}:${at.first}: a dialogue begins with the RFC section it shows`);
  }
  return { title, relay, lines };
}

const QUESTIONS: readonly string[] = ['messages', 'from', 'to', 'ends', 'has', 'lacks'];

function parseLine(line: string): Line | null {
  const [, kind = '', rest = ''] = /^(\S+) ?(.*)$/.exec(line) ?? [];
  switch (kind) {
    case 'S': {
      const [, code, text = ''] = /^(\d{3}) ?(.*)$/.exec(rest) ?? [];
      return code === undefined ? null : { is: 'reply', code: Number(code), text };
    }
    case 'S+':
      return { is: 'reply-has', text: rest };
    case 'S-':
      return { is: 'reply-lacks', text: rest };
    case 'C':
      return { is: 'send', bytes: Buffer.from(`${rest}\r\n`, 'utf8') };
    case 'R':
      return { is: 'send', bytes: Buffer.from(unescaped(rest), 'latin1') };
    case 'LOGIN':
      return { is: 'login' };
    case 'TLS':
      return { is: 'tls' };
    case 'CLOSED':
      return { is: 'closed' };
    case 'Q': {
      const [, about = '', text = ''] = /^(\S+) ?(.*)$/.exec(rest) ?? [];
      if (!QUESTIONS.includes(about)) return null;
      return { is: 'queue', about: about as QueueQuestion, text: unescaped(text) };
    }
    default:
      return null;
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  r: '\r',
  n: '\n',
  t: '\t',
  '0': '\0',
  '\\': '\\',
};

function unescaped(text: string): string {
  const repeated = text.replace(/\\\{(.)\*(\d+)\}/g, (_, letter: string, times: string) =>
    letter.repeat(Number(times)),
  );
  return repeated.replace(/\\(?:x([0-9A-Fa-f]{2})|(.))/g, (_, hex?: string, letter = '') =>
    hex === undefined ? (ESCAPES[letter] ?? letter) : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
