import type { RelayEvent } from '../relay/events.ts';
import type { Body, MessageId } from '../relay/message.ts';
import type { Clock, DotLedger, QueueStore, Spool } from '../relay/ports.ts';
import { StoreError } from '../relay/ports.ts';
import type { NewMessage, Settlement } from '../relay/queue.ts';
import type { Settings } from '../relay/settings.ts';
import { tracedAs } from '../relay/trace-context.ts';
import { mayOweNotification, notificationsOf } from './notification.ts';
import { ownAccepted, type Settled, settledEvents } from './settled-events.ts';

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
    const { work, decisions, attempt, dialogue, dotSlot } = settled;
    let settlement: Settlement | null = null;
    for (let tries = 0; ; tries++) {
      try {
        settlement ??= {
          id: work.message.id,
          lease: work.lease,
          recipients: decisions.map(({ recipient, becomes, reason, text }) => ({
            index: recipient.index,
            becomes,
            reason,
            text,
          })),
          attempt,
          ...(dialogue === undefined ? {} : { dialogue }),
          notifications: await this.#notifications(settled),
        };
        await this.#deps.store.settle(settlement);
        break;
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        if (error.fault === 'closed') return;
        const { fault, message } = error;
        if (tries === 0) this.#deps.emit({ is: 'store.failed', fault, detail: message });
        await pause(storageWaitsMs[Math.min(tries, storageWaitsMs.length - 1)] ?? 0);
      }
    }
    if (dotSlot !== null) this.#deps.dots.clear(dotSlot);
    await this.#tell(settled, settlement.notifications);
  }

  async #tell(settled: Settled, notifications: readonly NewMessage[]): Promise<void> {
    const { emit, clock } = this.#deps;
    const nowMs = clock();
    for (const event of settledEvents(settled, nowMs)) emit(event);
    for (const notification of notifications) emit(ownAccepted(notification, nowMs));
    if (await this.#isCompleted(settled)) {
      const { message } = settled.work;
      const queuedMs = Math.max(0, nowMs - message.acceptedAtMs);
      emit({ is: 'message.completed', id: message.id, queuedMs, ...tracedAs(message) });
    }
    for (const { becomes } of settled.decisions) {
      if (becomes.is === 'waiting' || becomes.is === 'in-doubt') {
        this.#onDue(becomes.lane, becomes.dueAtMs);
      }
    }
    for (const { lane, start } of notifications) {
      if (lane !== null && start.is === 'waiting') this.#onDue(lane, start.dueAtMs);
    }
  }

  /**
   * Whether the message has left the queue. Only when some recipients were elsewhere the store is
   * asked.
   */
  async #isCompleted({ work, decisions }: Settled): Promise<boolean> {
    if (!decisions.every(({ becomes }) => becomes.is === 'settled')) return false;
    if (decisions.length === work.message.envelope.recipients.length) return true;
    try {
      return (await this.#deps.store.show(work.message.id)).queued === null;
    } catch (error) {
      if (error instanceof StoreError) return false;
      throw error;
    }
  }

  async #notifications({ work, decisions, attempt, body }: Settled): Promise<NewMessage[]> {
    const { message } = work;
    if (!mayOweNotification(message, decisions)) return [];
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

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
