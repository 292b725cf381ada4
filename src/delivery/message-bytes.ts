import type { Socket } from 'node:net';
import { DotStuffing, stuffed } from './dot-stuffing.ts';
import type { Letter } from './letter.ts';

/** Bodies up to this go out in one write together with the final dot. */
const oneWriteBytesMax = 64 * 1024;

/** The whole message with its dots stuffed and its end; null: it goes out piece by piece. */
export function inOneWrite({ head, body }: Letter): Buffer[] | null {
  if (!Buffer.isBuffer(body) || body.length > oneWriteBytesMax) return null;
  return stuffed(head === null ? [body] : [head, body]);
}

/** Hands the message over piece by piece; resolves with what ends it. Rejects as its body does. */
export async function inPieces(
  { head, body }: Letter,
  flush: (piece: Buffer) => Promise<void> | void,
  isOver: () => boolean,
): Promise<Buffer> {
  const stuffing = new DotStuffing();
  const pieces = async (chunk: Buffer): Promise<void> => {
    for (const piece of stuffing.add(chunk)) await flush(piece);
  };
  if (head !== null) await pieces(head);
  if (Buffer.isBuffer(body)) {
    await pieces(body);
    return stuffing.end();
  }
  // The loop destroys the stream when it ends early.
  for await (const chunk of body()) {
    await pieces(chunk);
    if (isOver()) break;
  }
  return stuffing.end();
}

/** Resolves when the socket takes more, or will never; nothing to wait for: it does. */
export function written(socket: Socket, piece: Buffer): Promise<void> | void {
  if (socket.write(piece)) return;
  return new Promise((resolve) => {
    const done = (): void => {
      socket.removeListener('drain', done).removeListener('close', done);
      resolve();
    };
    socket.once('drain', done).once('close', done);
  });
}
