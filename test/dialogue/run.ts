import { expect } from 'vitest';
import { Client } from './client.ts';
import type { Dialogue, Line } from './language.ts';

/** A message the relay took. */
export interface Taken {
  readonly reversePath: string;
  readonly forwardPaths: readonly string[];
  /** As it goes upstream. */
  readonly bytes: Buffer;
}

export interface Target {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte. */
  readonly implicitTls: boolean;
  /** Messages taken so far; null when the queue cannot be seen, then `Q` lines are passed over. */
  readonly taken: (() => Promise<readonly Taken[]>) | null;
}

/** base64 of NUL shop NUL open-sesame */
export const shopPlain = Buffer.from('\0shop\0open-sesame').toString('base64');

/** Plays the client's part and expects the relay's; the first line that goes otherwise fails. */
export async function runDialogue(dialogue: Dialogue, target: Target): Promise<void> {
  const before = (await target.taken?.())?.length ?? 0;
  const client = await Client.open(target);
  try {
    for (const line of dialogue.lines) await play(client, line, { target, before });
  } finally {
    client.close();
  }
}

async function play(
  client: Client,
  line: Line & { readonly number: number },
  { target, before }: { target: Target; before: number },
): Promise<void> {
  const where = `line ${line.number}`;
  switch (line.is) {
    case 'send':
      return client.send(line.bytes);
    case 'reply': {
      const reply = await client.reply(where);
      expect(reply[0]?.slice(0, 3), `${where}: ${reply.join(' / ')}`).toBe(String(line.code));
      expect(reply[0]?.slice(4, 4 + line.text.length), where).toBe(line.text);
      return;
    }
    case 'reply-has':
      expect(client.last, where).toContainEqual(expect.stringMatching(begins(line.text)));
      return;
    case 'reply-lacks':
      expect(client.last, where).not.toContainEqual(expect.stringMatching(begins(line.text)));
      return;
    case 'login':
      return login(client, where);
    case 'tls':
      return client.startTls();
    case 'closed':
      return client.closed(where);
    case 'queue':
      if (target.taken !== null) {
        judgeQueue((await target.taken()).slice(before), line, where);
      }
  }
}

function begins(text: string): RegExp {
  return new RegExp(`^\\d{3}[- ]${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`);
}

async function login(client: Client, where: string): Promise<void> {
  const steps = [
    ['220', ''],
    ['250', 'EHLO app.example\r\n'],
    ['235', `AUTH PLAIN ${shopPlain}\r\n`],
  ] as const;
  for (const [code, line] of steps) {
    if (line !== '') await client.send(Buffer.from(line));
    expect((await client.reply(where))[0], `${where}: LOGIN`).toMatch(new RegExp(`^${code}`));
  }
}

function judgeQueue(
  taken: readonly Taken[],
  { about, text }: Extract<Line, { is: 'queue' }>,
  where: string,
): void {
  if (about === 'messages') {
    expect(taken.length, where).toBe(Number(text));
    return;
  }
  const last = taken.at(-1);
  expect(last, `${where}: no message was taken`).toBeDefined();
  const bytes = last?.bytes.toString('latin1') ?? '';
  if (about === 'from') expect(last?.reversePath, where).toBe(utf8(text));
  else if (about === 'to') expect(last?.forwardPaths, where).toEqual(utf8(text).split(' '));
  else if (about === 'ends') expect(bytes.slice(-text.length), where).toBe(text);
  else if (about === 'has') expect(bytes, where).toContain(text);
  else expect(bytes, where).not.toContain(text);
}

function utf8(latin1: string): string {
  return /[^\x00-\xff]/.test(latin1) ? latin1 : Buffer.from(latin1, 'latin1').toString('utf8');
}
