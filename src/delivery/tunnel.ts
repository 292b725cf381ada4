import type { Socket } from 'node:net';
import { formatDuration } from '../lib/duration.ts';
import type { ProxyServer } from '../relay/account.ts';
import type { Cause } from '../relay/outcome.ts';
import { causeOfError, interrupted, networkCause } from './fault.ts';
import { httpConnect } from './http-connect.ts';
import { ProxyRefusal, type ProxyTalk, type TunnelTarget } from './proxy-talk.ts';
import { socks5Connect } from './socks5.ts';

interface TunnelOptions {
  readonly target: TunnelTarget;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Asks the proxy at the other end of the socket for a way to the target. Null: whatever is written
 * and read from now on is the target's.
 */
export async function openTunnel(
  socket: Socket,
  proxy: ProxyServer,
  { target, timeoutMs, signal }: TunnelOptions,
): Promise<Cause | null> {
  const over = new AbortController();
  const end = (cause: Cause): void => over.abort(cause);
  const late = `no answer within ${formatDuration(timeoutMs)}`;
  const timer = setTimeout(() => end(networkCause('connect', 'timeout', late)), timeoutMs);
  const onAbort = (): void => end(interrupted);
  const onClosed = (): void => end(networkCause('connect', 'reset', 'closed the connection'));
  const onError = (error: Error): void => end(causeOfError(error, 'connect'));
  signal.addEventListener('abort', onAbort);
  socket.on('error', onError).on('end', onClosed).on('close', onClosed);
  const talk = talkOn(socket, over.signal);
  try {
    if (signal.aborted) return interrupted;
    const connect = proxy.is === 'socks5' ? socks5Connect : httpConnect;
    await connect(talk, target, proxy.login);
    return null;
  } catch (error) {
    if (error instanceof ProxyRefusal) return networkCause('connect', error.fault, error.message);
    if (over.signal.aborted) return over.signal.reason as Cause;
    throw error;
  } finally {
    talk.finish();
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
    socket.off('error', onError).off('end', onClosed).off('close', onClosed);
  }
}

interface Reading extends ProxyTalk {
  /** Gives back what came beyond the talk: it is the target's. */
  finish(): void;
}

function talkOn(socket: Socket, signal: AbortSignal): Reading {
  let seen: Buffer = Buffer.alloc(0);
  let wake = (): void => {};
  const onReadable = (): void => wake();
  // Everything is read at once: a `readable` for bytes left in the stream comes again and again.
  socket.on('readable', onReadable);
  signal.addEventListener('abort', onReadable);
  const more = async (): Promise<void> => {
    for (;;) {
      signal.throwIfAborted();
      const piece: Buffer | null = socket.read();
      if (piece !== null) {
        seen = Buffer.concat([seen, piece]);
        return;
      }
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  const shift = (bytes: number): Buffer => {
    const piece = seen.subarray(0, bytes);
    seen = seen.subarray(bytes);
    return piece;
  };
  return {
    send: (bytes) => socket.write(bytes),
    take: async (bytes) => {
      while (seen.length < bytes) await more();
      return shift(bytes);
    },
    takeUpTo: async (mark, bytesMax) => {
      for (;;) {
        const at = seen.indexOf(mark);
        if (at >= 0 && at + mark.length <= bytesMax) return shift(at + mark.length);
        if (seen.length >= bytesMax) throw new ProxyRefusal('protocol', 'its answer has no end');
        await more();
      }
    },
    finish: () => {
      socket.off('readable', onReadable);
      signal.removeEventListener('abort', onReadable);
      if (seen.length > 0 && !socket.destroyed && !socket.readableEnded) socket.unshift(seen);
    },
  };
}
