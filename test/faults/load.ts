import { connect, type Socket } from 'node:net';
import type { Ledger } from './ledger.ts';

export interface Load {
  /** Replies other than 2xx and 354, in order. */
  readonly refusals: readonly string[];
  /** Resolves when so many messages were acknowledged since it began; rejects when no session is left. */
  taken(count: number): Promise<void>;
  /** Resolves when every session has ended: cut by a kill, told to stop, or done. */
  readonly ended: Promise<void>;
  /** Lets every session end its message. */
  stop(): Promise<void>;
}

export interface LoadOptions {
  readonly port: number;
  readonly sessions: number;
  readonly ledger: Pick<Ledger, 'acknowledged' | 'nextToken'>;
  /** Size of a body; default: a few bytes. */
  readonly bytes?: number;
  /** Default `a@relay.test`. */
  readonly reversePath?: string;
  /** So many messages, then the sessions end by themselves. */
  readonly messages?: number;
}

/** A client that was refused for a while comes again after this. */
const againMs = 20;

/** Sessions that submit one message after the other until they are cut off or stopped. */
export function startLoad(options: LoadOptions): Load {
  const refusals: string[] = [];
  const waiting: { readonly count: number; readonly go: () => void }[] = [];
  let left = options.messages ?? Number.POSITIVE_INFINITY;
  let stopping = false;
  let acknowledged = 0;
  const run = {
    ...options,
    stopping: () => stopping || left-- <= 0,
    refused: (reply: string) => void refusals.push(reply),
    acknowledged(token: string) {
      options.ledger.acknowledged.add(token);
      acknowledged += 1;
      for (const { count, go } of waiting) if (acknowledged >= count) go();
    },
  };
  const sessions = Array.from({ length: options.sessions }, () => runSession(run));
  const ended = Promise.all(sessions).then(() => {});
  return {
    refusals,
    ended,
    taken: (count) =>
      Promise.race([
        new Promise<void>((go) => {
          if (acknowledged >= count) go();
          waiting.push({ count, go });
        }),
        ended.then(() => {
          if (acknowledged < count) throw new Error(`only ${acknowledged} of ${count} were taken`);
        }),
      ]),
    async stop() {
      stopping = true;
      await ended;
    },
  };
}

interface Run extends LoadOptions {
  readonly stopping: () => boolean;
  readonly refused: (reply: string) => void;
  readonly acknowledged: (token: string) => void;
}

/** Never rejects: a session that is cut off simply ends, that is what the tests are about. */
function runSession(run: Run): Promise<void> {
  return new Promise((resolve) => {
    const socket: Socket = connect(run.port, '127.0.0.1');
    const reversePath = run.reversePath ?? 'a@relay.test';
    const filler = `${'x'.repeat(70)}\r\n`.repeat(Math.ceil((run.bytes ?? 0) / 72));
    let token = '';
    let buffer = '';
    let state = 'greeting';
    const send = (next: string, text: string): void => {
      state = next;
      socket.write(text);
    };
    const begin = (): void => {
      if (run.stopping()) {
        state = 'quit';
        socket.end('QUIT\r\n');
        return;
      }
      token = run.ledger.nextToken();
      send('rset', `RSET\r\nMAIL FROM:<${reversePath}>\r\n`);
    };
    const head = `From: <${reversePath}>\r\nSubject: `;
    const steps: Record<string, () => void> = {
      greeting: () => send('ehlo', 'EHLO load.test\r\n'),
      ehlo: begin,
      rset: () => {
        state = 'mail';
      },
      mail: () => send('rcpt', `RCPT TO:<${token}@dest.test>\r\n`),
      rcpt: () => send('data', 'DATA\r\n'),
      data: () => send('dot', `${head}${token}\r\n\r\n${token}\r\n${filler}.\r\n`),
      dot: () => {
        run.acknowledged(token);
        begin();
      },
    };
    const onReply = (line: string): void => {
      if (line.startsWith('2') || line.startsWith('354')) {
        steps[state]?.();
        return;
      }
      run.refused(line);
      if (line.startsWith('421') || state === 'greeting') socket.destroy();
      else setTimeout(begin, againMs);
    };
    socket.setNoDelay(true);
    socket.on('data', (chunk) => {
      buffer += chunk.toString('latin1');
      for (let end = buffer.indexOf('\r\n'); end >= 0; end = buffer.indexOf('\r\n')) {
        const line = buffer.slice(0, end);
        buffer = buffer.slice(end + 2);
        if (line[3] !== '-') onReply(line);
      }
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve());
  });
}
