import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** A dialogue by hand: what a mail library would refuse to say is what has to be said here. */
export interface SmtpLines {
  /** Sends one line, null: nothing. Resolves to the whole reply as one text, null: none came. */
  say(line: string | null): Promise<string | null>;
  /** Whoever answers is this machine: its certificate does not matter, nothing secret is said. */
  upgrade(): Promise<void>;
  close(): void;
}

export type Peer = { readonly host: string; readonly port: number } | { readonly path: string };

/** Rejects when nobody accepts the connection. */
export async function openLines(
  peer: Peer,
  { implicitTls, withinMs }: { implicitTls: boolean; withinMs: number },
): Promise<SmtpLines> {
  let socket: Socket = connectTcp(peer);
  await ready(socket, 'connect', withinMs);
  let replies = readReplies(socket);
  const upgrade = async (): Promise<void> => {
    const secure = connectTls({ socket, rejectUnauthorized: false });
    await ready(secure, 'secureConnect', withinMs);
    socket = secure;
    replies = readReplies(socket);
  };
  if (implicitTls) await upgrade();
  return {
    upgrade,
    say(line) {
      if (line !== null && !socket.destroyed) socket.write(`${line}\r\n`);
      return replies.next(withinMs);
    },
    close: () => void socket.destroy(),
  };
}

function ready(socket: Socket, event: string, withinMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => socket.destroy(new Error('no answer in time')), withinMs);
    const fail = (error: Error): void => {
      clearTimeout(late);
      reject(error);
    };
    socket.once('error', fail);
    socket.once(event, () => {
      clearTimeout(late);
      socket.off('error', fail);
      resolve();
    });
  });
}

/** More than any reply of ours. */
const unreadBytesMax = 64 * 1024;

function readReplies(socket: Socket): { next(withinMs: number): Promise<string | null> } {
  let unread = '';
  let ended = false;
  let wake = (): void => {};
  socket.on('data', (chunk) => {
    unread = (unread + chunk.toString('latin1')).slice(0, unreadBytesMax);
    wake();
  });
  const end = (): void => {
    ended = true;
    wake();
  };
  socket.on('error', end);
  socket.on('close', end);
  return {
    async next(withinMs) {
      const late = setTimeout(end, withinMs);
      for (;;) {
        const found = /^(?:\d{3}-.*\r\n)*\d{3}(?: .*)?\r\n/.exec(unread);
        if (found !== null || ended) {
          clearTimeout(late);
          unread = unread.slice(found?.[0].length ?? 0);
          return found === null ? null : found[0].trimEnd().replaceAll('\r\n', ' / ');
        }
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}
