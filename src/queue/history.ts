import type { Database } from 'better-sqlite3';
import type { HistoryEvent } from '../relay/history-event.ts';
import type { MessageId } from '../relay/message.ts';
import { messageIdToNumber, messageNumberFirstAt } from '../relay/message-id.ts';
import type { AttemptRecord, HistoryEntry, KeptDialogue } from '../relay/queue.ts';
import { type HistoryFeedback, openHistoryFeedback } from './history-feedback.ts';
import { type HistoryIndex, openHistoryIndex } from './history-index.ts';
import { decodeMessage, MESSAGE_COLUMNS, parseJson } from './rows.ts';

/** What is added to one message's history; all but the first two are JSON texts. */
export interface HistoryPart {
  /** The message's columns in the order of MESSAGE_COLUMNS. */
  readonly message: readonly unknown[];
  readonly settledAtMs: number | null;
  readonly results: readonly string[];
  readonly attempts: readonly string[];
  readonly events: readonly string[];
  readonly dialogues: readonly string[];
}

/** Settled messages and their attempts. A power cut may take the last seconds of it, never mail. */
export interface History {
  readonly index: HistoryIndex;
  readonly feedback: HistoryFeedback;
  append(part: HistoryPart): void;
  /** Runs the steps in one transaction. */
  together(steps: readonly (() => void)[]): void;
  show(id: number): HistoryEntry | null;
  list(query: { limit: number; before: MessageId | null }): HistoryEntry[];
  expire(query: { beforeMs: number; limit: number }): number;
  highestId(): number;
  close(): void;
}

/** Kept of one message's dialogues: mail that waits for days must not fill the disk with them. */
const dialogueCharactersMax = 8_192;

export function openHistory(db: Database): History {
  // Writes: history, by its key; one message's row grows by lines.
  const append = db.prepare(
    `INSERT INTO history (${MESSAGE_COLUMNS}, settled_at, results, attempts, events, dialogues)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET settled_at = excluded.settled_at,
       results = results || excluded.results, attempts = attempts || excluded.attempts,
       events = events || excluded.events,
       dialogues = substr(excluded.dialogues || dialogues, 1, ${dialogueCharactersMax})`,
  );
  const columns = `${MESSAGE_COLUMNS}, settled_at, results, attempts, events, dialogues`;
  // Reads: one message, by its key.
  const show = db.prepare<[number], unknown[]>(`SELECT ${columns} FROM history WHERE id = ?`).raw();
  // Reads: the newest before an id, by the key.
  const list = db
    .prepare<[number, number], unknown[]>(
      `SELECT ${columns} FROM history WHERE id < ? ORDER BY id DESC LIMIT ?`,
    )
    .raw();
  // Deletes: old settled messages. Reads the start of the table only: an id is not younger than its
  // message.
  const expire = db.prepare(
    `DELETE FROM history WHERE id IN
       (SELECT id FROM history WHERE id < ? AND settled_at < ? ORDER BY id LIMIT ?)`,
  );
  // Reads: the end of the key.
  const highest = db.prepare<[], number | null>('SELECT MAX(id) FROM history').pluck();
  const read = (id: number): HistoryEntry | null => {
    const row = show.get(id);
    return row === undefined ? null : decodeEntry(row);
  };
  const index = openHistoryIndex(db, read);
  const feedback = openHistoryFeedback(db);
  return {
    index,
    feedback,
    append: ({ message, settledAtMs, results, attempts, events, dialogues }) => {
      const texts = [results, attempts, events, dialogues].map(lines);
      append.run(...message, settledAtMs, ...texts);
      index.note(Number(message[0]));
    },
    together: (steps) => {
      db.transaction(() => {
        for (const step of steps) step();
      })();
    },
    show: read,
    list: ({ limit, before }) => {
      const end = before === null ? null : messageIdToNumber(before);
      return list.all(end ?? Number.MAX_SAFE_INTEGER, limit).map(decodeEntry);
    },
    expire({ beforeMs, limit }) {
      feedback.expire(beforeMs);
      return expire.run(messageNumberFirstAt(beforeMs), beforeMs, limit).changes;
    },
    highestId: () => highest.get() ?? 0,
    close: () => void db.close(),
  };
}

/** As a line of `events`. */
export function eventText(event: HistoryEvent): string {
  return JSON.stringify(event);
}

const lines = (texts: readonly string[]): string => texts.map((text) => `${text}\n`).join('');

/** Lines that cannot be read are left out: the history informs, nothing depends on it. */
function decodeEntry(row: readonly unknown[]): HistoryEntry {
  const [settledAt, results, attempts, noted, said] = row.slice(-5);
  const events = parseLines(noted).filter(isEvent);
  // The last line may have been cut.
  const dialogues = parseLines(said).filter(isDialogue);
  return {
    message: decodeMessage(row).message,
    settledAtMs: typeof settledAt === 'number' ? settledAt : null,
    recipients: parseLines(results).filter(isResult),
    attempts: parseLines(attempts).filter(isAttempt),
    ...(events.length === 0 ? {} : { events }),
    ...(dialogues.length === 0 ? {} : { dialogues }),
  };
}

function parseLines(text: unknown): unknown[] {
  return String(text)
    .split('\n')
    .flatMap((line) => parseJson(line) ?? []);
}

function isResult(value: unknown): value is HistoryEntry['recipients'][number] {
  return has(value, ['index', 'outcome', 'reason', 'text', 'atMs']);
}

function isAttempt(value: unknown): value is AttemptRecord {
  return has(value, ['account', 'startedAtMs', 'tookMs', 'peer', 'results']);
}

function isEvent(value: unknown): value is HistoryEvent {
  return has(value, ['is', 'atMs']);
}

function isDialogue(value: unknown): value is KeptDialogue {
  return has(value, ['account', 'startedAtMs', 'lines']);
}

function has(value: unknown, keys: readonly string[]): boolean {
  return typeof value === 'object' && value !== null && keys.every((key) => key in value);
}
