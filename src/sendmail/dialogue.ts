import { connect, type Socket } from 'node:net';
import { EX_NOPERM, EX_TEMPFAIL } from '../lib/sysexits.ts';
import { parseReply, type Reply } from '../mail/reply.ts';
import { SubmissionFailure } from './failure.ts';

/** SMTP from the client's side, over the socket of relayd. */
export interface Dialogue {
  /** The next reply; rejects with SubmissionFailure when the session ends or falls silent. */
  reply(): Promise<Reply>;
  send(text: string): void;
  /** Resolves when more may be written. */
  write(bytes: Buffer): Promise<void> | null;
  readonly socket: Socket;
}

/** The storage may have to wait for its disk; RFC 5321 section 4.5.3.2 grants as much. */
const silenceMs = 300_000;

/** Rejects with SubmissionFailure. */
export async function openDialogue(path: string): Promise<Dialogue> {
  const socket = await openSocket(path);
  const replies: Reply[] = [];
  let waiting: PromiseWithResolvers<Reply> | null = null;
  let room: PromiseWithResolvers<void> | null = null;
  let ended: SubmissionFailure | null = null;
  let partial = '';
  let lines = '';

  const end = (why: string): void => {
    ended ??= new SubmissionFailure(EX_TEMPFAIL, `relayd ended the session: ${why}`);
    waiting?.reject(ended);
    room?.resolve();
  };
  const take = (reply: Reply): void => {
    if (waiting === null) replies.push(reply);
    else waiting.resolve(reply);
    waiting = null;
  };
  socket.setTimeout(silenceMs, () => socket.destroy(new Error('no answer')));
  socket.on('error', (error) => end(error.message));
  socket.on('close', () => end('the connection is closed'));
  socket.on('drain', () => room?.resolve());
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    const complete = (partial + chunk).split('\r\n');
    partial = complete.pop() ?? '';
    for (const line of complete) {
      lines += `${line}\n`;
      if (/^\d{3}-/.test(line)) continue;
      const reply = parseReply(lines);
      lines = '';
      if (reply === null) socket.destroy(new Error(`not a reply: ${line.slice(0, 80)}`));
      else take(reply);
    }
  });
  return {
    socket,
    async reply() {
      const ready = replies.shift();
      if (ready !== undefined) return ready;
      if (ended !== null) throw ended;
      waiting = Promise.withResolvers();
      return waiting.promise;
    },
    send: (text) => void socket.write(text),
    write(bytes) {
      if (ended !== null || socket.write(bytes)) return null;
      room = Promise.withResolvers();
      return room.promise;
    },
  };
}

/** The socket of relayd; rejects with SubmissionFailure. */
export function openSocket(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    const fail = (error: NodeJS.ErrnoException): void => reject(connectFailure(path, error));
    socket.once('error', fail);
    socket.once('connect', () => {
      socket.off('error', fail);
      resolve(socket);
    });
  });
}

function connectFailure(path: string, { code, message }: NodeJS.ErrnoException): SubmissionFailure {
  if (code === 'ENOENT') {
    return new SubmissionFailure(
      EX_TEMPFAIL,
      `relayd is not running, or has no such listener: there is no socket ${path}`,
    );
  }
  if (code === 'EACCES') {
    return new SubmissionFailure(
      EX_NOPERM,
      `no permission for ${path}: the listener of relay.yaml needs \`mode: "0666"\`, or you its group`,
    );
  }
  const why = code === 'ECONNREFUSED' ? `nobody answers on ${path}` : `${path}: ${message}`;
  return new SubmissionFailure(EX_TEMPFAIL, `relayd is not running: ${why}`);
}
