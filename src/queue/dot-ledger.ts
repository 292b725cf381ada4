import { closeSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { assert } from '../lib/assert.ts';
import type { MessageId } from '../relay/message.ts';
import { messageIdFromNumber, messageIdToNumber } from '../relay/message-id.ts';
import { type DotLedger, StoreError } from '../relay/ports.ts';
import { openFault, storeFault } from './faults.ts';

export interface OpenDotLedger extends DotLedger {
  /** Messages whose final dot went out in an earlier run and whose slot was not cleared. */
  readonly dotted: ReadonlySet<MessageId>;
  /** Call when QueueStore.recover() has made use of `dotted`: their slots are free again. */
  forgetEarlier(): void;
  close(): void;
}

const slotBytes = 8;
/**
 * Given their place on the disk at the start; 32 KiB. More attempts at once make the file longer.
 */
const slotsAtStart = 4096;

/**
 * A file with one slot of 8 bytes per running attempt: the number of the message whose final dot
 * is out, or 0; in a free slot it may be one that has left the queue. A pwrite to the page cache
 * survives the process, and costs microseconds where a sync costs a commit; what a power cut takes
 * is known by the boot id. Throws QueueOpenError when the file cannot be made.
 */
export function openDotLedger(directory: string): OpenDotLedger {
  const path = join(directory, 'dots');
  try {
    const descriptor = openSync(path, 'a', 0o600);
    closeSync(descriptor);
    return ledgerOn(openSync(path, 'r+'), readSlots(path));
  } catch (error) {
    throw openFault(error, path);
  }
}

/**
 * Message numbers by slot. A file of another size was cut short while it was made: what is there
 * is read.
 */
function readSlots(path: string): Map<number, MessageId> {
  const bytes = readFileSync(path);
  const taken = new Map<number, MessageId>();
  // After an orderly end there is nothing but zeros, and no loop to be compiled over them (032).
  if (bytes.equals(Buffer.alloc(bytes.length))) return taken;
  for (let slot = 0; (slot + 1) * slotBytes <= bytes.length; slot++) {
    const number = bytes.readBigUInt64LE(slot * slotBytes);
    if (number === 0n || number > BigInt(Number.MAX_SAFE_INTEGER)) continue;
    taken.set(slot, messageIdFromNumber(Number(number)));
  }
  return taken;
}

function ledgerOn(descriptor: number, earlier: Map<number, MessageId>): OpenDotLedger {
  if (earlier.size === 0) fill(descriptor);
  const free: number[] = [];
  let slots = Math.max(slotsAtStart, 1 + Math.max(...earlier.keys(), -1));
  for (let slot = slots - 1; slot >= 0; slot--) if (!earlier.has(slot)) free.push(slot);
  const marked = new Set<number>();
  /** Free slots with marks that mean nothing: no write is spent on them before the next mark. */
  const dropped = new Set<number>();
  const cell = Buffer.alloc(slotBytes);
  const put = (slot: number, number: number): void => {
    cell.writeBigUInt64LE(BigInt(number));
    try {
      writeSync(descriptor, cell, 0, slotBytes, slot * slotBytes);
    } catch (error) {
      throw storeFault(error) ?? error;
    }
  };
  const wipe = (slot: number): boolean => {
    try {
      put(slot, 0);
      return true;
    } catch (error) {
      if (error instanceof StoreError) return false;
      throw error;
    }
  };
  const unmark = (slot: number): void => {
    assert(marked.delete(slot), `slot ${slot} of the dot ledger is not marked`);
  };
  return {
    dotted: new Set(earlier.values()),
    mark(id) {
      const slot = free.pop() ?? slots++;
      put(slot, messageIdToNumber(id) ?? 0);
      marked.add(slot);
      dropped.delete(slot);
      return slot;
    },
    clear(slot) {
      unmark(slot);
      // Else it stays taken until the next start: at worst a crash leaves doubt where there is none.
      if (wipe(slot)) free.push(slot);
    },
    drop(slot) {
      unmark(slot);
      dropped.add(slot);
      free.push(slot);
    },
    forgetEarlier() {
      for (const slot of earlier.keys()) {
        put(slot, 0);
        free.push(slot);
      }
      earlier.clear();
    },
    close() {
      for (const slot of dropped) wipe(slot);
      closeSync(descriptor);
    },
  };
}

/** Gives every slot its place on the disk now, so that marking cannot meet a full disk. */
function fill(descriptor: number): void {
  ftruncateSync(descriptor, 0);
  writeSync(descriptor, Buffer.alloc(slotsAtStart * slotBytes), 0, slotsAtStart * slotBytes, 0);
  fsyncSync(descriptor);
}
