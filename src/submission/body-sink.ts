import { assert } from '../lib/assert.ts';
import { type Body, type MessageId, memoryBodyBytesMax } from '../relay/message.ts';
import { type Spool, type SpoolWriter, StoreError } from '../relay/ports.ts';
import type { MemoryBudget } from './memory-budget.ts';

export interface BodySinkOptions {
  readonly memory: MemoryBudget;
  readonly spool: Spool;
  readonly id: MessageId;
}

const nothing = Buffer.alloc(0);

/**
 * Gathers one body: in memory while it is small and there is room, in a spool file from then on.
 */
export class BodySink {
  readonly #options: BodySinkOptions;
  #pieces: Buffer[] = [];
  #bytes = 0;
  #takenBytes = 0;
  #writer: SpoolWriter | null = null;
  #fault: StoreError | null = null;
  #discarded = false;

  constructor(options: BodySinkOptions) {
    this.#options = options;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The spool could not take it; everything was dropped. */
  get fault(): StoreError | null {
    return this.#fault;
  }

  write(piece: Buffer): void {
    if (this.#discarded) return;
    this.#pieces.push(piece);
    this.#bytes += piece.length;
  }

  /**
   * To be called after each chunk off the wire, and awaited before the next is taken. Never
   * rejects.
   */
  pressure(): Promise<void> | null {
    if (this.#discarded) return null;
    const freshBytes = this.#bytes - this.#takenBytes;
    const fits = this.#writer === null && this.#bytes <= memoryBodyBytesMax;
    if (!fits || !this.#options.memory.take(freshBytes)) return this.#spill();
    this.#takenBytes += freshBytes;
    return null;
  }

  /** The whole body, durable when it is spooled. Throws StoreError, or rejects with it. */
  finish(): Promise<Body> | Body {
    const pressure = this.pressure();
    if (pressure !== null) return this.#spooled(pressure);
    if (this.#fault !== null) throw this.#fault;
    if (this.#writer !== null) return this.#spooled(pressure);
    return { in: 'memory', bytes: Buffer.concat(this.#pieces, this.#bytes) };
  }

  /** Gives the memory back: somebody else holds the body, or nobody. */
  release(): void {
    this.#options.memory.give(this.#takenBytes);
    this.#takenBytes = 0;
    this.#pieces = [];
  }

  /** Drops what came and what will come. */
  async discard(): Promise<void> {
    if (this.#discarded) return;
    this.#discarded = true;
    this.release();
    await this.#abort();
  }

  async #abort(): Promise<void> {
    try {
      await this.#writer?.abort();
    } catch (error) {
      // A file that cannot be removed now is swept when the relay starts.
      if (!(error instanceof StoreError)) throw error;
    }
  }

  async #spooled(pressure: Promise<void> | null): Promise<Body> {
    await pressure;
    if (this.#fault !== null) throw this.#fault;
    assert(this.#writer !== null, 'a body that is not in memory has a spool file');
    return { in: 'spool', file: await this.#writer.commit(), bytes: this.#bytes };
  }

  async #spill(): Promise<void> {
    const [first = nothing, ...more] = this.#pieces;
    const chunk = more.length === 0 ? first : Buffer.concat(this.#pieces);
    this.release();
    try {
      this.#writer ??= await this.#options.spool.create(this.#options.id);
      await this.#writer.write(chunk);
      // Whoever discarded meanwhile may have done so before the file existed.
      if (this.#discarded) await this.#abort();
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.#fault = error;
      await this.discard();
    }
  }
}
