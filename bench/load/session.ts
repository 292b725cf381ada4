import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { createSecureContext, connect as secureConnect } from 'node:tls';

/** How the clients of one load reach a server and who they are. */
export interface Target {
  readonly port: number;
  /** STARTTLS and AUTH PLAIN; null: in clear and without a login. */
  readonly login: { readonly username: string; readonly password: string } | null;
}

/**
 * Every client's, for what it costs is not the servers': it looks at no certificate, and it names the one key exchange
 * that all of them have, since Node's own favourite (X25519MLKEM768, dearer) is not in the OpenSSL 3.0 of the
 * peers. Each session makes a handshake of its own, as the mail libraries of most languages do: none is resumed.
 */
const context = createSecureContext({ ca: [], ecdhCurve: 'X25519' });

/** One SMTP connection of a client that waits for each reply, as most do. */
export interface Session {
  send(reversePath: string, body: string): Promise<void>;
  quit(): Promise<void>;
}

export async function openSession(target: Target): Promise<Session> {
  const plain = createConnection({ port: target.port, host: '127.0.0.1', noDelay: true });
  let line = lineOf(plain);
  await line.reply('220');
  await line.ask('EHLO bench.test', '250');
  if (target.login !== null) {
    const { username, password } = target.login;
    await line.ask('STARTTLS', '220');
    line.release();
    const socket = secureConnect({
      ...{ socket: plain, secureContext: context, servername: 'relay.test' },
      rejectUnauthorized: false,
    });
    line = lineOf(socket);
    await once(socket, 'secureConnect');
    await line.ask('EHLO bench.test', '250');
    const secret = Buffer.from(`\0${username}\0${password}`).toString('base64');
    await line.ask(`AUTH PLAIN ${secret}`, '235');
  }
  return {
    async send(reversePath, body) {
      await line.ask(`MAIL FROM:<${reversePath}>`, '250');
      await line.ask('RCPT TO:<somebody@sink.test>', '250');
      await line.ask('DATA', '354');
      await line.ask(`${body}.`, '250');
    },
    async quit() {
      await line.ask('QUIT', '221');
      line.end();
    },
  };
}

interface Line {
  reply(code: string): Promise<void>;
  ask(command: string, code: string): Promise<void>;
  /** Leaves the socket to somebody else. */
  release(): void;
  end(): void;
}

/** Commands and replies, one at a time. */
function lineOf(socket: Socket): Line {
  let text = '';
  let gone: Error | null = null;
  let waiter: { resolve: (reply: string) => void; reject: (reason: Error) => void } | null = null;
  const settle = (): void => {
    const reply = /^(?:\d{3}-.*\r?\n)*\d{3}(?: .*)?\r?\n/.exec(text)?.[0];
    if (waiter === null || (reply === undefined && gone === null)) return;
    const { resolve, reject } = waiter;
    waiter = null;
    if (reply === undefined) {
      reject(gone ?? new Error('no reply'));
      return;
    }
    text = text.slice(reply.length);
    resolve(reply);
  };
  const onData = (chunk: Buffer): void => {
    text += chunk.toString('latin1');
    settle();
  };
  const onGone = (reason?: unknown): void => {
    gone ??= reason instanceof Error ? reason : new Error('the server closed the connection');
    settle();
  };
  socket.on('data', onData).on('error', onGone).on('close', onGone);
  const reply = async (code: string): Promise<void> => {
    const said = await new Promise<string>((resolve, reject) => {
      waiter = { resolve, reject };
      settle();
    });
    if (!said.startsWith(code)) throw new Error(`expected ${code}, got ${said.trim()}`);
  };
  return {
    reply,
    ask(command, code) {
      socket.write(`${command}\r\n`, 'latin1');
      return reply(code);
    },
    release: () => void socket.off('data', onData),
    end: () => void socket.end(),
  };
}
