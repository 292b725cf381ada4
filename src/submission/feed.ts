import type { Socket } from 'node:net';
import type { CommandStream } from './command-stream.ts';

export interface FeedEnd {
  /** The client has closed its side, and all that it sent before is dealt with. */
  readonly onEnd: () => void;
  /** The parser gave up. */
  readonly onError: () => void;
}

/**
 * Hands the parser what the socket brings, one chunk after the other. Node's pipe and the parser's
 * own buffering do the same for more than the parser itself costs; most clients wait for each reply,
 * so that there is nothing to buffer. While a chunk waits for its turn the socket is not read.
 */
export function feed(socket: Socket, parser: CommandStream, { onEnd, onError }: FeedEnd): void {
  const waiting: Buffer[] = [];
  let busy = false;
  let ended = false;
  const done = (error?: Error | null): void => {
    busy = false;
    if (error) {
      onError();
      return;
    }
    const next = waiting.shift();
    if (next !== undefined) take(next);
    else if (ended) onEnd();
    else if (socket.isPaused()) socket.resume();
  };
  const take = (chunk: Buffer): void => {
    busy = true;
    parser._write(chunk, 'buffer', done);
  };
  socket.on('data', (chunk: Buffer) => {
    if (!busy) {
      take(chunk);
      return;
    }
    waiting.push(chunk);
    socket.pause();
  });
  socket.on('end', () => {
    ended = true;
    if (!busy) onEnd();
  });
}
