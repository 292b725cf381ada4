import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Body, MessageId } from '../relay/message.ts';
import { messageIdToNumber } from '../relay/message-id.ts';
import {
  type LaneCount,
  type QueueRow,
  RECIPIENT_STATES,
  type StoreStats,
} from '../relay/queue.ts';
import type { Core } from './core.ts';
import { codeOf } from './faults.ts';
import { matchingRecipients, stretch } from './filter.ts';
import { schemaVersion } from './migrations.ts';
import type { Answer } from './operations.ts';
import type { Listed, ListQuery } from './reading.ts';
import { decodeRecipient } from './recipient-rows.ts';
import { decodeMessage } from './rows.ts';
import type { RecipientRow } from './statements.ts';

export function body(core: Core, id: MessageId): Body | null {
  const number = messageIdToNumber(id) ?? -1;
  const bytes = core.sql.readBody.get(number);
  if (bytes !== undefined) return { in: 'memory', bytes: asBuffer(bytes) };
  const spooled = core.sql.readSpoolFile.get(number);
  if (spooled === undefined || spooled.spool_file === null) return null;
  return { in: 'spool', file: spooled.spool_file, bytes: spooled.bytes };
}

const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/**
 * Numbers come from memory, times from the ends of indexes: a million waiting messages cost what
 * one costs.
 */
export function counts(core: Core): LaneCount[] {
  return core.tally.entries().map(({ lane, state, recipients }) => {
    const resting = state !== 'leased';
    const oldest = resting
      ? core.sql.oldestResting.get(lane, state)
      : core.sql.oldestLeased.get(lane);
    const hasDue = state === 'waiting' || state === 'in-doubt';
    return {
      lane,
      state,
      recipients,
      oldestAcceptedAtMs: oldest ?? core.clock(),
      nextDueAtMs: hasDue ? (core.sql.nextDue.get(lane, state) ?? null) : null,
    };
  });
}

export function list(core: Core, query: ListQuery): Listed {
  const { limit } = query;
  const match = stretch(core, query, RECIPIENT_STATES);
  const chosen = new Map<number, Set<number>>();
  for (const { message_id, idx } of matchingRecipients(core, match)) {
    if (!chosen.has(message_id) && chosen.size === limit) break;
    chosen.set(message_id, (chosen.get(message_id) ?? new Set()).add(idx));
  }
  const rows = [...chosen].flatMap(([id, indexes]) =>
    queueRow(core, id, ({ idx }) => indexes.has(idx)),
  );
  return { rows, next: chosen.size === limit ? ([...chosen.keys()].at(-1) ?? null) : match.next };
}

/** What can be read of a message is shown even when it is in quarantine. */
function queueRow(core: Core, id: number, wanted: (row: RecipientRow) => boolean): QueueRow[] {
  const row = core.sql.readMessage.get(id);
  if (row === undefined) return [];
  const all = core.sql.readRecipients.all(id);
  const { message } = decodeMessage(row);
  const known = message.envelope.recipients;
  const paths = Array.from(
    { length: Math.max(known.length, (all.at(-1)?.idx ?? 0) + 1) },
    (_, index) => known[index] ?? standIn(all.find(({ idx }) => idx === index)),
  );
  const envelope = { ...message.envelope, recipients: paths };
  const recipients = all.filter(wanted).map(decodeRecipient);
  return [{ message: { ...message, envelope }, recipients }];
}

const standIn = (row: RecipientRow | undefined) => ({
  forwardPath: row?.forward_path ?? '',
  notify: null,
  orcpt: null,
});

export function show(core: Core, id: MessageId): Answer<'message.show'> {
  const number = messageIdToNumber(id) ?? -1;
  const queued = queueRow(core, number, () => true)[0] ?? null;
  return { queued, history: core.history.show(number) };
}

export function stats(core: Core): StoreStats {
  const { commits, operations, tookMs, longestMs } = core.totals;
  return {
    lastMessageNumber: core.numbers.stored,
    schemaVersion: schemaVersion(core.db),
    bytesOnDisk: bytesOnDisk(core),
    commits,
    commitMsTotal: tookMs,
    commitMsMax: longestMs,
    batchTotal: operations,
  };
}

/** Bytes of the databases, their logs and the spool. */
function bytesOnDisk({ directory, spoolDirectory }: Core): number {
  const databases = ['queue.db', 'queue.db-wal', 'history.db', 'history.db-wal'];
  const spooled = readdirSync(spoolDirectory).map((name) => join(spoolDirectory, name));
  return [...databases.map((name) => join(directory, name)), ...spooled].reduce((sum, path) => {
    return sum + sizeOf(path);
  }, 0);
}

function sizeOf(path: string): number {
  try {
    return statSync(path).size;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return 0; // settled meanwhile
    throw error;
  }
}
