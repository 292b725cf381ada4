import type { AccountState } from '../../src/relay/account.ts';
import type { CertificateMemory } from '../../src/relay/certificate.ts';
import type { CredentialMemory } from '../../src/relay/credential.ts';
import type { HeldSender } from '../../src/relay/held-sender.ts';
import type { Body, Message, MessageId } from '../../src/relay/message.ts';
import type { Lease, QueuedRecipient, QueueFilter, RecipientState } from '../../src/relay/queue.ts';
import type { KeptQuota } from '../../src/relay/quota.ts';
import type { Refusals } from '../../src/relay/refusals.ts';
import type { Steering } from '../../src/relay/steering.ts';
import type { MemoryHistory } from './memory-history.ts';
import { filterMatches } from './memory-matching.ts';

export interface MemoryRow {
  index: number;
  state: RecipientState;
  lane: string | null;
  attempts: number;
  dueAtMs: number;
  delayWarned: boolean;
  lastText: string | null;
  lastReason: QueuedRecipient['lastReason'];
  lease: Lease | null;
}

export interface MemoryEntry {
  readonly message: Message;
  readonly body: Body;
  readonly rows: Map<number, MemoryRow>;
}

/** What the parts of the fake share. */
export interface MemoryState {
  readonly entries: Map<MessageId, MemoryEntry>;
  readonly accounts: Map<string, AccountState>;
  readonly certificates: Map<string, CertificateMemory>;
  readonly credentials: Map<string, CredentialMemory>;
  readonly quotas: Map<string, KeptQuota>;
  readonly refusals: Map<string, Refusals>;
  heldSenders: HeldSender[];
  steering: Steering;
  readonly history: MemoryHistory;
  readonly nowMs: () => number;
}

export const view = ({ lease: _, ...row }: MemoryRow): QueuedRecipient => ({ ...row });

/** Entries by id, oldest first, with those of their recipients that match. */
export function* matching(
  state: MemoryState,
  filter: QueueFilter,
  states: readonly RecipientState[],
): Generator<{ entry: MemoryEntry; rows: MemoryRow[] }> {
  for (const id of [...state.entries.keys()].sort()) {
    const entry = state.entries.get(id);
    const rows = [...(entry?.rows.values() ?? [])].filter(
      (row) => states.includes(row.state) && entry && filterMatches(filter, entry.message, row),
    );
    if (entry !== undefined && rows.length > 0) yield { entry, rows };
  }
}

export function dropWhenDone(state: MemoryState, entry: MemoryEntry): void {
  if (entry.rows.size > 0) return;
  state.entries.delete(entry.message.id);
  state.history.completed(entry.message.id, state.nowMs());
}
