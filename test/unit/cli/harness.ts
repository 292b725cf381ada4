import type { Io } from '../../../src/cli/io.ts';
import { run } from '../../../src/cli/program.ts';
import type { Screen } from '../../../src/cli/screen.ts';
import { ControlFailure } from '../../../src/control/client.ts';
import type { AccountReport } from '../../../src/control/reports.ts';
import {
  ControlError,
  type ControlHandlers,
  type Outlet,
  type RequestName,
} from '../../../src/control/wire.ts';
import type { Message, MessageId } from '../../../src/relay/message.ts';
import type { LaneCount, QueuedRecipient, QueueRow } from '../../../src/relay/queue.ts';

export const nowMs = Date.UTC(2026, 10, 21, 12, 0, 0);
export const minute = 60_000;
export const hour = 60 * minute;

export interface Ran {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
  /** What the daemon was asked, in order. */
  readonly asked: readonly (readonly [RequestName, unknown])[];
  /** Control sockets connected to. */
  readonly sockets: readonly string[];
  readonly questions: readonly string[];
  /** What was written in pieces, as it was. */
  readonly bytes: Buffer;
}

export interface Surroundings {
  /** The daemon's side; null: it is not running. */
  readonly daemon?: Partial<ControlHandlers> | null;
  readonly columns?: number;
  readonly environment?: Readonly<Record<string, string>>;
  readonly password?: string;
  /** What a person types, in order; absent: nobody is there to be asked. */
  readonly answers?: readonly string[];
  /** The output is a terminal. */
  readonly terminal?: boolean;
  /** What is answered to a question; without it there is nobody to ask. */
  readonly answer?: boolean;
  /** Standard error is a terminal; gets the lines of progress. */
  readonly progress?: string[];
  /** Ctrl-C is pressed at the first wait. */
  readonly interrupted?: boolean;
  readonly screen?: Screen;
}

/** Runs one command line in this process, against handlers in place of a daemon. */
export async function relayctl(
  line: string | readonly string[],
  given: Surroundings = {},
): Promise<Ran> {
  const asked: [RequestName, unknown][] = [];
  const [sockets, questions]: [string[], string[]] = [[], []];
  const chunks: Buffer[] = [];
  const interrupts = new Set<() => void>();
  let [out, err, clockMs] = ['', '', nowMs];
  const answers = [...(given.answers ?? [])];
  const answer = async (question: string): Promise<string> => {
    err += question;
    const typed = answers.shift();
    if (typed === undefined) throw new Error(`nobody answers: ${question}`);
    return typed;
  };
  const io: Io = {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    write: async (chunk) => {
      out += chunk.toString();
      chunks.push(Buffer.from(chunk));
    },
    terminal: given.terminal ?? false,
    confirm: async (question) => {
      questions.push(question);
      return given.answer ?? null;
    },
    columns: given.columns ?? Number.POSITIVE_INFINITY,
    environment: given.environment ?? {},
    nowMs: () => clockMs,
    pause: async (durationMs) => {
      clockMs += durationMs;
      if (given.interrupted === true) for (const call of interrupts) call();
    },
    connect: async (socket) => {
      sockets.push(socket);
      if (!given.daemon) {
        throw new ControlFailure(
          'not-running',
          `relayd is not running: there is no socket ${socket}`,
        );
      }
      return connection(given.daemon, asked);
    },
    readPassword: async () => given.password ?? '',
    interactive: given.answers !== undefined,
    readLine: answer,
    readHidden: answer,
    progress: given.progress === undefined ? null : (line) => void given.progress?.push(line),
    onInterrupt: (call) => {
      interrupts.add(call);
      return () => void interrupts.delete(call);
    },
    openScreen: async () => given.screen ?? null,
  };
  const args = typeof line === 'string' ? line.split(' ').filter((word) => word !== '') : line;
  const exitCode = await run(args, io);
  return { exitCode, out, err, asked, sockets, questions, bytes: Buffer.concat(chunks) };
}

function connection(
  daemon: Partial<ControlHandlers>,
  asked: [RequestName, unknown][],
): Awaited<ReturnType<Io['connect']>> {
  return {
    async call(request, ask, onPart) {
      asked.push([request, ask]);
      const handler = daemon[request] as
        | ((ask: unknown, outlet: Outlet<never>) => Promise<never>)
        | undefined;
      if (handler === undefined) throw new Error(`${request} was not expected`);
      const outlet: Outlet<never> = {
        send: async (part) => onPart?.(part),
        offer: (part) => {
          void onPart?.(part);
          return true;
        },
        over: () => new AbortController().signal,
      };
      try {
        // As over the wire: only what JSON can carry arrives.
        return JSON.parse(JSON.stringify(await handler(ask, outlet))) as never;
      } catch (error) {
        if (error instanceof ControlError) throw new ControlFailure(error.code, error.message);
        throw error;
      }
    },
    close() {},
  };
}

export const messageId = '1n8f3k2x0q4' as MessageId;

export function message(some: Partial<Message> & { recipients?: readonly string[] } = {}): Message {
  const { recipients = ['a@b.example'], ...rest } = some;
  return {
    id: messageId,
    client: 'velosi',
    envelope: {
      reversePath: 'erp@velosi.example',
      recipients: recipients.map((forwardPath) => ({ forwardPath, notify: null, orcpt: null })),
      body: null,
      smtpUtf8: false,
      ret: null,
      envid: null,
    },
    from: 'erp@velosi.example',
    messageIdField: '<1@velosi.example>',
    boundAccount: null,
    routeSender: null,
    routeHeaders: {},
    acceptedAtMs: nowMs - 2 * hour - 14 * minute,
    expiresAtMs: nowMs + 100 * hour,
    bytes: 4096,
    eightBit: false,
    headerUtf8: false,
    ...rest,
  };
}

export function recipient(some: Partial<QueuedRecipient> = {}): QueuedRecipient {
  return {
    index: 0,
    state: 'waiting',
    lane: 'gmail-velosi',
    attempts: 3,
    dueAtMs: nowMs + 4 * minute,
    delayWarned: false,
    lastText: '421 4.7.0 Try again later, closing connection',
    lastReason: 'throttled',
    ...some,
  };
}

export function row(some: Partial<QueueRow> = {}): QueueRow {
  return { message: message(), recipients: [recipient()], ...some };
}

export function lane(some: Partial<LaneCount> = {}): LaneCount {
  return {
    lane: 'gmail-velosi',
    state: 'waiting',
    recipients: 2,
    oldestAcceptedAtMs: nowMs - 3 * hour,
    nextDueAtMs: nowMs + 4 * minute,
    ...some,
  };
}

export function account(some: Partial<AccountReport> = {}): AccountReport {
  return {
    name: 'gmail-velosi',
    provider: 'gmail',
    host: 'smtp.gmail.com',
    port: 587,
    username: 'erp@velosi.example',
    state: { is: 'open' },
    connections: { open: 1, max: 2, now: 2 },
    pacePerSecond: null,
    queue: [],
    quota: [{ rate: '500/d', used: 312 }],
    outAtMs: null,
    lastDeliveredAtMs: nowMs - 5 * minute,
    heldSenders: [],
    ...some,
  };
}

export const heldAccount = account({
  state: {
    is: 'held',
    reason: 'credentials',
    detail: '535 5.7.8 Username and Password not accepted',
    sinceMs: nowMs - 3 * hour,
    credentialVersion: 'v1',
  },
  queue: [lane({ state: 'waiting' })],
});
