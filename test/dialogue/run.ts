import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { expect } from 'vitest';
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

const patienceMs = 5_000;

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

class Client {
  last: readonly string[] = [];
  #socket: Socket;
  #received = '';
  #ended = false;
  #changed = (): void => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#listen();
  }

  static async open(target: Target): Promise<Client> {
    const { host, port, implicitTls } = target;
    const socket = implicitTls
      ? connectTls({ host, port, rejectUnauthorized: false })
      : connect({ host, port });
    socket.setNoDelay(true);
    await once(socket, implicitTls ? 'secureConnect' : 'connect');
    return new Client(socket);
  }

  /** In a segment of its own: the next one leaves after the relay had time to read this. */
  async send(bytes: Buffer): Promise<void> {
    this.#socket.write(bytes);
    await new Promise((resolve) => {
      setTimeout(resolve, 2);
    });
  }

  /** The lines of the next reply. */
  async reply(where: string): Promise<readonly string[]> {
    const whole = /^(?:\d{3}-[^\n]*\n)*\d{3}(?: [^\n]*)?\n/;
    await this.#until(() => whole.test(this.#received) || this.#ended, where);
    const text = whole.exec(this.#received)?.[0];
    expect(text, `${where}: no reply; received ${JSON.stringify(this.#received)}`).toBeDefined();
    this.#received = this.#received.slice(text?.length);
    this.last = (text ?? '').split('\r\n').slice(0, -1);
    return this.last;
  }

  async closed(where: string): Promise<void> {
    await this.#until(() => this.#ended, where);
    expect(this.#received, `${where}: there was more before the end`).toBe('');
  }

  async startTls(): Promise<void> {
    this.#socket.removeAllListeners('data');
    const socket = connectTls({ socket: this.#socket, rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    this.#socket = socket;
    this.#listen();
  }

  close(): void {
    this.#socket.destroy();
  }

  #listen(): void {
    this.#socket.on('data', (chunk: Buffer) => {
      this.#received += chunk.toString('latin1');
      this.#changed();
    });
    for (const event of ['end', 'error', 'close']) {
      this.#socket.on(event, () => {
        this.#ended = true;
        this.#changed();
      });
    }
  }

  async #until(condition: () => boolean, where: string): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const received = (): string => JSON.stringify(this.#received);
      const fail = (): void => reject(new Error(`${where}: nothing came; have ${received()}`));
      timer = setTimeout(fail, patienceMs);
    });
    try {
      while (!condition()) {
        const change = new Promise<void>((resolve) => {
          this.#changed = resolve;
        });
        await Promise.race([change, late]);
      }
    } finally {
      clearTimeout(timer);
    }
  }
}
