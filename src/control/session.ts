import type { Socket } from 'node:net';
import { answerRequest, asControlError } from './answer.ts';
import { isRecord, lineReader, parseLine } from './lines.ts';
import {
  answerBytesMax,
  CONTROL_VERSION,
  ControlError,
  type ControlHandlers,
  type Hello,
  type Outlet,
  type ReplyLine,
  requestBytesMax,
} from './wire.ts';

export interface SessionOptions {
  /** `relayd 0.1.0` */
  readonly program: string;
  readonly handlers: ControlHandlers;
  /** Told of every request that was handled; `detail` says why one failed. */
  readonly handled: (request: string, tookMs: number, detail: string | null) => void;
}

export interface Session {
  /** Ends the connection once the request under way, if any, is answered. */
  finish(): void;
}

/** Time for a client to say hello, and then to say anything. */
const helloWithinMs = 5_000;
const idleMs = 120_000;
/** Requests a client may send ahead of their answers. */
const linesAheadMax = 100;
/** What a client may leave unread of an answer in parts. */
const unreadBytesMax = 1024 * 1024;

/**
 * One connection of the control socket: hello, then requests answered in their order. A client that
 * does not keep to the language is told why and sent away.
 */
export function openSession(socket: Socket, options: SessionOptions): Session {
  const reader = lineReader(requestBytesMax);
  const waiting: string[] = [];
  let greeted = false;
  let busy = false;
  let finishing = false;
  const over = new AbortController();

  const send = (line: string): void => {
    if (socket.writable) socket.write(`${line}\n`);
  };
  const refuse = (error: ControlError): void => {
    finishing = true;
    send(failure(null, error));
    socket.end();
  };
  const takeHello = (line: string): void => {
    greeted = true;
    socket.setTimeout(idleMs);
    send(JSON.stringify({ hello: options.program, version: CONTROL_VERSION } satisfies Hello));
    const refusal = judgeHello(parseLine(line), options.program);
    if (refusal !== null) refuse(refusal);
  };
  const outlet = (id: number) => openOutlet(socket, { id, over: over.signal });
  const work = async (): Promise<void> => {
    busy = true;
    for (let line = waiting.shift(); line !== undefined && !finishing; line = waiting.shift()) {
      if (!greeted) takeHello(line);
      else send(await answerLine(line, options, outlet));
    }
    busy = false;
    if (finishing) socket.end();
    else socket.resume();
  };

  socket.setTimeout(helloWithinMs);
  // Silence while we work is ours, not the client's.
  socket.on('timeout', () => {
    if (!busy) socket.destroy();
  });
  // The client is gone: what it asked for is done all the same, and nobody is left to tell.
  socket.on('error', () => socket.destroy());
  socket.on('close', () => over.abort());
  socket.on('data', (chunk) => {
    if (finishing) return;
    const lines = reader.push(chunk);
    if (lines === null || waiting.length + lines.length > linesAheadMax) {
      const what = lines === null ? `a line is longer than ${requestBytesMax} bytes` : 'too many';
      refuse(new ControlError('protocol', `request refused: ${what}`));
      return;
    }
    waiting.push(...lines);
    if (busy || waiting.length === 0) return;
    socket.pause();
    void work();
  });
  return {
    finish() {
      finishing = true;
      over.abort();
      if (!busy) socket.end();
    },
  };
}

function openOutlet(
  socket: Socket,
  { id, over }: { readonly id: number; readonly over: AbortSignal },
): Outlet<unknown> {
  /** False: there is no room for more. */
  const write = (part: unknown): boolean =>
    socket.write(`${JSON.stringify({ id, part } satisfies ReplyLine)}\n`);
  return {
    /** Whoever reads slowly costs no memory. */
    async send(part) {
      if (socket.destroyed || !socket.writable) throw hungUp();
      if (write(part)) return;
      const room = Promise.withResolvers<void>();
      const gone = (): void => room.reject(hungUp());
      socket.once('drain', room.resolve).once('close', gone);
      await room.promise.finally(() => socket.off('drain', room.resolve).off('close', gone));
    },
    offer(part) {
      if (!socket.writable || socket.writableLength > unreadBytesMax) return false;
      write(part);
      return true;
    },
    over() {
      // Else nobody would notice that the client hangs up.
      socket.resume();
      return over;
    },
  };
}

function judgeHello(value: unknown, program: string): ControlError | null {
  if (!isRecord(value) || typeof value.hello !== 'string') {
    return new ControlError('protocol', 'this is the control socket of relayd; use relayctl');
  }
  if (value.version === CONTROL_VERSION) return null;
  return new ControlError(
    'version',
    `${program} speaks control version ${CONTROL_VERSION}, ${value.hello} speaks ${value.version}: ` +
      'use the relayctl that came with this relayd',
  );
}

/** One request line to one reply line; never rejects. */
async function answerLine(
  line: string,
  options: SessionOptions,
  outlet: (id: number) => Outlet<unknown>,
): Promise<string> {
  const value = parseLine(line);
  if (!isRecord(value) || typeof value.id !== 'number' || typeof value.request !== 'string') {
    return failure(null, new ControlError('protocol', 'not a request'));
  }
  const { id, request, ask } = value;
  const startedAtMs = performance.now();
  let detail: string | null = null;
  const reply = await answerRequest(request, { ask, outlet: outlet(id) }, options.handlers)
    .then((answer) => bounded(JSON.stringify({ id, answer } satisfies ReplyLine)))
    .catch((error: unknown) => {
      const known = asControlError(error);
      detail = `${known.code}: ${known.message}`;
      return failure(id, known);
    });
  options.handled(request, performance.now() - startedAtMs, detail);
  return reply;
}

const hungUp = (): ControlError => new ControlError('refused', 'the client hung up');

function bounded(reply: string): string {
  // A page of full messages with hundreds of recipients each is the only answer that can grow so
  // long.
  if (Buffer.byteLength(reply) <= answerBytesMax) return reply;
  throw new ControlError('refused', 'the answer is too long: ask for fewer (--limit)');
}

function failure(id: number | null, { code, message }: ControlError): string {
  return JSON.stringify({ id, error: { code, message } } satisfies ReplyLine);
}
