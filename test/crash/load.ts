import { connect, type Socket } from 'node:net';

export interface Load {
  /** Tokens of messages whose final dot was answered with 250. */
  readonly acknowledged: Set<string>;
  /** Resolves when every session has ended: cut by a kill, or told to stop. */
  stop(): Promise<void>;
}

interface LoadOptions {
  readonly port: number;
  readonly sessions: number;
  /** Gives each message its token: unique over the whole test. */
  readonly nextToken: () => string;
  readonly acknowledged: Set<string>;
}

/** Sessions that submit one small message after the other until they are cut off or stopped. */
export function startLoad(options: LoadOptions): Load {
  let stopping = false;
  const sessions = Array.from({ length: options.sessions }, () =>
    runSession(options, () => stopping),
  );
  return {
    acknowledged: options.acknowledged,
    stop: async () => {
      stopping = true;
      await Promise.all(sessions);
    },
  };
}

/** Never rejects: a session that is cut off simply ends, that is what the test is about. */
function runSession(options: LoadOptions, stopping: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const socket: Socket = connect(options.port, '127.0.0.1');
    let token = '';
    let buffer = '';
    const steps: Record<string, () => void> = {
      greeting: () => send('ehlo', 'EHLO load.test\r\n'),
      ehlo: () => begin(),
      mail: () => send('rcpt', `RCPT TO:<${token}@dest.test>\r\n`),
      rcpt: () => send('data', 'DATA\r\n'),
      data: () => send('dot', `From: <a@relay.test>\r\nSubject: ${token}\r\n\r\n${token}\r\n.\r\n`),
      dot: () => {
        options.acknowledged.add(token);
        begin();
      },
    };
    let state = 'greeting';
    const send = (next: string, text: string): void => {
      state = next;
      socket.write(text);
    };
    const begin = (): void => {
      if (stopping()) return void socket.end('QUIT\r\n');
      token = options.nextToken();
      send('mail', 'MAIL FROM:<a@relay.test>\r\n');
    };
    socket.setNoDelay(true);
    socket.on('data', (chunk) => {
      buffer += chunk.toString('latin1');
      for (let end = buffer.indexOf('\r\n'); end >= 0; end = buffer.indexOf('\r\n')) {
        const line = buffer.slice(0, end);
        buffer = buffer.slice(end + 2);
        if (line[3] === '-') continue;
        if (line.startsWith('2') || line.startsWith('354')) steps[state]?.();
        else socket.destroy();
      }
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve());
  });
}
