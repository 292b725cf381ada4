import { pino } from 'pino';
import { cut, printableJson } from '../lib/printable.ts';
import { EVENTS, type EventLevel } from '../relay/event-catalogue.ts';
import type { EventSink, RelayEvent } from '../relay/events.ts';
import type { LogSettings } from '../relay/settings.ts';
import { eximLines } from './exim-lines.ts';
import { openLineWriter } from './line-writer.ts';
import { prettyLine, traceIdOf } from './pretty.ts';
import { addressRedaction } from './redact.ts';

const LEVELS: readonly EventLevel[] = ['trace', 'debug', 'info', 'warn', 'error'];
/** sd-daemon(3): the journal reads `<n>` at the start of a line as its priority. */
const PRIORITIES: Record<EventLevel, string> = {
  trace: '<7>',
  debug: '<7>',
  info: '<6>',
  warn: '<4>',
  error: '<3>',
};

export interface Log {
  readonly sink: EventSink;
  /** Level, format and addresses of a new configuration; from the next line on. */
  configure(settings: LogSettings): void;
  /** Lines lost because the reader stopped reading, or the destination failed. */
  dropped(): number;
  /** Writes what is pending and returns when it is written. Also done when the process exits. */
  flush(): void;
  /**
   * Opens its file anew, after it was renamed. Throws what opening throws; the old one then stays
   * in use.
   */
  reopen(): void;
  /** Flushes, and leaves the exit of the process alone from now on. */
  close(): void;
}

/** Of one text in a line; replies of servers have 1 KiB at most, file names and paths less. */
const textCharactersMax = 2_048;

/** No text makes a line longer than log readers bear. */
function bounded(event: RelayEvent): RelayEvent {
  for (const field in event) {
    if (!tooLong(event[field as keyof RelayEvent])) continue;
    const fields = Object.entries(event).map(([name, one]) => [name, shortened(one)]);
    return Object.fromEntries(fields) as RelayEvent;
  }
  return event;
}

function tooLong(value: unknown): boolean {
  if (typeof value === 'string') return value.length > textCharactersMax;
  return Array.isArray(value) && value.some(tooLong);
}

function shortened(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shortened);
  return typeof value === 'string' ? cut(value, textCharactersMax) : value;
}

type Writer = (event: RelayEvent) => void;
type Kind = RelayEvent['is'];

/**
 * Events as log lines. `destination` is a file descriptor or a file name; `journal` puts the
 * priority before each line (stdout is the journal's). Events below the level cost one look-up.
 */
export function openLog(options: {
  settings: LogSettings;
  destination: number | string;
  journal: boolean;
  nowMs: () => number;
}): Log {
  const out = openLineWriter(options.destination);
  let writers = new Map<Kind, Writer>();
  const configure = (settings: LogSettings): void => {
    writers = MAKERS[settings.format](settings, { write: out.write, ...options });
  };
  configure(options.settings);
  // Also when the process ends without asking us: an exception that nobody caught.
  process.on('exit', out.flush);
  return {
    sink: (event) => writers.get(event.is)?.(bounded(event)),
    configure,
    dropped: out.dropped,
    flush: out.flush,
    reopen: out.reopen,
    close: () => {
      out.flush();
      process.off('exit', out.flush);
    },
  };
}

interface Output {
  write(line: string): void;
  readonly journal: boolean;
  readonly nowMs: () => number;
}

/** The kinds of events that the level lets through. */
function loggedKinds(settings: LogSettings): Kind[] {
  const lowest = LEVELS.indexOf(settings.level);
  const kinds = Object.keys(EVENTS) as Kind[];
  return kinds.filter((kind) => LEVELS.indexOf(EVENTS[kind].level) >= lowest);
}

/**
 * One pino child per kind: its name and level are serialised once, the event's fields go as they
 * are.
 */
function jsonWriters(settings: LogSettings, output: Output): Map<Kind, Writer> {
  let priority = '';
  const redact = addressRedaction(settings.addresses);
  const logger = pino(
    {
      level: 'trace',
      base: null,
      timestamp: isoTimes(),
      formatters: { level: (level) => ({ level }) },
      // pino leaves out what a serializer turns into undefined: the kind is already there as
      // `event`.
      serializers: {
        is: () => undefined,
        trace: traceIdOf,
      },
    },
    {
      write: (line: string) => output.write(priority + printableJson(line)),
    },
  );
  const writer = (kind: Kind): Writer => {
    const level = EVENTS[kind].level;
    const child = logger.child({ event: kind });
    const prefix = output.journal ? PRIORITIES[level] : '';
    return (event) => {
      priority = prefix;
      child[level](redact?.event(event) ?? event);
    };
  };
  return new Map(loggedKinds(settings).map((kind) => [kind, writer(kind)]));
}

/** pino's `time`, which the lines of one millisecond share. */
function isoTimes(): () => string {
  let atMs = Number.NaN;
  let text = '';
  return () => {
    const nowMs = Date.now();
    if (nowMs !== atMs) {
      atMs = nowMs;
      text = `,"time":"${new Date(nowMs).toISOString()}"`;
    }
    return text;
  };
}

function prettyWriters(settings: LogSettings, output: Output): Map<Kind, Writer> {
  const redact = addressRedaction(settings.addresses);
  const writer = (kind: Kind): Writer => {
    const prefix = output.journal ? PRIORITIES[EVENTS[kind].level] : '';
    return (event) => {
      const shown = redact?.event(event) ?? event;
      output.write(`${prefix}${prettyLine(shown, output.nowMs())}\n`);
    };
  };
  return new Map(loggedKinds(settings).map((kind) => [kind, writer(kind)]));
}

/** Main log lines; what an attempt took is noted at every level. */
function eximWriters(settings: LogSettings, output: Output): Map<Kind, Writer> {
  const lineOf = eximLines(addressRedaction(settings.addresses));
  const writer = (kind: Kind): Writer => {
    const prefix = output.journal ? PRIORITIES[EVENTS[kind].level] : '';
    return (event) => {
      const line = lineOf(event, output.nowMs());
      if (line !== null) output.write(`${prefix}${line}\n`);
    };
  };
  const kinds = new Set<Kind>([...loggedKinds(settings), 'attempt.finished']);
  return new Map([...kinds].map((kind) => [kind, writer(kind)]));
}

const MAKERS: Record<LogSettings['format'], typeof jsonWriters> = {
  json: jsonWriters,
  pretty: prettyWriters,
  exim: eximWriters,
};

/** True when stdout is the journal: systemd puts its device and inode into JOURNAL_STREAM. */
export function stdoutIsJournal(
  journalStream: string | undefined,
  stdout: { readonly dev: number; readonly ino: number },
): boolean {
  return journalStream === `${stdout.dev}:${stdout.ino}`;
}
