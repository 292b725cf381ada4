import type { RelayEvent } from '../relay/events.ts';
import type { Body, MessageId } from '../relay/message.ts';
import type { Clock, DotLedger, QueueStore, Spool } from '../relay/ports.ts';
import { StoreError } from '../relay/ports.ts';
import type { NewMessage, Settlement, Work } from '../relay/queue.ts';
import type { Settings } from '../relay/settings.ts';
import { tracedAs } from '../relay/trace-context.ts';
import type { Decision } from './disposition.ts';
import { mayOweNotification, notificationsOf } from './notification.ts';
import { ownAccepted, type Settled, settledEvent } from './settled-events.ts';

export interface SettlerDeps {
  readonly settings: () => Settings;
  readonly store: QueueStore;
  readonly spool: Spool;
  readonly dots: DotLedger;
  readonly emit: (event: RelayEvent) => void;
  readonly clock: Clock;
  readonly newMessageId: () => MessageId;
}

/** Much of an original is never returned; its header block is within this. */
const returnedBytesMax = 128 * 1024;

/** Pauses between tries while the storage cannot commit. Milliseconds. */
const storageWaitsMs = [500, 1_000, 2_000, 5_000, 10_000];

/**
 * Makes decisions durable, and only then says so. While the storage cannot commit, a settlement is
 * repeated until it can: what was sent must be written down before anything else is. `onDue` hears
 * of all mail that now waits.
 */
export class Settler {
  readonly #deps: SettlerDeps;
  readonly #onDue: (lane: string, dueAtMs: number) => void;

  constructor(deps: SettlerDeps, onDue: (lane: string, dueAtMs: number) => void) {
    this.#deps = deps;
    this.#onDue = onDue;
  }

  /**
   * Resolves when it is durable, or when the store was closed: then the lease stays for the next
   * start.
   */
  async settle(settled: Settled): Promise<void> {
    const { message } = settled.work;
    const owes = mayOweNotification(message, settled.decisions);
    let notifications: readonly NewMessage[] | null = owes ? null : [];
    for (let tries = 0; ; tries++) {
      try {
        notifications ??= await this.#notifications(settled);
        await this.#deps.store.settle(settlementOf(settled, notifications));
        break;
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        if (error.fault === 'closed') return;
        const { fault, message } = error;
        if (tries === 0) this.#deps.emit({ is: 'store.failed', fault, detail: message });
        await pause(storageWaitsMs[Math.min(tries, storageWaitsMs.length - 1)] ?? 0);
      }
    }
    const completed = isCompleted(settled);
    if (settled.dotSlot !== null) this.#deps.dots[completed ? 'drop' : 'clear'](settled.dotSlot);
    const nowMs = this.#deps.clock();
    this.#tell(settled, notifications, nowMs);
    if (completed ?? (await this.#hasLeft(message.id))) {
      const queuedMs = Math.max(0, nowMs - message.acceptedAtMs);
      this.#deps.emit({ is: 'message.completed', id: message.id, queuedMs, ...tracedAs(message) });
    }
    const due = dueOf(settled, notifications);
    if (due.length === 0) return;
    // An attempt that stops its lane has done so by then, and nothing is claimed for it.
    await new Promise((resolve) => setImmediate(resolve));
    for (const [lane, dueAtMs] of due) this.#onDue(lane, dueAtMs);
  }

  /** Decided without an attempt. */
  settleUntried(
    work: Work,
    decisions: readonly Decision[],
    body: Body | null = null,
  ): Promise<void> {
    return this.settle({ work, decisions, attempt: null, dialogue: null, body, dotSlot: null });
  }

  #tell(settled: Settled, notifications: readonly NewMessage[], nowMs: number): void {
    const { emit } = this.#deps;
    for (const decision of settled.decisions) {
      const event = settledEvent(settled, decision, nowMs);
      if (event !== null) emit(event);
    }
    for (const notification of notifications) emit(ownAccepted(notification, nowMs));
  }

  async #hasLeft(id: MessageId): Promise<boolean> {
    try {
      return (await this.#deps.store.show(id)).queued === null;
    } catch (error) {
      if (error instanceof StoreError) return false;
      throw error;
    }
  }

  async #notifications({ work, decisions, attempt, body }: Settled): Promise<NewMessage[]> {
    const { message } = work;
    const { store, settings, clock, newMessageId } = this.#deps;
    const original = body ?? (await store.body(message.id));
    const { content, complete } = await this.#contentOf(original);
    const answered = decisions.some(({ cause, outcome }) => {
      return outcome === 'delivered' || cause?.from === 'peer';
    });
    return notificationsOf(decisions, {
      message,
      content,
      complete,
      remoteMta: answered ? (attempt?.peer.split('[')[0] ?? null) : null,
      lastAttemptAtMs: attempt?.startedAtMs ?? null,
      settings: settings(),
      nowMs: clock(),
      newMessageId,
    });
  }

  /**
   * The header of a body that can no longer be read is left out; the sender is told all the same.
   */
  async #contentOf(body: Body | null): Promise<{ content: Buffer; complete: boolean }> {
    if (body === null) return { content: Buffer.alloc(0), complete: false };
    if (body.in === 'memory') return { content: body.bytes, complete: true };
    const chunks: Buffer[] = [];
    let bytes = 0;
    try {
      for await (const chunk of this.#deps.spool.read(body.file)) {
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes >= returnedBytesMax) break;
      }
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      this.#deps.emit({ is: 'queue.row-quarantined', id: body.file, detail });
    }
    return { content: Buffer.concat(chunks).subarray(0, returnedBytesMax), complete: false };
  }
}

function settlementOf(
  { work, decisions, attempt, dialogue }: Settled,
  notifications: readonly NewMessage[],
): Settlement {
  const { message, lease } = work;
  const recipients = decisions.map(({ recipient: { index }, becomes, reason, text }) => {
    return { index, becomes, reason, text };
  });
  const settlement = { id: message.id, lease, recipients, attempt, notifications };
  return dialogue === null ? settlement : { ...settlement, dialogue };
}

/** Whether the message has left the queue. Null: some recipients were elsewhere, the store knows. */
function isCompleted({ work, decisions }: Settled): boolean | null {
  if (!decisions.every(({ becomes }) => becomes.is === 'settled')) return false;
  return decisions.length === work.message.envelope.recipients.length ? true : null;
}

/** What waits from now on, by lane and time. */
function dueOf(
  { decisions }: Settled,
  notifications: readonly NewMessage[],
): (readonly [lane: string, dueAtMs: number])[] {
  const due: (readonly [string, number])[] = [];
  for (const { becomes } of decisions) {
    if (becomes.is === 'waiting' || becomes.is === 'in-doubt') {
      due.push([becomes.lane, becomes.dueAtMs]);
    }
  }
  for (const { lane, start } of notifications) {
    if (lane !== null && start.is === 'waiting') due.push([lane, start.dueAtMs]);
  }
  return due;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
