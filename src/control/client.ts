import { lstatSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { groupName } from '../lib/groups.ts';
import {
  EX_DATAERR,
  EX_NOPERM,
  EX_PROTOCOL,
  EX_SOFTWARE,
  EX_TEMPFAIL,
  EX_UNAVAILABLE,
} from '../lib/sysexits.ts';
import { packageVersion } from '../lib/version.ts';
import { isRecord, lineReader, parseLine } from './lines.ts';
import {
  type Answer,
  type Ask,
  answerBytesMax,
  CONTROL_VERSION,
  type ControlErrorCode,
  type Part,
  type RequestName,
} from './wire.ts';

/**
 * Why the daemon could not be asked, or what it refused: one line for people and an exit code for
 * scripts.
 */
export class ControlFailure extends Error {
  override name = 'ControlFailure';
  readonly code: FailureCode;
  readonly exitCode: number;

  constructor(code: FailureCode, message: string) {
    super(message);
    this.code = code;
    this.exitCode = EXIT_CODES[code];
  }
}

export type FailureCode = ControlErrorCode | 'not-running' | 'no-permission' | 'silent';

const EXIT_CODES: Readonly<Record<FailureCode, number>> = {
  'not-running': EX_UNAVAILABLE,
  'no-permission': EX_NOPERM,
  silent: EX_TEMPFAIL,
  version: EX_PROTOCOL,
  protocol: EX_PROTOCOL,
  invalid: EX_DATAERR,
  'not-found': EX_DATAERR,
  refused: EX_DATAERR,
  storage: EX_TEMPFAIL,
  stopping: EX_TEMPFAIL,
  internal: EX_SOFTWARE,
};

export interface ControlConnection {
  /**
   * Resolves to the answer; rejects with ControlFailure. Requests are answered one after the other.
   */
  call<Name extends RequestName>(
    request: Name,
    ask: Ask<Name>,
    /** Gets what comes before the answer; nothing more is read until it resolves. */
    onPart?: (part: Part<Name>) => Promise<void> | void,
    /** How long the daemon may be silent; default: as for every answer. */
    withinMs?: number,
  ): Promise<Answer<Name>>;
  close(): void;
}

export interface ConnectOptions {
  /** For the hello, and for any one answer. */
  readonly helloWithinMs?: number;
  readonly answerWithinMs?: number;
}

/** An account test may take the timeouts of a slow upstream; everything else answers at once. */
const helloWithinMs = 10_000;
const answerWithinMs = 180_000;

/** Lines read ahead of whoever prints them: a long answer in parts must not gather here. */
const linesAheadMax = 8;

/** One request on a connection of its own. Rejects with ControlFailure. */
export async function callDaemon<Name extends RequestName>(
  socket: string,
  request: Name,
  ask: Ask<Name>,
): Promise<Answer<Name>> {
  const connection = await connectControl(socket);
  try {
    return await connection.call(request, ask);
  } finally {
    connection.close();
  }
}

/** Connects and exchanges hellos. Rejects with ControlFailure. */
export async function connectControl(
  path: string,
  options: ConnectOptions = {},
): Promise<ControlConnection> {
  const socket = await open(path);
  const lines = lineSource(socket, path);
  socket.write(
    `${JSON.stringify({ hello: `relayctl ${packageVersion()}`, version: CONTROL_VERSION })}\n`,
  );
  try {
    checkHello(parseLine(await lines.next(options.helloWithinMs ?? helloWithinMs)), path);
  } catch (error) {
    socket.destroy();
    throw error;
  }
  let lastId = 0;
  return {
    async call<Name extends RequestName>(
      request: Name,
      ask: Ask<Name>,
      onPart?: (part: Part<Name>) => Promise<void> | void,
      withinMs = options.answerWithinMs ?? answerWithinMs,
    ) {
      lastId += 1;
      socket.write(`${JSON.stringify({ id: lastId, request, ask })}\n`);
      for (;;) {
        const reply = parseLine(await lines.next(withinMs));
        if (!isRecord(reply) || !('part' in reply)) return readReply(reply, path) as Answer<Name>;
        // As with answers: what our own daemon says is taken at its word.
        await onPart?.(reply.part as Part<Name>);
      }
    },
    close() {
      socket.destroy();
    },
  };
}

function checkHello(value: unknown, path: string): void {
  if (!isRecord(value) || typeof value.hello !== 'string') {
    throw new ControlFailure('protocol', `${path} is not a control socket of relayd`);
  }
  if (value.version !== CONTROL_VERSION) {
    throw new ControlFailure(
      'version',
      `${value.hello} at ${path} speaks control version ${String(value.version)}, this relayctl ` +
        `(${packageVersion()}) speaks ${CONTROL_VERSION}: use the relayctl that came with that relayd`,
    );
  }
}

function readReply(value: unknown, path: string): unknown {
  if (isRecord(value) && 'answer' in value) return value.answer;
  const error = isRecord(value) ? value.error : undefined;
  if (!isRecord(error) || typeof error.message !== 'string') {
    throw new ControlFailure('protocol', `relayd at ${path} gave an answer that cannot be read`);
  }
  const code = String(error.code);
  const known = Object.hasOwn(EXIT_CODES, code) ? (code as FailureCode) : 'internal';
  throw new ControlFailure(known, error.message);
}

function open(path: string): Promise<Socket> {
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

function connectFailure(path: string, error: NodeJS.ErrnoException): ControlFailure {
  if (error.code === 'ENOENT') {
    return new ControlFailure('not-running', `relayd is not running: there is no socket ${path}`);
  }
  if (error.code === 'EACCES') return new ControlFailure('no-permission', noPermission(path));
  if (error.code !== 'ECONNREFUSED') {
    return new ControlFailure('not-running', `cannot reach relayd at ${path}: ${error.message}`);
  }
  return lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true
    ? new ControlFailure('not-running', `relayd is not running: nobody answers on ${path}`)
    : new ControlFailure('protocol', `${path} is not a socket`);
}

function noPermission(path: string): string {
  const group = socketGroup(path);
  return (
    `no permission for ${path}: run relayctl as root, or join the group ${group} ` +
    `(usermod -a -G ${group} USER, then log in again)`
  );
}

/** The group the socket belongs to; `relayd` when its directory may not even be looked into. */
function socketGroup(path: string): string {
  try {
    return groupName(lstatSync(path).gid) ?? 'relayd';
  } catch {
    return 'relayd';
  }
}

interface LineSource {
  /**
   * The next line; rejects with ControlFailure when the daemon hangs up, stays silent or sends
   * nonsense.
   */
  next(withinMs: number): Promise<string>;
}

function lineSource(socket: Socket, path: string): LineSource {
  const reader = lineReader(answerBytesMax);
  const ready: string[] = [];
  let failed: ControlFailure | null = null;
  let wake = (): void => {};
  const fail = (failure: ControlFailure): void => {
    failed ??= failure;
    wake();
  };
  socket.on('data', (chunk) => {
    const lines = reader.push(chunk);
    if (lines === null) fail(new ControlFailure('protocol', `${path}: an answer is too long`));
    else ready.push(...lines);
    if (ready.length >= linesAheadMax) socket.pause();
    wake();
  });
  const hungUp = (): void =>
    fail(new ControlFailure('not-running', `relayd at ${path} closed the connection`));
  socket.on('error', hungUp);
  socket.on('close', hungUp);
  return {
    async next(withinMs) {
      const timer = setTimeout(() => {
        fail(new ControlFailure('silent', `relayd at ${path} does not answer`));
      }, withinMs);
      while (ready.length === 0 && failed === null) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      clearTimeout(timer);
      const line = ready.shift();
      if (ready.length === 0) socket.resume();
      if (line === undefined) throw failed ?? new ControlFailure('protocol', 'no line');
      return line;
    },
  };
}
